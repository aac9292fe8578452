"""Streams out of the facts of a file."""

from transload.media.judge.streams import StreamFacts, picture_of, streams_of


def test_a_file_without_streams_has_none() -> None:
    assert streams_of({}) == ()
    assert picture_of(()) is None


def test_covers_are_no_picture() -> None:
    cover = {"type": "video", "codec": "mjpeg", "cover": True}
    film = {"type": "video", "codec": "h264", "fps": 25, "level": None}
    streams = streams_of({"streams": [cover, {"type": "audio"}, film]})
    assert picture_of(streams) is streams[2]
    assert picture_of(streams[:2]) is None
    assert streams[1] == StreamFacts(type="audio", codec="unknown")
    assert (streams[2].fps, streams[2].level) == (25.0, None)
