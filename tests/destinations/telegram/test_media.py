"""What a file is shown as in a chat: by its kind, its size, and what a player must know before it has the bytes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.destinations.parcels import a_job, a_parcel, a_shipment
from transload.clients.outcomes import Film, Sound
from transload.destinations.telegram import media
from transload.model import Intent, ItemKind, Parcel, Recipe, Shipment
from transload.plans import Looks


def shipment(folder: Path, kind: ItemKind, name: str, suffix: str | None = None) -> Shipment:
    made = a_shipment(1, a_parcel(folder, name, b"x"), suffix=suffix)
    return replace(made, judgement=replace(made.judgement, kind=kind))


@pytest.mark.parametrize(
    ("kind", "name", "suffix", "group"),
    [
        (ItemKind.PHOTO, "a.JPG", None, "seen"),
        (ItemKind.PHOTO, "a.heic", ".jpg", "seen"),
        (ItemKind.PHOTO, "a.webp", None, "file"),
        (ItemKind.VIDEO, "a.mkv", ".mp4", "seen"),
        (ItemKind.VIDEO, "a.mkv", None, "file"),
        (ItemKind.ANIMATION, "a.gif", ".mp4", "looped"),
        (ItemKind.ANIMATION, "a.gif", None, "file"),
        (ItemKind.AUDIO, "a.mp3", None, "heard"),
        (ItemKind.DOCUMENT, "a.pdf", None, "file"),
    ],
)
def test_each_kind_is_shown_where_it_belongs(
    tmp_path: Path, kind: ItemKind, name: str, suffix: str | None, group: str
) -> None:
    telegram = replace(a_job(), recipe=Recipe.TELEGRAM)
    one = shipment(tmp_path / "s", kind, name, suffix)
    assert media.group_of(telegram, one, 0) == group
    assert media.group_of(replace(telegram, recipe=Recipe.ORIGINAL), one, 0) == "file"


@pytest.mark.parametrize(
    ("width", "height", "size", "group"),
    [
        (9_000, 1_000, 10_000_000, "seen"),
        (9_001, 1_000, 10_000_000, "file"),
        (2_000, 100, 1, "seen"),
        (2_001, 100, 1, "file"),
        (1, 1, 10_000_001, "file"),
    ],
)
def test_a_photo_beyond_the_limits_is_a_file(
    tmp_path: Path, width: int, height: int, size: int, group: str
) -> None:
    one = shipment(tmp_path / "s", ItemKind.PHOTO, "a.jpg")
    parcel = replace(one.parcels[0], size_bytes=size, looks=Looks(width, height))
    assert media.group_of(a_job(), replace(one, parcels=(parcel,)), 0) == group


def test_a_kept_original_is_a_file(tmp_path: Path) -> None:
    parcels = [a_parcel(tmp_path / "s", name, b"x") for name in ("a.jpg", "originals/a.jpg")]
    one = a_shipment(1, *parcels, suffix=".jpg")
    assert [media.group_of(a_job(), one, n) for n in (0, 1)] == ["seen", "file"]


@pytest.mark.parametrize(
    ("name", "suffix", "sent"),
    [
        ("day 1/IMG.HEIC", ".jpg", "IMG.jpg"),
        ("a\\b\\c.txt", None, "c.txt"),
        (f"a.{'e' * 31}", None, f"a.{'e' * 31}"),
        (f"a.{'e' * 31}", ".mp4", f"a.{'e' * 31}.mp4"),
        ("x\u202egpj.exe", None, "xgpj.exe"),
        ("\x00\x01", None, "file"),
        ("n" * 300 + ".jpg", None, "n" * 200 + ".jpg"),
    ],
)
def test_names_are_safe_to_send(tmp_path: Path, name: str, suffix: str | None, sent: str) -> None:
    parcel = replace(a_parcel(tmp_path / "s", "x", b"x"), name=name)
    assert media.name_of(a_shipment(1, parcel, suffix=suffix), 0) == sent


def test_players_are_told_what_they_need() -> None:
    looks = Looks(1280, 720, 12.5, "Title", "Who", b"jpeg")
    parcel = Parcel(None, "x", 1, None, looks=looks)
    assert media.shown_as("seen", parcel) == Film(1280, 720, 12.5)
    assert media.shown_as("looped", parcel) == Film(1280, 720, 12.5, looped=True)
    assert media.shown_as("heard", parcel) == Sound(12.5, "Title", "Who")
    assert media.shown_as("file", parcel) is None


def test_types_do_not_depend_on_this_machine() -> None:
    found = [media.type_of(name) for name in ("a.mp4", "a.M4A", "a.mp3", "a.xyzzy")]
    assert found == ["video/mp4", "audio/mp4", "audio/mpeg", "application/octet-stream"]


def test_captions_stand_above_the_first_album_or_name_its_first_entry(tmp_path: Path) -> None:
    first = Intent(a_shipment(1, a_parcel(tmp_path / "s", "day/a.jpg", b"x")), 1, ())
    job, second = replace(a_job(), caption="Trip"), replace(first, album=2)
    assert [media.caption_of("off", job, one) for one in (first, second)] == ["Trip", ""]
    assert [media.caption_of("name", job, one) for one in (first, second)] == ["Trip", "a.jpg"]
    assert media.caption_of("path", a_job(), second) == "day/a.jpg"


def test_a_caption_is_cut_at_its_beginning_by_the_units_of_telegram() -> None:
    long = "\N{FAMILY}" * 600 + "/name.jpg"
    assert media.units(long) == 1209
    short = media.cut(long)
    assert media.units(short) in (1023, 1024)
    assert short.startswith("…")
    assert short.endswith("/name.jpg")
    assert media.cut("x" * 1024) == "x" * 1024
