"""The installation that a data folder and settings give."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.films import film
from tests.inputs import clip
from tests.installation import Home
from tests.servers.ranged import ranged
from transload.config import Archive, Convert, DataFolder, Egress, Settings, load
from transload.destinations.library import Library
from transload.entry import Opening
from transload.errors import BlockedAddressError, InvalidUrlError, UsageError
from transload.wiring import build


def test_building_touches_no_file(tmp_path: Path) -> None:
    parts = build(Settings(), DataFolder(tmp_path / "data"))
    parts.handler()
    parts.engine(0)
    assert list(tmp_path.iterdir()) == []


def test_settings_reach_the_parts(tmp_path: Path) -> None:
    archive = Archive(max_ratio=3, max_entry_bytes=4, max_total_bytes=5, max_entries=6)
    settings = replace(Settings(), archive=archive, lease_s=7.5)
    parts = build(settings, DataFolder(tmp_path))
    limits = parts.limits
    assert (limits.max_ratio, limits.max_entry_bytes) == (3, 4)
    assert (limits.max_total_bytes, limits.max_entries) == (5, 6)
    assert parts.leases.lease_ms == 7500


def test_the_library_is_in_the_data_folder_unless_a_setting_says_where(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert build(Settings(), folder).library_dir == tmp_path / "library"
    parts = build(Settings(library_dir=tmp_path / "own"), folder)
    assert parts.library_dir == tmp_path / "own"
    made = parts.destinations.of(parts.destinations.parse("library:", parts.library_dir))
    assert isinstance(made, Library)
    assert made.root == tmp_path / "own"


def test_web_addresses_are_guarded_by_the_settings(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.jpg").write_bytes(b"photo")
    folder = DataFolder(tmp_path / "data")
    with ranged(tmp_path / "served") as server:
        with pytest.raises(BlockedAddressError, match=r"egress\.allow_networks"):
            build(Settings(), folder).sources.resolve(server.url("a.jpg"))
        assert server.connections == 0
        open_home = replace(Settings(), egress=Egress(("127.0.0.0/8",)))
        sources = build(open_home, folder).sources
        assert sources.resolve(server.url("a.jpg")).title == "a"
        source = sources.open(server.url("a.jpg"), Opening())
        assert [entry.name for entry in source.entries()] == ["a.jpg"]
        source.close()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("photos.zip", None),
        ("https://host/a.zip", None),
        ("webdavs://host/a/", None),
        ("library:out", "is a destination"),
        ("gopher://host/a", "no kind of source"),
        ("http://", "no web address"),
        ("webdav://", "no web address"),
    ],
)
def test_every_kind_of_source_tells_its_shape(tmp_path: Path, text: str, wrong: str | None) -> None:
    sources = build(Settings(), DataFolder(tmp_path)).sources
    if wrong is None:
        sources.check(text)
        return
    with pytest.raises((UsageError, InvalidUrlError), match=wrong):
        sources.check(text)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("given", "words"),
    [({"profile": "phone"}, (b"subme=2", b" threads=1 ")), ({"convert.preset": "medium"}, (b"subme=7",))],
)  # fmt: skip
async def test_preset_and_threads_reach_the_encoder(
    tmp_path: Path, given: dict[str, object], words: tuple[bytes, ...]
) -> None:
    """x264 writes its options into the picture stream."""
    settings = replace(load(None, {}, given), min_free_bytes=0)
    home = Home(tmp_path, settings)
    await home.send(clip(tmp_path / "a.avi"), originals="drop")
    (made,) = home.delivered().values()
    assert all(word in made for word in words)


@pytest.mark.anyio
@pytest.mark.parametrize(("memory_bytes", "parts"), [(300 << 20, 6), (1, 3)])
async def test_memory_bounds_the_encoders_side_by_side(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, memory_bytes: int, parts: int
) -> None:
    """A film that cannot be sought is made in fewer parts where fewer encoders fit."""
    convert = Convert(memory_bytes=memory_bytes)
    home = Home(tmp_path, replace(Settings(), min_free_bytes=0, convert=convert))
    with caplog.at_level("INFO", logger="transload.media"):
        await home.send(film(tmp_path / "avc.avi", seconds=60), originals="drop")
    (begun,) = (one for one in caplog.records if one.message == "segments_taken_over")
    assert vars(begun)["of"] == parts
