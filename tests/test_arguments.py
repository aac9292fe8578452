"""What callers hand in, as the values of the model or as an error they can act on."""

from pathlib import Path

import pytest

from transload.arguments import (
    check_switches,
    check_words,
    destination_text,
    id_text,
    nothing_fits,
    password_text,
    recipe_of,
    source_text,
    texts,
    usual_recipe,
)
from transload.errors import UsageError
from transload.model import Recipe


@pytest.mark.parametrize(
    ("to", "recipe"), [("library:/a", Recipe.PLAYABLE), ("telegram:me", Recipe.TELEGRAM)]
)
def test_the_recipe_fits_the_destination(to: str, recipe: Recipe) -> None:
    assert usual_recipe(to) is recipe


def test_a_recipe_is_known_by_its_word() -> None:
    assert recipe_of("mp3:192") is recipe_of(Recipe.MP3_192) is Recipe.MP3_192
    assert recipe_of(None) is None
    with pytest.raises(UsageError, match="one of telegram, playable") as raised:
        recipe_of("playble")
    assert raised.value.suggestion == 'Write it as recipe="playable".'


def test_a_source_is_text_or_a_path() -> None:
    assert source_text(Path("a.zip")) == source_text("a.zip") == "a.zip"
    for wrong in (None, 7, b"a.zip", ["a.zip"]):
        with pytest.raises(UsageError, match="a path or an address"):
            source_text(wrong)
    with pytest.raises(UsageError, match="library:DIR"):
        destination_text(Path("library"))


def test_an_id_and_a_password_are_text() -> None:
    assert id_text("01KM") == password_text("01KM") == "01KM"
    for wrong in (None, 7, b"01KM", ["01KM"]):
        with pytest.raises(UsageError, match=f"an id is a str, not {type(wrong).__name__}"):
            id_text(wrong)
        with pytest.raises(UsageError, match="a password is a str") as raised:
            password_text(wrong)
        assert "01KM" not in str(raised.value.fault())


def test_words_and_switches() -> None:
    check_words(files="all", hevc=None, album_mix="mixed", sort="date", originals="drop")
    check_switches(again=True, detach=False)
    with pytest.raises(UsageError, match="`files` cannot be 'al'"):
        check_words(files="al")
    with pytest.raises(UsageError, match="`sort` cannot be NoneType"):
        check_words(sort=None)
    with pytest.raises(UsageError, match="`again` is True or False, not int"):
        check_switches(again=1)


def test_one_text_is_no_list_and_is_not_repeated() -> None:
    assert texts("include", ["*.jpg"]) == texts("include", ("*.jpg",)) == ("*.jpg",)
    for wrong in ("secret", ["secret", 1], b"secret", None):
        with pytest.raises(UsageError, match="list of texts") as raised:
            texts("passwords", wrong)
        assert "secret" not in str(raised.value.fault())


def test_filters_that_fit_nothing_name_some_names() -> None:
    error = nothing_fits(["*.heic"], ["*.txt"], [f"{n}.jpg" for n in range(4)])
    assert error.detail == "no name in the source fits include '*.heic', exclude '*.txt'"
    assert "'0.jpg', '1.jpg', '2.jpg' …" in str(error.suggestion)
