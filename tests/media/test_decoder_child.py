"""The child's own words: descriptors, limits, the parent it belongs to."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.media.conftest import Samples

COMMAND = [sys.executable, "-I", "-m", "transload.media.decoder_child"]
LIMITS = [str(384 << 20), str(1 << 30)]


def answers(requests: list[dict[str, Any]], parent: int) -> list[dict[str, Any]]:
    """All answers of a child that is closed after these requests."""
    lines = "".join(json.dumps({"heavy": False} | request) + "\n" for request in requests)
    words = [*COMMAND, str(parent), *LIMITS]
    done = subprocess.run(
        words, input=lines, capture_output=True, text=True, check=False, timeout=30
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_answers_name_their_request_and_show_signs_of_life(samples: Samples) -> None:
    path = samples("plain.mp4")
    told = answers([{"id": 7, "op": "probe", "path": str(path), "name": "a.mp4"}], os.getpid())
    assert {answer["id"] for answer in told} == {7}
    assert any(answer.get("beat") for answer in told)
    assert told[-1]["ok"]["facts"]["suffix"] == ".mp4"
    assert told[-1]["rss"] > 0


def test_a_child_of_somebody_else_serves_nothing(samples: Samples) -> None:
    path = samples("photo.jpg")
    assert (
        answers([{"id": 1, "op": "probe", "path": str(path), "name": "a"}], os.getpid() + 1) == []
    )


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ({"op": "probe", "path": "/nowhere/at/all", "name": "a.jpg"}, "io"),
        ({"op": "measure"}, "bug"),
        (
            {"op": "shrink", "sniffed": "png", "side": 9, "quality": 9, "reader": "pillow"},
            "damaged",
        ),
    ],
)
def test_faults_say_whose_they_are(
    samples: Samples, tmp_path: Path, request_: dict[str, Any], fault: str
) -> None:
    if request_["op"] == "shrink":
        request_ = request_ | {"path": str(samples("cut.png")), "into": str(tmp_path / "o.jpg")}
    assert answers([{"id": 1, **request_}], os.getpid())[-1]["fault"] == fault


def test_photos_need_no_video_library(samples: Samples) -> None:
    path = samples("photo.jpg")
    told = answers([{"id": 1, "op": "probe", "path": str(path), "name": "a.jpg"}], os.getpid())
    assert told[-1]["rss"] < 45 << 20
