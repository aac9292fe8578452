import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.archives.volumes import JoinedBlob, VolumeSet, group, is_piece, volume_set
from transload.errors import UnreadableError


def _folder(folder: Path, names: Iterable[str]) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


def _seen(found: VolumeSet | None) -> tuple[str, str, list[str], str, list[str]] | None:
    if found is None:
        return None
    parts = [part.name for part in found.parts]
    return (found.kind, found.title, parts, found.first.name, list(found.missing))


WHOLE = [
    ("split", "a", ["a.7z.001", "a.7z.002", "a.7z.003"], "a.7z.001"),
    ("split", "a", ["a.tar.gz.01", "a.tar.gz.02"], "a.tar.gz.01"),
    ("split", "film.mp4", ["film.mp4.001", "film.mp4.002"], "film.mp4.001"),
    ("split", "a", ["a.zip.00", "a.zip.01"], "a.zip.00"),
    ("split", "a.part1", ["a.part1.rar.001", "a.part1.rar.002"], "a.part1.rar.001"),
    ("zip", "a", ["a.z01", "a.z02", "a.zip"], "a.zip"),
    ("zip", "A", ["A.Z01", "A.ZIP"], "A.ZIP"),
    ("rar", "a b", ["a b.part1.rar", "a b.part2.rar"], "a b.part1.rar"),
    ("rar", "a", [f"a.part{n}.rar" for n in range(1, 12)], "a.part1.rar"),
    ("rar", "a", ["a.part0001.rar", "A.Part0002.RAR"], "a.part0001.rar"),
    ("rar", "a", ["a.part1.exe", "a.part2.rar"], "a.part1.exe"),
    ("rar-old", "a", ["a.rar", "a.r00", "a.r01"], "a.rar"),
    ("rar-old", "a", ["a.exe", "a.r00"], "a.exe"),
    ("rar-old", "a", ["a.rar", *(f"a.r{n:02}" for n in range(100)), "a.s00"], "a.rar"),
]


@pytest.mark.parametrize(
    ("kind", "title", "parts", "first"), WHOLE, ids=lambda value: str(value)[:20]
)
def test_any_part_tells_the_whole_set(
    tmp_path: Path, kind: str, title: str, parts: list[str], first: str
) -> None:
    _folder(tmp_path, [*parts, "other.7z.001", "other.zip", "a.jpg", "ab.rar", "ab.r00"])
    for part in parts:
        assert _seen(volume_set(tmp_path / part)) == (kind, title, parts, first, [])


GAPS = [
    (["x.7z.002"], "x.7z.001", ["x.7z.001"]),
    (["x.7z.001", "x.7z.004"], "x.7z.001", ["x.7z.002", "x.7z.003"]),
    (["x.part2.rar"], "x.part1.rar", ["x.part1.rar"]),
    (["x.part01.rar", "x.part03.rar"], "x.part01.rar", ["x.part02.rar"]),
    (["X.PART02.RAR"], "X.PART01.RAR", ["X.PART01.RAR"]),
    (["x.part1.exe", "x.part3.rar"], "x.part1.exe", ["x.part2.rar"]),
    (["x.r00"], "x.rar", ["x.rar"]),
    (["x.rar", "x.r01"], "x.rar", ["x.r00"]),
    (["X.R01"], "X.RAR", ["X.RAR", "X.R00"]),
    (["x.r98", "x.s00"], "x.rar", ["x.rar", *(f"x.r{n:02}" for n in range(98)), "x.r99"]),
    (["x.z01", "x.z03"], "x.zip", ["x.z02", "x.zip"]),
    (["x.z02", "x.zip"], "x.zip", ["x.z01"]),
]


@pytest.mark.parametrize(("names", "first", "missing"), GAPS, ids=lambda value: str(value)[:20])
def test_what_must_be_there_and_is_not_is_named(
    tmp_path: Path, names: list[str], first: str, missing: list[str]
) -> None:
    _folder(tmp_path, names)
    for name in names:
        found = volume_set(tmp_path / name)
        assert found is not None
        assert (found.first, list(found.missing)) == (tmp_path / first, missing)


@pytest.mark.parametrize("names", [
    ["photo.001"], ["x.zip"], ["x.rar"], ["x.exe"], ["x.part1.exe"], ["x.s01"], ["report.2019", "report.2020"],
    ["backup.zip.2019"], ["x.part0.rar"], ["x.z00"], ["x.zip", "x.rar", "x.exe"], ["photo.003", "photo.004"],
    ["x.part99999.rar"], [".001"], ["x.7z.\u0660\u0660\u0661"], ["plain.jpg"],
])  # fmt: skip
def test_single_files_are_no_set(tmp_path: Path, names: list[str]) -> None:
    _folder(tmp_path, names)
    assert [volume_set(tmp_path / name) for name in names] == [None] * len(names)
    assert group(names) == {}


def test_one_part_may_be_all_there_is(tmp_path: Path) -> None:
    for name in ("x.7z.001", "y.part1.rar"):
        _folder(tmp_path, [name])
        found = volume_set(tmp_path / name)
        assert found is not None
        assert (found.parts, found.missing) == ((tmp_path / name,), ())


def test_a_second_name_for_one_place_stays_alone(tmp_path: Path) -> None:
    _folder(tmp_path, ["x.part1.rar", "x.part01.rar", "x.part2.rar"])
    assert volume_set(tmp_path / "x.part01.rar") is None
    found = volume_set(tmp_path / "x.part2.rar")
    assert found is not None
    assert found.parts == (tmp_path / "x.part1.rar", tmp_path / "x.part2.rar")


def test_folders_are_no_parts_and_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "x.7z.001").mkdir()
    found = volume_set(_folder(tmp_path, ["x.7z.002"]) / "x.7z.002")
    assert found is not None
    assert found.missing == ("x.7z.001",)
    gone = volume_set(tmp_path / "gone" / "x.part2.rar")
    assert gone is not None
    assert gone.missing == ("x.part1.rar",)


def test_a_full_folder_is_listed_once_and_fast(tmp_path: Path) -> None:
    _folder(tmp_path, (f"IMG_{n}.jpg" for n in range(10_000)))
    _folder(tmp_path, ["x.part1.rar", "x.part2.rar"])
    listed = timeit(lambda: [entry.is_file() for entry in os.scandir(tmp_path)], number=1)
    assert timeit(lambda: volume_set(tmp_path / "x.part2.rar"), number=1) < 10 * listed + 0.1


def test_group_tells_which_file_stands_for_each_part() -> None:
    names = ["a/x.part1.rar", "a/x.part2.rar", "b/x.part2.rar", "y.zip", "y.z01", "z.jpg", "w.rar"]
    assert group(names) == {
        "a/x.part2.rar": "a/x.part1.rar",
        "b/x.part2.rar": "b/x.part1.rar",
        "y.z01": "y.zip",
    }


_ENDINGS = st.sampled_from(
    ["zip", "rar", "exe", "z01", "z02", "r00", "r01", "s00", "001", "002", "01", "part1.rar", "part2.rar",
     "part02.rar", "part1.exe", "7z.001", "7z.002", "PART1.RAR", "Zip", "R00"]
)  # fmt: skip
_NAMES = st.lists(
    st.builds("{}.{}".format, st.sampled_from("aAbß"), _ENDINGS) | st.text(max_size=12),
    max_size=12,
    unique=True,
)


@given(_NAMES)
def test_every_part_belongs_to_the_set_of_its_first(names: list[str]) -> None:
    firsts = group(names)
    assert set(firsts) <= set(names)
    assert not set(firsts) & set(firsts.values())


def _makeable(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & {"/", "\0"} and max(name) < "\ud800"


@given(_NAMES)
def test_the_same_set_whichever_part_is_given(names: list[str]) -> None:
    names = [name for name in names if _makeable(name)]
    with TemporaryDirectory() as room:
        folder = _folder(Path(room), names)
        firsts = group(names)
        for name in names:
            found = volume_set(folder / name)
            if found is None:
                assert name not in firsts
                continue
            assert firsts.get(name, name) == found.first.name
            assert [volume_set(part) for part in found.parts] == [found] * len(found.parts)
            assert not any((folder / one).is_file() for one in found.missing)


@given(st.text())
def test_no_name_is_too_odd(name: str) -> None:
    volume_set(Path(name))
    group([name])


def _cut(folder: Path, data: bytes, cuts: Sequence[int]) -> JoinedBlob:
    marks = [0, *sorted(cuts), len(data)]
    parts: list[Path] = []
    for number, (start, end) in enumerate(pairwise(marks), 1):
        parts.append(folder / f"x.7z.{number:03}")
        parts[-1].write_bytes(data[start:end])
    return JoinedBlob(VolumeSet("split", "x", tuple(parts), parts[0], ()))


@given(st.data())
def test_joined_pieces_read_as_the_file_they_were(data: st.DataObject) -> None:
    whole = data.draw(st.binary(max_size=40))
    places = st.integers(0, len(whole))
    blob_cuts = data.draw(st.lists(places, max_size=5))
    with TemporaryDirectory() as room:
        blob = _cut(Path(room), whole, blob_cuts)
        file = blob.open()
        assert (file.size, file.read(), file.read(), file.taken) == (
            len(whole),
            whole,
            b"",
            len(whole),
        )
        for _ in range(3):
            at, size = data.draw(places), data.draw(st.integers(-1, 50))
            end = len(whole) if size < 0 else at + size
            assert file.read_at(at, size) == whole[at:end]
            assert file.seek(at) == at
            assert file.read(size) == whole[at:end]
            assert file.tell() == min(max(end, at), len(whole))
        assert file.seek(0, os.SEEK_END) == len(whole)
        assert file.seek(-len(whole), os.SEEK_CUR) == 0
        file.close()


def test_bytes_outside_are_none_and_cost_nothing(tmp_path: Path) -> None:
    blob = _cut(tmp_path, b"0123456789", [3])
    assert (blob.name, blob.path) == ("x.7z", tmp_path / "x.7z.001")
    file = blob.open()
    assert (file.readable(), file.seekable()) == (True, True)
    assert [file.read_at(10, 1), file.read_at(-1, 1), file.read_at(0, 0)] == [b""] * 3
    file.seek(99)
    assert (file.read(1), file.taken) == (b"", 0)
    with pytest.raises(ValueError, match="negative"):
        file.seek(-1)
    file.close()


def test_many_pieces_take_one_descriptor(tmp_path: Path) -> None:
    file = _cut(tmp_path, bytes(range(250)) * 4, range(1, 1000)).open()
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert file.read() == bytes(range(250)) * 4
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
    file.close()


def test_of_a_wide_gap_some_names_are_told(tmp_path: Path) -> None:
    for number in (1, 9999):
        (tmp_path / f"x.7z.{number:03}").touch()
    found = volume_set(tmp_path / "x.7z.001")
    assert found is not None
    assert (found.missing[0], found.missing[99:]) == ("x.7z.002", ("x.7z.101", "9897 more"))


def test_missing_cut_and_closed_pieces_are_told(tmp_path: Path) -> None:
    blob = _cut(tmp_path, b"0123456789", [3, 6])
    file = blob.open()
    blob.volumes.parts[1].write_bytes(b"3")
    assert file.read() == b"0123"
    blob.volumes.parts[2].unlink()
    with pytest.raises(UnreadableError, match=r"x\.7z\.003"):
        file.read_at(8, 1)
    with pytest.raises(UnreadableError, match=r"x\.7z\.003"):
        blob.open()
    file.close()
    file.close()
    with pytest.raises(UnreadableError, match="closed"):
        file.read(1)


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("a.7z.001", True), ("a.zip.002", True), ("a.part2.rar", True), ("a.r00", True), ("a.z01", True),
        ("a.zip", False), ("a.rar", False), ("a.7z", False), ("photo.001", False), ("a.zip.2019", False),
    ],
)  # fmt: skip
def test_a_name_alone_may_say_that_there_are_more(name: str, piece: bool) -> None:
    assert is_piece(name) is piece
