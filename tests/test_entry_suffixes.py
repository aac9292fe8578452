"""Names that promise media: one list for all who ask."""

from transload.entry import AUDIO_SUFFIXES, MEDIA_SUFFIXES, PHOTO_SUFFIXES, VIDEO_SUFFIXES


def test_no_ending_promises_two_things() -> None:
    kinds = (PHOTO_SUFFIXES, VIDEO_SUFFIXES, AUDIO_SUFFIXES)
    assert sum(map(len, kinds)) == len(MEDIA_SUFFIXES)


def test_endings_are_written_as_they_are_compared() -> None:
    assert all(one.startswith(".") and one == one.lower().strip() for one in MEDIA_SUFFIXES)
    assert {".jpg", ".mp4", ".mp3", ".dv", ".tta", ".tga", ".nut"} <= MEDIA_SUFFIXES
