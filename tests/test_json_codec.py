"""Dataclasses as JSON and back."""

from dataclasses import dataclass
from typing import Literal

import pytest

from transload.json_codec import from_json, to_json


@dataclass(frozen=True, slots=True)
class Wheel:
    """A part."""

    inches: float


@dataclass(frozen=True, slots=True)
class Cart:
    """A field of each kind."""

    name: str
    load: int | None
    full: bool = False
    colour: Literal["red", "blue"] = "red"
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel | None = None


def test_what_has_its_default_is_left_out() -> None:
    assert to_json(Cart("a", None)) == {"name": "a", "load": None}


def test_everything_comes_back() -> None:
    cart = Cart("a", 3, full=True, colour="blue", wheels=(Wheel(1.5), Wheel(2)), spare=Wheel(0.0))
    told = to_json(cart)
    assert told["wheels"] == [{"inches": 1.5}, {"inches": 2}]
    assert from_json(Cart, told) == cart


def test_fields_of_another_version_are_passed_over() -> None:
    assert from_json(Wheel, {"inches": 1, "spokes": 32}) == Wheel(1.0)


@pytest.mark.parametrize(
    "wrong", [{"name": 1}, {"load": "3"}, {"load": True}, {"full": 1}, {"wheels": {}}, {"spare": 3}]
)
def test_values_of_another_type_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        from_json(Cart, {"name": "a", "load": None} | wrong)  # type: ignore[arg-type]


def test_a_word_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="green"):
        from_json(Cart, {"name": "a", "load": None, "colour": "green"})


def test_a_field_without_a_default_must_be_there() -> None:
    with pytest.raises(TypeError):
        from_json(Cart, {"name": "a"})
