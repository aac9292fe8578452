"""What the first frame of an MP3 says of the whole."""

import io

import pytest

from transload.media.probe.containers import after_id3, promised_by_mp3

ID3 = b"ID3\4\0\0" + bytes((0, 0, 1, 2))  # 130 bytes of tag
STEREO, LOW_MONO = b"\xff\xfb\x90\x00" + bytes(32), b"\xff\xf3\x80\xc0" + bytes(9)
COUNTED = b"Info" + (3).to_bytes(4, "big") + (100).to_bytes(4, "big") + (9000).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("head", "end", "whole_s"),
    [
        (STEREO + COUNTED, 9000, 100 * 1152 / 44100),
        (STEREO + COUNTED.replace(b"Info", b"Xing"), 9000, 100 * 1152 / 44100),
        (LOW_MONO + COUNTED, 9000, 100 * 576 / 22050),
        (ID3 + bytes(130) + STEREO + COUNTED, 140 + 9000, 100 * 1152 / 44100),
    ],
)
def test_end_and_seconds_are_promised(head: bytes, end: int, whole_s: float) -> None:
    found = promised_by_mp3(io.BytesIO(head + bytes(99)))
    assert found is not None
    assert found[0] == end
    assert found[1] == pytest.approx(whole_s)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        ID3,
        ID3 + bytes(130),
        STEREO + bytes(200),
        STEREO + COUNTED[:12],
        STEREO + COUNTED.replace(bytes((0, 0, 0, 3)), bytes((0, 0, 0, 1)), 1) + bytes(99),
        b"\xff\xeb\x90\x00" + bytes(32) + COUNTED + bytes(99),  # no such version
        STEREO + COUNTED[:8] + b"\xff" * 8 + bytes(99),  # 1.3 kbit/s
        STEREO + COUNTED[:8] + bytes(8 + 99),
        b"\xff\xfb\x9c\x00" + bytes(32) + COUNTED + bytes(99),  # no such rate
    ],
)
def test_what_does_not_count_promises_nothing(head: bytes) -> None:
    assert promised_by_mp3(io.BytesIO(head)) is None


@pytest.mark.parametrize(
    ("head", "start"),
    [
        (ID3 + bytes(130), 140),
        (b"ID3\4\0\x10" + bytes((0, 0, 1, 2)) + bytes(140), 150),
        (STEREO, 0),
        (b"ID3\4", 0),
        (b"", 0),
    ],
)
def test_where_the_first_frame_is(head: bytes, start: int) -> None:
    assert after_id3(io.BytesIO(head)) == start
