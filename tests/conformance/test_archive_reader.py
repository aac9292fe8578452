"""What every `ArchiveReader` must do, whatever the bytes come from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, bodies, make_streamed_zip, make_tar, make_zip, noise
from transload.archives.open import Archives
from transload.entry import Entry, Limits
from transload.ports import ArchiveReader
from transload.sources.folder import FolderReader

LIMITS = Limits()
TREE = {
    "IMG_1.jpg": noise(3000, 1),
    "IMG_2.jpg": noise(200_000, 2),
    "album/": b"",
    "album/Grüße 日本.mp4": noise(70_000, 3) + bytes(70_000),
    "album/empty.txt": b"",
    "album/last.jpg": noise(65_536, 4),
}
ORDERED = dict(
    sorted(TREE.items(), key=lambda pair: (pair[0].startswith("IMG"), pair[0].casefold()))
)
FILES = [(name, content) for name, content in ORDERED.items() if not name.endswith("/")]

Maker = Callable[[Path], ArchiveReader]


def _zip(folder: Path) -> ArchiveReader:
    return Archives(LIMITS).open(make_zip(folder / "a.zip", ORDERED))


def _streamed_zip(folder: Path) -> ArchiveReader:
    return Archives(LIMITS).open(make_streamed_zip(folder / "a.zip", ORDERED))


def _headless_zip(folder: Path) -> ArchiveReader:
    path = make_streamed_zip(folder / "a.zip", ORDERED)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"PK\x01\x02")])
    return Archives(LIMITS).open(path)


def _tar(packing: str | None) -> Maker:
    return lambda folder: Archives(LIMITS).open(make_tar(folder / "a.tar", ORDERED, packing))


def _folder(folder: Path) -> ArchiveReader:
    for name, content in ORDERED.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    return FolderReader(folder / "tree")


MAKERS: dict[str, Maker] = {
    "zip": _zip,
    "zip-streamed": _streamed_zip,
    "zip-without-directory": _headless_zip,
    "folder": _folder,
    "tar": _tar(None),
    **{f"tar.{packing}": _tar(packing) for packing in PACKERS},
}


@pytest.fixture(params=MAKERS)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArchiveReader]:
    made = MAKERS[request.param](tmp_path)
    yield made
    made.close()


def _wants_all(_entry: Entry) -> bool:
    return True


def test_same_entries_and_bodies_from_everywhere(reader: ArchiveReader) -> None:
    assert [(entry.name, body) for entry, body in bodies(reader)] == FILES


def test_a_second_pass_gives_the_same(reader: ArchiveReader) -> None:
    assert list(bodies(reader)) == list(bodies(reader))


def test_entries_tell_what_the_stream_gives(reader: ArchiveReader) -> None:
    listed = list(reader.entries())
    assert [entry.index for entry in listed] == list(range(len(ORDERED)))
    assert [entry for entry in listed if entry.kind == "file"] == [
        entry for entry, _body in bodies(reader)
    ]
    assert [entry.name for entry in listed if entry.kind == "dir"] == ["album"]
    assert all(entry.size == len(ORDERED[entry.name]) for entry in listed if entry.kind == "file")
    assert all(entry.trouble is None for entry in listed)


def test_listing_sums_agree_with_the_entries(reader: ArchiveReader) -> None:
    listing = reader.listing()
    assert (listing.entries is not None) == reader.listed
    if reader.listed:
        assert listing.entries == len(ORDERED)
        assert listing.size_bytes == sum(len(content) for content in ORDERED.values())


@pytest.mark.parametrize("drained", [0, 1, 70_000])
def test_the_unread_rest_is_passed_over(reader: ArchiveReader, drained: int) -> None:
    before = reader.finish().fault
    heads = [
        (entry.name, body.read(drained)) for entry, body in reader.stream(_wants_all, 0, LIMITS)
    ]
    assert heads == [(name, content[:drained]) for name, content in FILES]
    assert reader.finish().fault == before


def test_bodies_come_in_bounded_pieces_and_end_empty(reader: ArchiveReader) -> None:
    for entry, body in reader.stream(_wants_all, 0, LIMITS):
        pieces = list(iter(lambda: body.read(1000), b""))  # noqa: B023 - used up within the turn
        assert max((len(piece) for piece in pieces), default=0) <= 1000
        assert b"".join(pieces) == ORDERED[entry.name]
        assert body.read(10) == b""


def test_want_is_asked_once_for_each_streamable_entry(reader: ArchiveReader) -> None:
    asked: list[str] = []

    def want(entry: Entry) -> bool:
        asked.append(entry.name)
        return entry.name == "album/last.jpg"

    got = [(entry.name, body.read()) for entry, body in reader.stream(want, 0, LIMITS)]
    assert asked == [name for name, _content in FILES]
    assert got == [("album/last.jpg", ORDERED["album/last.jpg"])]


def test_start_is_respected(reader: ArchiveReader) -> None:
    indices = [entry.index for entry, _body in bodies(reader)]
    for start in range(len(ORDERED) + 2):
        assert [entry.index for entry, _body in bodies(reader, start=start)] == [
            i for i in indices if i >= start
        ]


def test_an_abandoned_stream_leaves_the_reader_usable(reader: ArchiveReader) -> None:
    next(reader.stream(_wants_all, 0, LIMITS))
    assert [(entry.name, body) for entry, body in bodies(reader)] == FILES


def test_bytes_read_grow(reader: ArchiveReader) -> None:
    assert reader.finish().bytes_read >= 0
    list(bodies(reader))
    assert reader.finish().bytes_read >= 300_000


def test_costs_are_never_negative(reader: ArchiveReader) -> None:
    list(bodies(reader))
    assert all(reader.cost_to(index) >= 0 for index in range(len(ORDERED)))


def test_close_twice(reader: ArchiveReader) -> None:
    next(reader.stream(_wants_all, 0, LIMITS))
    reader.close()
    reader.close()


def test_entries_of_equal_names_are_all_there(tmp_path: Path) -> None:
    tar = tmp_path / "a.tar"
    one = make_tar(tmp_path / "1.tar", {"x.jpg": b"first"}).read_bytes()[:1024]
    tar.write_bytes(one + make_tar(tmp_path / "2.tar", {"x.jpg": b"second"}).read_bytes())
    reader = Archives(LIMITS).open(tar)
    assert [(entry.index, body) for entry, body in bodies(reader)] == [
        (0, b"first"),
        (1, b"second"),
    ]
    reader.close()
    path = make_zip(tmp_path / "a.zip", {"x.jpg": b"first", "y.jpg": b"second"})
    path.write_bytes(path.read_bytes().replace(b"y.jpg", b"x.jpg"))
    reader = Archives(LIMITS).open(path)
    assert [(entry.name, body) for entry, body in bodies(reader)] == [
        ("x.jpg", b"first"),
        ("x.jpg", b"second"),
    ]
    reader.close()
