"""The facts of a file, out of what a prober sends."""

from transload.facts import FileFacts, StreamFacts, picture_of
from transload.json_codec import JsonObject, from_json, to_json


def test_covers_are_no_picture() -> None:
    cover = StreamFacts(type="video", codec="mjpeg", cover=True)
    film = StreamFacts(type="video", codec="h264")
    streams = (cover, StreamFacts(type="audio"), film)
    assert picture_of(streams) is film
    assert picture_of(streams[:2]) is None
    assert picture_of(()) is None


def test_what_a_prober_sends_comes_back_as_it_was() -> None:
    sent: JsonObject = {
        "container": "mov",
        "rotation": 0,
        "streams": [{"type": "video", "fps": 25, "level": None}],
    }
    found = from_json(FileFacts, sent)
    assert found == FileFacts(
        container="mov", rotation=0, streams=(StreamFacts(type="video", fps=25.0),)
    )
    assert from_json(FileFacts, to_json(found)) == found
    assert to_json(FileFacts()) == {}
