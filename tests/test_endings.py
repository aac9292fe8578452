"""Names that promise media: one list for all who ask."""

from transload import endings


def test_no_ending_promises_two_things() -> None:
    kinds = (endings.PHOTOS, endings.VIDEOS, endings.SOUNDS)
    assert sum(map(len, kinds)) == len(endings.MEDIA)


def test_endings_are_written_as_they_are_compared() -> None:
    assert all(one.startswith(".") and one == one.lower().strip() for one in endings.MEDIA)
    assert {".jpg", ".mp4", ".mp3", ".dv", ".tta", ".tga", ".nut"} <= endings.MEDIA
