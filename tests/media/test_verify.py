"""Proof of a conversion, by values."""

from typing import Any

import pytest

from transload.errors import (
    ConvertError,
    DiskFullError,
    MemoryLimitError,
    TransloadError,
    UnverifiedError,
)
from transload.media.verify import check_facts, end_error, length_fault
from transload.model import Facts, ItemKind

WHOLE = {"frames": 100, "span_s": 9.9, "audio_span_s": 9.9}
COPY = {"do": "rewrap", "fps": 10.0}
ENCODE = {"do": "transcode", "fps": 10.0}


@pytest.mark.parametrize(
    ("plan", "result", "written"),
    [
        (COPY, WHOLE | {"frames": 90}, 90),
        (COPY, WHOLE | {"span_s": 8.0}, 100),
        (COPY, WHOLE | {"frames": 0}, 0),
        (ENCODE, WHOLE | {"frames": 99}, 100),
        (ENCODE, WHOLE | {"frames": 30}, 30),
        (ENCODE, WHOLE | {"span_s": 9.0}, 100),
        ({"do": "sound"}, WHOLE | {"audio_span_s": 5.0}, 0),
    ],
)
def test_short_results_are_refused(
    plan: dict[str, Any], result: dict[str, Any], written: int
) -> None:
    assert length_fault(plan, WHOLE, result, written)


@pytest.mark.parametrize("plan", [COPY, ENCODE, {"do": "sound"}])
def test_equal_results_pass(plan: dict[str, Any]) -> None:
    assert length_fault(plan, WHOLE, WHOLE, 100) is None


def test_fields_and_hidden_pictures_may_halve_the_count() -> None:
    assert length_fault(ENCODE, WHOLE, WHOLE | {"frames": 50}, 50) is None


def test_a_cut_source_may_lose_its_last_pictures() -> None:
    partial = COPY | {"partial": True}
    assert length_fault(partial, WHOLE, WHOLE | {"frames": 92, "span_s": 9.2}, 92) is None


@pytest.mark.parametrize(
    ("status", "free_bytes", "error"),
    [
        (228, 1 << 30, DiskFullError),
        (1, 4096, DiskFullError),
        (244, 1 << 30, MemoryLimitError),
        (-9, 1 << 30, MemoryLimitError),
        (183, 1 << 30, ConvertError),
    ],
)
def test_ends_of_the_encoder(status: int, free_bytes: int, error: type[TransloadError]) -> None:
    found = end_error(status, "last words", free_bytes)
    assert (type(found), found.evidence) == (error, "last words")


def test_a_result_that_needs_more_work_is_refused() -> None:
    facts = Facts(ItemKind.VIDEO, {"size": 1, "sniffed": "mov", "streams": [], "moov": "front"})
    with pytest.raises(UnverifiedError):
        check_facts(facts, {"do": "rewrap"})
