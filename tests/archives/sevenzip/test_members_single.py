"""Members by themselves: in a run of their own, whose end says whether they were right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_7z import flipped, make_by_7zz, renamed_7z
from tests.archives.makers_image import iso_bytes
from transload.archives.open import Archives
from transload.archives.sevenzip.listing import Member, parse
from transload.archives.sevenzip.members import (
    ArchiveAccess,
    SingleMembers,
    failing,
    from_bytes,
    pieces,
    refusing_zisofs,
    unsupported,
)
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits, Secret
from transload.errors import CorruptError, UnsupportedError, WrongPasswordError

MEMORY = 64 << 20


def _opened(path: Path, password: str | None = None) -> tuple[ArchiveAccess, list[Member]]:
    door = ArchiveAccess(
        path, find_sevenzip(None), None if password is None else Secret(password), MEMORY
    )
    with door.run("l") as run:
        return door, parse(run.lines(), Limits()).members


def _drawn(pull: Callable[[int], bytes]) -> bytes:
    return b"".join(iter(lambda: pull(1000), b""))


def test_one_member_alone(tmp_path: Path) -> None:
    tree = {"a": noise(5000, 1), "b": noise(5000, 2)}
    door, members = _opened(make_by_7zz(tmp_path / "a.7z", tree))
    for index, content in enumerate(tree.values()):
        alone = SingleMembers(door, members, index, [index])
        assert _drawn(alone) == content
        alone.close()
        alone.close()


def test_equal_names_are_read_over(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"first", "b": b"second"}, "-mhc=off")
    door, members = _opened(renamed_7z(path, "b\0", "a\0"))
    alone = SingleMembers(door, members, 1, [0, 1])
    assert _drawn(alone) == b"second"
    alone.close()


def test_damage_is_told_at_the_end_with_what_7zz_said(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": noise(5000)}, "-m0=copy")
    door, members = _opened(flipped(path, 100))
    alone = SingleMembers(door, members, 0, [0])
    with pytest.raises(CorruptError) as caught:
        _drawn(alone)
    assert "CRC" in (caught.value.evidence or "")
    alone.close()


@pytest.mark.parametrize("password", ["wrong", "right"])
def test_a_password_that_does_not_fit_gives_nothing(tmp_path: Path, password: str) -> None:
    path = make_by_7zz(tmp_path / "a.zip", {"a": noise(5000)}, "-pright", "-mem=AES256")
    door, members = _opened(path, password)
    alone = SingleMembers(door, members, 0, [0])
    if password == "right":
        assert _drawn(alone) == noise(5000)
    else:
        with pytest.raises(WrongPasswordError):
            _drawn(alone)
    alone.close()


def test_a_half_read_one_leaves_no_child(tmp_path: Path) -> None:
    door, members = _opened(make_by_7zz(tmp_path / "a.7z", {"a": bytes(3_000_000)}))
    alone = SingleMembers(door, members, 0, [0])
    assert alone(10) == bytes(10)
    alone.close()
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if _tells(path, tmp_path)]


def _tells(process: Path, folder: Path) -> bool:
    try:
        return str(folder).encode() in process.read_bytes()
    except OSError:
        return False


def test_pieces_and_bytes_at_hand(tmp_path: Path) -> None:
    door, _members = _opened(make_by_7zz(tmp_path / "a.7z", {"a": noise(200_000)}))
    with door.run("x") as run:
        assert b"".join(pieces(run, 150_000)) == noise(200_000)[:150_000]
        assert b"".join(pieces(run, 150_000)) == noise(200_000)[150_000:]
    pull = from_bytes(b"0123456789")
    assert [pull(4), pull(4), pull(4), pull(4)] == [b"0123", b"4567", b"89", b""]
    with pytest.raises(UnsupportedError, match="WavPack"):
        failing(unsupported("WavPack"))(1)


MARK = bytes.fromhex("37e45396c9dbd607")


@pytest.mark.parametrize(
    "content", [b"", MARK[:1], MARK[:7], MARK[:7] + b"x", noise(8), noise(3000)]
)
@pytest.mark.parametrize("step", [1, 3, 8, 4096])
def test_what_has_no_mark_comes_unchanged(content: bytes, step: int) -> None:
    left = bytearray(content)

    def pull(most: int) -> bytes:
        piece = bytes(left[: min(most, 3)])
        del left[: len(piece)]
        return piece

    looked = refusing_zisofs(pull)
    pieces = list(iter(lambda: looked(step), b""))
    assert b"".join(pieces) == content
    assert all(len(piece) <= step for piece in pieces)


def test_a_packed_file_of_an_image_is_named_and_costs_no_other(tmp_path: Path) -> None:
    tree = {"A.JPG": noise(5000, 1), "B.JPG": MARK + noise(3000, 2), "C.JPG": noise(10, 3)}
    path = tmp_path / "a.iso"
    path.write_bytes(iso_bytes(tree))
    reader = Archives(Limits()).open(path)
    found = outcomes(reader)
    reader.close()
    assert isinstance(found.pop("B.JPG"), UnsupportedError)
    assert found == {name: tree[name] for name in ("A.JPG", "C.JPG")}
