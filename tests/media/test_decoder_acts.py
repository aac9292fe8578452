"""What the decoder child does, asked as the pipe asks it, but in this process."""

import base64
from pathlib import Path

from tests.media.conftest import Samples
from tests.media.test_requests import OPERATIONS
from transload.json_codec import from_json, to_json
from transload.media.decoder_acts import ACTS
from transload.media.requests import PROBE, Found, Probe


def probed(path: Path) -> tuple[Found, int]:
    """The answer and how often the act showed that it still moves."""
    beats: list[None] = []
    asked = to_json(Probe(path=str(path), name=path.name))
    return from_json(Found, ACTS[PROBE.word](asked, lambda: beats.append(None))), len(beats)


def test_every_operation_has_its_act_and_none_is_left_over() -> None:
    assert set(ACTS) == {operation.word for operation in OPERATIONS}


def test_a_photo_is_shown_small(samples: Samples) -> None:
    found, _ = probed(samples("photo.jpg"))
    assert found.facts.sniffed == "jpeg"
    assert base64.b64decode(found.thumb or "").startswith(b"\xff\xd8")


def test_a_video_shows_a_picture_and_that_it_still_moves(samples: Samples) -> None:
    found, beats = probed(samples("plain.mp4"))
    assert {stream.type for stream in found.facts.streams} >= {"video"}
    assert base64.b64decode(found.thumb or "").startswith(b"\xff\xd8")
    assert beats > 0


def test_a_document_is_recognised_and_not_decoded(tmp_path: Path) -> None:
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7\n" + bytes(500))
    found, beats = probed(letter)
    assert (found.facts.sniffed_kind, found.thumb, beats) == ("document", None, 0)
    assert found.facts.streams == ()
