import io
import tarfile
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, noise, tar_bytes
from transload.archives.blob import LocalBlob
from transload.archives.tar_index import TarIndex
from transload.archives.tar_stream import TarPass, is_sound
from transload.entry import Limits
from transload.errors import CorruptError, LimitError, TransloadError, TruncatedError


def _header(**fields: object) -> bytes:
    info = tarfile.TarInfo("a")
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def _run(
    path: Path, data: bytes, packing: str | None = None, limits: Limits | None = None
) -> list[str]:
    """Names of all members; the error comes out."""
    path.write_bytes(PACKERS[packing](data) if packing else data)
    run = TarPass(LocalBlob(path), packing, limits or Limits(), TarIndex())
    names: list[str] = []
    try:
        while member := run.next():
            names.append(member.name)
    finally:
        run.file.close()
    return names


@pytest.mark.parametrize("packing", [None, "gz"])
@pytest.mark.parametrize("size", [1 << 33, (1 << 63) - 1024, 1 << 80])
def test_a_lying_size_ends_at_once(tmp_path: Path, packing: str | None, size: int) -> None:
    with pytest.raises(TruncatedError):
        _run(tmp_path / "a", _header(size=size) + bytes(2048) + _header(), packing)


def test_negative_size_is_damage(tmp_path: Path) -> None:
    with pytest.raises(CorruptError):
        _run(tmp_path / "a", _header(size=-1024) + bytes(1024))


def test_a_name_record_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(CorruptError) as caught:
        _run(
            tmp_path / "a",
            _header(type=tarfile.GNUTYPE_LONGNAME, size=1 << 32) + bytes(10_000),
            "gz",
        )
    assert str(1 << 32) in str(caught.value.evidence)


def test_a_chain_of_name_records_is_damage_not_a_crash(tmp_path: Path) -> None:
    record = _header(type=tarfile.GNUTYPE_LONGNAME, size=4) + b"name".ljust(512, b"\0")
    with pytest.raises(CorruptError):
        _run(tmp_path / "a", record * 3000 + _header())


def test_a_senseless_sparse_record_is_damage(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"GNU.sparse.map": "x,y", "GNU.sparse.size": "10"}
        archive.addfile(info)
    with pytest.raises(CorruptError):
        _run(tmp_path / "a", out.getvalue())


def test_zeros_without_end_count_against_the_ratio(tmp_path: Path) -> None:
    with pytest.raises(LimitError):
        _run(
            tmp_path / "a",
            tar_bytes({"a": b"x"}) + bytes(4 << 20),
            "gz",
            Limits(ratio_after_bytes=1 << 20),
        )


def _sparse_tar(holes: list[tuple[int, int]], size: int, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {
            "GNU.sparse.map": ",".join(f"{offset},{length}" for offset, length in holes),
            "GNU.sparse.size": str(size),
        }
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _sparse_body(path: Path, data: bytes, limits: Limits) -> bytes:
    path.write_bytes(data)
    run = TarPass(LocalBlob(path), None, limits, TarIndex())
    member = run.next()
    assert member is not None
    pull = run.body(member)
    try:
        return b"".join(iter(lambda: pull(5000), b""))
    finally:
        run.file.close()


def test_holes_are_zeros_and_count(tmp_path: Path) -> None:
    data = noise(1000)
    archive = _sparse_tar([(1000, 500), (0, 0), (4000, 500)], 6000, data)
    expected = bytes(1000) + data[:500] + bytes(2500) + data[500:] + bytes(1500)
    assert _sparse_body(tmp_path / "a", archive, Limits()) == expected
    huge = _sparse_tar([(0, 1000)], 1 << 40, data)
    with pytest.raises(LimitError, match="max_ratio"):
        _sparse_body(tmp_path / "a", huge, Limits(ratio_after_bytes=1 << 20))


def test_maps_that_would_be_searched_for_ever() -> None:
    assert is_sound([(0, 10), (20, 5)], 25)
    assert is_sound([], 0)
    assert not is_sound([(20, 5), (0, 10)], 25)
    assert not is_sound([(0, 10), (5, 10)], 25)
    assert not is_sound([(0, -1)], 25)
    assert not is_sound([(0, 26)], 25)


def test_a_flipped_byte_of_a_header_is_told_or_loses_nothing(tmp_path: Path) -> None:
    data = tar_bytes({"a.jpg": noise(600), "b.jpg": noise(600, 2)}, tarfile.PAX_FORMAT)[:4096]
    for at in range(0, 512, 5):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        try:
            names = _run(tmp_path / "a", bytes(damaged))
        except TransloadError:
            continue
        assert names == ["a.jpg", "b.jpg"]
