"""Dataclasses as JSON and back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import pytest

from transload.json_codec import JsonObject, from_json, to_json


@dataclass(frozen=True, slots=True)
class Wheel:
    """A part."""

    inches: float


@dataclass(frozen=True, slots=True)
class Cart:
    """A field of each kind."""

    name: str
    parcel: int | None
    full: bool = False
    colour: Literal["red", "blue"] = "red"
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel | None = None


def test_what_has_its_default_is_left_out() -> None:
    assert to_json(Cart("a", None)) == {"name": "a", "parcel": None}


def test_everything_comes_back() -> None:
    cart = Cart("a", 3, full=True, colour="blue", wheels=(Wheel(1.5), Wheel(2)), spare=Wheel(0.0))
    told = to_json(cart)
    assert told["wheels"] == [{"inches": 1.5}, {"inches": 2}]
    assert from_json(Cart, told) == cart


def test_fields_of_another_version_are_passed_over() -> None:
    assert from_json(Wheel, {"inches": 1, "spokes": 32}) == Wheel(1.0)


@pytest.mark.parametrize(
    "wrong",
    [{"name": 1}, {"parcel": "3"}, {"parcel": True}, {"full": 1}, {"wheels": {}}, {"spare": 3}],
)
def test_values_of_another_type_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        from_json(Cart, {"name": "a", "parcel": None} | wrong)  # type: ignore[arg-type]


def test_a_word_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="green"):
        from_json(Cart, {"name": "a", "parcel": None, "colour": "green"})


def test_a_field_without_a_default_must_be_there() -> None:
    with pytest.raises(TypeError):
        from_json(Cart, {"name": "a"})


class Colour(StrEnum):
    """A word of few."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the plain types do not say."""

    colour: Colour
    mark: str | Wheel | None = None
    moved: tuple[tuple[int, Colour], ...] = ()
    unclear: Wheel | Cart | None = None


@pytest.mark.parametrize("mark", [None, "x", Wheel(2.0)])
def test_words_pairs_and_a_text_or_a_value_come_back(mark: str | Wheel | None) -> None:
    parcel = Parcel(Colour.RED, mark, ((1, Colour.RED),))
    told = to_json(parcel)
    assert (told["colour"], type(told["colour"])) == ("red", str)
    assert told["moved"] == [[1, "red"]]
    assert from_json(Parcel, told) == parcel


@pytest.mark.parametrize(
    "wrong",
    [{"moved": [[1]]}, {"moved": [["red", 1]]}, {"mark": 3}, {"unclear": {"inches": 1.0}}],
)
def test_what_fits_no_type_is_refused(wrong: JsonObject) -> None:
    with pytest.raises(TypeError):
        from_json(Parcel, {"colour": "red", **wrong})


def test_a_word_of_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="green"):
        from_json(Parcel, {"colour": "green"})
