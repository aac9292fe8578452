"""7z and RAR by the block: what is fetched, what stays on the disk, when it is better fetched whole."""

import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.archives.makers import noise
from tests.archives.makers_7z import make_by_7zz
from tests.archives.rar_maker import make_rar
from transload.archives.blob import ByteFile, CountedFile
from transload.archives.open import Archives
from transload.archives.sevenzip.remote_blocks import BlockReader, Image
from transload.entry import Limits, Secret
from transload.errors import CorruptError, NeedsLocalFileError, WrongPasswordError

LIMITS = Limits()
TREE = {f"IMG_{n}.jpg": noise(150_000 + n, n) for n in range(20)} | {
    "folder/": b"",
    "empty.txt": b"",
}
FILES = {name: content for name, content in TREE.items() if not name.endswith("/")}


@dataclass
class Far:
    """A blob that lies elsewhere: it has no path, and what is taken of it is counted."""

    there: Path
    files: list[CountedFile] = field(default_factory=list[CountedFile])
    name: str = "far"
    path: None = None

    def open(self) -> ByteFile:
        file = CountedFile(self.there)
        self.files.append(file)
        return file

    @property
    def taken(self) -> int:
        return sum(file.taken for file in self.files)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "spool"
    assert list((tmp_path / "spool").glob("*")) == []


def by_blocks(path: Path, folder: Path, password: str = "") -> tuple[Far, BlockReader]:
    far = Far(path)
    secrets = (Secret(password),) if password else ()
    return far, Archives(LIMITS).open_by_blocks(far, folder, lambda _: None, secrets)


def read(reader: BlockReader, *wanted: str) -> dict[str, bytes]:
    stream = reader.stream(lambda entry: not wanted or entry.name in wanted, 0, LIMITS)
    return {entry.name: body.read() for entry, body in stream}


@pytest.mark.parametrize("kind", ["7z", "stored.7z", "secret.7z", "rar"])
def test_only_the_directory_and_what_is_wanted_is_fetched(
    kind: str, tmp_path: Path, folder: Path
) -> None:
    words = {
        "7z": ["-ms=off"],
        "stored.7z": ["-mx=0"],
        "secret.7z": ["-ms=off", "-psesame", "-mhe=on"],
    }
    path = tmp_path / f"a.{kind}"
    if kind == "rar":
        make_rar(path, TREE)
    else:
        make_by_7zz(path, TREE, *words[kind])
    far, reader = by_blocks(path, folder, "sesame" if "secret" in kind else "")
    with closing(reader):
        assert {e.name for e in reader.entries() if e.kind == "file"} == FILES.keys()
        assert reader.is_worth_it
        before = far.taken
        assert read(reader, "IMG_3.jpg", "IMG_17.jpg") == {
            name: FILES[name] for name in ("IMG_3.jpg", "IMG_17.jpg")
        }
        wanted = len(FILES["IMG_3.jpg"]) + len(FILES["IMG_17.jpg"])
        assert far.taken - before < wanted + 2 * (1 << 20)  # what small neighbours were taken along
        assert read(reader) == FILES


def test_what_was_read_is_cut_out_of_the_file(tmp_path: Path, folder: Path) -> None:
    tree = {f"{n}.bin": noise(3 << 20, n) for n in range(4)}
    _, reader = by_blocks(make_by_7zz(tmp_path / "a.7z", tree, "-mx=0"), folder)
    with closing(reader):
        most = 0
        for entry, body in reader.stream(lambda _: True, 0, LIMITS):
            assert zlib.crc32(body.read()) == entry.crc
            held = next(folder.iterdir()).stat()
            most = max(most, held.st_blocks * 512)
            assert held.st_size == (tmp_path / "a.7z").stat().st_size
        assert most < 5 << 20


def test_one_solid_block_is_listed_but_not_read_so(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transload.archives.sevenzip.remote_blocks.BLOCK_MIN_MAX", 1 << 20)
    far, reader = by_blocks(make_by_7zz(tmp_path / "a.7z", TREE, "-ms=on"), folder)
    with closing(reader):
        assert not reader.is_worth_it
        assert reader.listing().entries == len(TREE)
        assert far.taken < 200_000


def test_a_password_is_not_tried_on_a_block_that_is_read_from_a_local_file_anyway(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transload.archives.sevenzip.remote_blocks.BLOCK_MIN_MAX", 1 << 20)
    far = Far(make_by_7zz(tmp_path / "a.7z", TREE, "-ms=on", "-psesame"))
    with pytest.raises(NeedsLocalFileError, match="far is one large encrypted block"):
        Archives(LIMITS).open_by_blocks(far, folder, lambda _: None, (Secret("sesame"),))
    assert far.taken < 200_000


def test_names_that_cannot_be_asked_for_are_not_read_so(tmp_path: Path, folder: Path) -> None:
    _, reader = by_blocks(make_by_7zz(tmp_path / "a.7z", {" lead": b"1", "b": b"2"}), folder)
    with closing(reader):
        assert not reader.is_worth_it


def test_a_flipped_byte_is_one_bad_entry(tmp_path: Path, folder: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, "-mx=0")
    data = bytearray(path.read_bytes())
    data[32 + 200_000] ^= 1
    path.write_bytes(data)
    _, reader = by_blocks(path, folder)
    bad: list[str] = []
    good: dict[str, bytes] = {}
    with closing(reader):
        for entry, body in reader.stream(lambda _: True, 0, LIMITS):
            try:
                good[entry.name] = body.read()
            except CorruptError:
                bad.append(entry.name)
    assert len(bad) == 1
    assert good == {name: content for name, content in FILES.items() if name not in bad}


def test_what_cannot_be_had_apart_says_so(tmp_path: Path, folder: Path) -> None:
    odd = tmp_path / "a.xar"
    odd.write_bytes(b"xar!\x00\x1c" + bytes(100))
    with pytest.raises(NeedsLocalFileError):
        by_blocks(odd, folder)
    cut = make_by_7zz(tmp_path / "a.7z", TREE)
    cut.write_bytes(cut.read_bytes()[:-50_000])
    with pytest.raises(CorruptError, match="index"):
        by_blocks(cut, folder)
    locked = make_by_7zz(tmp_path / "b.7z", TREE, "-psesame", "-mhe=on")
    with pytest.raises(WrongPasswordError):
        by_blocks(locked, folder, "wrong")


def test_an_image_fetches_nothing_twice(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(noise(100_000))
    far = Far(path)
    image = Image(far, folder, lambda _: None)
    with closing(image):
        image.fill(10, 50_000)
        image.fill(40_000, 60_000)
        image.fill(0, 70_000)
        assert far.taken == 70_000
        assert image.read_at(0, 70_000) == path.read_bytes()[:70_000]
        assert image.read_at(70_000, 30_000) == bytes(30_000)
