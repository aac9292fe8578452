"""What every `ArchiveReader` must do, whatever the bytes come from."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.archives.makers import (
    PACKERS,
    RARE_PACKERS,
    bodies,
    make_streamed_zip,
    make_tar,
    make_zip,
    noise,
)
from tests.archives.makers_7z import make_by_7zz, make_spanned_zip, make_volumes
from tests.archives.rar_maker import make_rar, make_rar_volumes
from transload.archives.open import Archives
from transload.entry import Entry, Limits, Secret
from transload.ports import ArchiveReader
from transload.sources.folder import FolderReader

LIMITS = Limits()
PASSWORD = "grüße 日本"
SECRETS = (Secret("wrong"), Secret("Another"), Secret(PASSWORD))
TREE = {
    "album/": b"",
    "album/empty.txt": b"",
    "album/grüße 日本.mp4": noise(70_000, 3) + bytes(70_000),
    "album/last.jpg": noise(65_536, 4),
    "img_1.jpg": noise(3000, 1),
    "img_2.jpg": noise(200_000, 2),
}
"""In an order that every maker keeps: 7zz sorts by name, and puts what is empty first."""
FILES = [(name, content) for name, content in TREE.items() if not name.endswith("/")]

Maker = Callable[[Path], Path]


def _headless_zip(folder: Path) -> Path:
    path = make_streamed_zip(folder / "a.zip", TREE)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"PK\x01\x02")])
    return path


def _tar(compression: str | None) -> Maker:
    return lambda folder: make_tar(folder / "a.tar", TREE, compression)


def _folder(folder: Path) -> Path:
    for name, content in TREE.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    return folder / "tree"


def _by_7zz(name: str, *words: str) -> Maker:
    return lambda folder: make_by_7zz(folder / name, TREE, *words)


def _volumes(name: str) -> Maker:
    return lambda folder: make_volumes(folder / name, TREE, 100_000)[0]


MAKERS: dict[str, Maker] = {
    "zip": lambda folder: make_zip(folder / "a.zip", TREE),
    "zip-streamed": lambda folder: make_streamed_zip(folder / "a.zip", TREE),
    "zip-without-directory": _headless_zip,
    "folder": _folder,
    "tar": _tar(None),
    **{f"tar.{compression}": _tar(compression) for compression in PACKERS | RARE_PACKERS},
    "7z": _by_7zz("a.7z"),
    "7z-solid": _by_7zz("a.7z", "-ms=on", "-m0=lzma"),
    "7z-not-solid": _by_7zz("a.7z", "-ms=off"),
    "7z-ppmd": _by_7zz("a.7z", "-m0=ppmd"),
    "7z-bzip2": _by_7zz("a.7z", "-m0=bzip2"),
    "7z-copy": _by_7zz("a.7z", "-m0=copy"),
    "7z-locked": _by_7zz("a.7z", f"-p{PASSWORD}"),
    "7z-names-locked": _by_7zz("a.7z", f"-p{PASSWORD}", "-mhe=on"),
    "zip-aes": _by_7zz("a.zip", "-pAnother", "-mem=AES256"),
    "zip-crypto": _by_7zz("a.zip", "-pAnother", "-mem=ZipCrypto"),
    "zip-deflate64": _by_7zz("a.zip", "-mm=Deflate64"),
    "zip-ppmd": _by_7zz("a.zip", "-mm=PPMd"),
    "rar5": lambda folder: make_rar(folder / "a.rar", TREE),
    "rar5-volumes": lambda folder: make_rar_volumes(folder / "a", TREE, 90_000)[-1],
    "7z.001": _volumes("a.7z"),
    "zip.001": _volumes("a.zip"),
    "z01": lambda folder: make_spanned_zip(folder / "a.zip", TREE, 90_000)[0],
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The source of a kind, made once."""

    @cache
    def make(kind: str) -> Path:
        return MAKERS[kind](tmp_path_factory.mktemp(kind))

    return make


@pytest.fixture(params=MAKERS)
def reader(request: pytest.FixtureRequest, made: Callable[[str], Path]) -> Iterator[ArchiveReader]:
    path = made(request.param)
    reader = FolderReader(path) if path.is_dir() else Archives(LIMITS).open(path, SECRETS)
    yield reader
    reader.close()


def _wants_all(_entry: Entry) -> bool:
    return True


def test_same_entries_and_bodies_from_everywhere(reader: ArchiveReader) -> None:
    assert [(entry.name, body) for entry, body in bodies(reader)] == FILES


def test_a_second_pass_gives_the_same(reader: ArchiveReader) -> None:
    assert list(bodies(reader)) == list(bodies(reader))


def test_entries_tell_what_the_stream_gives(reader: ArchiveReader) -> None:
    listed = list(reader.entries())
    assert [entry.index for entry in listed] == list(range(len(TREE)))
    assert [entry for entry in listed if entry.kind == "file"] == [
        entry for entry, _body in bodies(reader)
    ]
    assert [entry.name for entry in listed if entry.kind == "dir"] == ["album"]
    assert all(entry.size == len(TREE[entry.name]) for entry in listed if entry.kind == "file")
    assert all(entry.trouble is None for entry in listed)


def test_listing_sums_agree_with_the_entries(reader: ArchiveReader) -> None:
    listing = reader.listing()
    assert (listing.entries is not None) == reader.listed
    if reader.listed:
        assert listing.entries == len(TREE)
        assert listing.size_bytes == sum(len(content) for content in TREE.values())


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
        assert b"".join(pieces) == TREE[entry.name]
        assert body.read(10) == b""


def test_want_is_asked_once_for_each_streamable_entry(reader: ArchiveReader) -> None:
    asked: list[str] = []

    def want(entry: Entry) -> bool:
        asked.append(entry.name)
        return entry.name == "album/last.jpg"

    got = [(entry.name, body.read()) for entry, body in reader.stream(want, 0, LIMITS)]
    assert asked == [name for name, _content in FILES]
    assert got == [("album/last.jpg", TREE["album/last.jpg"])]


def test_start_is_respected(reader: ArchiveReader) -> None:
    indices = [entry.index for entry, _body in bodies(reader)]
    for start in range(len(TREE) + 2):
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
    assert all(reader.cost_to(index) >= 0 for index in range(len(TREE)))


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
