"""The words of the project are those of the contract."""

from dataclasses import FrozenInstanceError, fields

import pytest

from transload.entry import Entry
from transload.model import (
    ALBUM_MAX,
    MEDIA_KINDS,
    ItemKind,
    ItemState,
    JobState,
    Recipe,
    Totals,
    Verdict,
)
from transload.states import ITEM_OPEN


def test_the_words_of_the_report_are_the_contracts() -> None:
    assert {kind.value for kind in ItemKind} == {
        "photo",
        "video",
        "animation",
        "audio",
        "document",
        "archive",
        "junk",
        "unknown",
    }
    assert {verdict.value for verdict in Verdict} == {
        "as_is",
        "rewrap",
        "audio",
        "transcode",
        "shrink",
        "animation",
        "skip",
        "unsavable",
    }
    assert {state.value for state in JobState} == {
        "queued",
        "running",
        "waiting",
        "succeeded",
        "partial",
        "failed",
        "cancelled",
    }


def test_every_finished_item_state_has_its_sum() -> None:
    sums = {field.name for field in fields(Totals)}
    finished = set(ItemState) - ITEM_OPEN
    assert {state.value for state in finished} <= sums


def test_only_what_can_be_shown_or_heard_is_media() -> None:
    assert {kind.value for kind in MEDIA_KINDS} == {"photo", "video", "animation", "audio"}
    assert ALBUM_MAX == 10


def test_values_cannot_be_changed() -> None:
    entry = Entry(0, "a", b"a", 1)
    with pytest.raises(FrozenInstanceError):
        entry.size = 2  # type: ignore[misc]


def test_recipes_name_their_bound() -> None:
    assert (Recipe("mp4:720").height_max, Recipe("mp4:720").kbit_s) == (720, None)
    assert (Recipe("mp3:192").height_max, Recipe("mp3:192").kbit_s) == (None, 192)
    assert (Recipe.TELEGRAM.height_max, Recipe.TELEGRAM.kbit_s) == (None, None)
