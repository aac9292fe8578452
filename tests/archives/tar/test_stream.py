import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, noise, outcomes, tar_bytes
from transload.archives.blob import LocalBlob
from transload.archives.open import Archives
from transload.archives.tar.index import TarIndex
from transload.archives.tar.reader import TarReader
from transload.archives.tar.stream import TarPass
from transload.entry import Limits
from transload.errors import CorruptError, LimitError, TruncatedError


def _header(**fields: object) -> bytes:
    info = tarfile.TarInfo("a")
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def _run(
    path: Path, data: bytes, compression: str | None = None, limits: Limits | None = None
) -> tuple[list[str], TarPass]:
    """Names of all members, and the pass; an error that ends it comes out."""
    path.write_bytes(PACKERS[compression](data) if compression else data)
    run = TarPass(LocalBlob(path), compression, limits or Limits(), TarIndex())
    names: list[str] = []
    try:
        while member := run.next():
            names.append(member.name.decode())
    finally:
        run.file.close()
    return names, run


def _passed_over(run: TarPass) -> int:
    """Bytes of the damaged places."""
    assert run.damage is not None
    assert isinstance(run.damage.error(), CorruptError)
    return run.damage.size_bytes


@pytest.mark.parametrize("compression", [None, "gz"])
@pytest.mark.parametrize("size", [1 << 33, (1 << 63) - 1024, 1 << 80])
def test_a_lying_size_ends_at_once(tmp_path: Path, compression: str | None, size: int) -> None:
    with pytest.raises(TruncatedError):
        _run(tmp_path / "a", _header(size=size) + bytes(2048) + _header(), compression)


def test_negative_size_is_damage_and_the_next_header_is_found(tmp_path: Path) -> None:
    names, run = _run(tmp_path / "a", _header(size=-1024) + bytes(range(256)) * 4 + _header())
    assert names == ["a"]
    assert _passed_over(run) == 512 + 1024


def test_a_name_record_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    record = _header(type=tarfile.GNUTYPE_LONGNAME, size=1 << 32)
    names, run = _run(tmp_path / "a", record + b"x" * 10_240 + _header(), "gz")
    assert names == ["a"]
    assert _passed_over(run) == 512 + 10_240
    assert str(1 << 32) in str(run.damage and run.damage.why.evidence)


def test_of_a_chain_of_name_records_the_last_one_counts(tmp_path: Path) -> None:
    record = _header(type=tarfile.GNUTYPE_LONGNAME, size=4)
    chain = record + b"name".ljust(512, b"\0")
    names, run = _run(tmp_path / "a", chain * 3000 + record + b"last".ljust(512, b"\0") + _header())
    assert (names, run.damage) == (["last"], None)


def test_a_senseless_sparse_record_is_damage(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"GNU.sparse.map": "x,y", "GNU.sparse.size": "10"}
        archive.addfile(info)
        archive.addfile(tarfile.TarInfo("b"))
    names, run = _run(tmp_path / "a", out.getvalue())
    assert names == ["b"]
    assert _passed_over(run) == 512


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


def test_a_flipped_byte_of_a_header_is_told_or_loses_nothing(tmp_path: Path) -> None:
    data = tar_bytes({"a.jpg": noise(600), "b.jpg": noise(600, 2)}, tarfile.PAX_FORMAT)
    for at in range(0, 512, 5):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        names, run = _run(tmp_path / "a", bytes(damaged))
        assert names == (["a.jpg", "b.jpg"] if run.damage is None else ["b.jpg"])
        assert run.damage is None or _passed_over(run) == 512 + 1024


@pytest.mark.parametrize("compression", [None, *PACKERS])
def test_one_header_of_ten_is_damaged(tmp_path: Path, compression: str | None) -> None:
    tree = {f"{number}.jpg": noise(1500, number) for number in range(10)}
    data = bytearray(tar_bytes(tree))
    for at in (0, 3, 9):
        damaged = data.copy()
        damaged[at * (512 + 1536) + 140] ^= 4
        names, run = _run(tmp_path / "a", bytes(damaged), compression)
        assert names == [name for name in tree if name != f"{at}.jpg"]
        assert run.damage is not None
        assert (run.damage.after, run.damage.places, run.damage.size_bytes) == (
            at,
            1,
            2048 if at < 9 else run.damage.size_bytes,
        )


def test_zeros_inside_what_is_lost_are_not_taken_for_the_end(tmp_path: Path) -> None:
    tree = {"a": b"1", "b": bytes(20_000), "c": b"3"}
    data = bytearray(tar_bytes(tree))
    data[1024 + 100] ^= 1
    names, run = _run(tmp_path / "a", bytes(data))
    assert names == ["a", "c"]
    assert _passed_over(run) == 512 + 20_480


@pytest.mark.parametrize("blocks", [1, 8])
def test_zeros_over_a_header_are_damage(tmp_path: Path, blocks: int) -> None:
    tree = {"a": b"1", "b": noise(9000), "c": b"3"}
    data = bytearray(tar_bytes(tree))
    data[1024 : 1024 + blocks * 512] = bytes(blocks * 512)
    names, run = _run(tmp_path / "a", bytes(data))
    assert names == ["a", "c"]
    assert _passed_over(run)


def test_records_of_what_is_lost_do_not_speak_of_the_next(tmp_path: Path) -> None:
    long = "x" * 150
    data = bytearray(tar_bytes({long: b"1", "b": b"2"}))
    data[1024 + 100] ^= 1  # the header behind the record of its name
    names, run = _run(tmp_path / "a", bytes(data))
    assert names == ["b"]
    assert run.damage is not None


@pytest.mark.parametrize("compression", [None, "gz"])
def test_of_tars_joined_into_one_file_the_first_is_read(
    tmp_path: Path, compression: str | None
) -> None:
    data = tar_bytes({"a": b"1"}) + tar_bytes({"b": b"2"})
    (tmp_path / "a.tar").write_bytes(PACKERS[compression](data) if compression else data)
    reader = TarReader(tmp_path / "a.tar", Limits(), compression)
    assert outcomes(reader) == {"a": b"1"}
    assert reader.finish().fault is None
    assert "another tar follows" in reader.finish().warnings[0]
    reader.close()


def test_an_empty_tar_before_another_is_no_end(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar_bytes({}) + tar_bytes({"b": b"2"}))
    reader = TarReader(tmp_path / "a.tar", Limits())
    assert outcomes(reader) == {"b": b"2"}
    reader.close()


def test_zeros_over_a_header_are_damage_and_the_rest_is_read(tmp_path: Path) -> None:
    tree = {f"{number}.jpg": noise(3000, number) for number in range(6)}
    data = tar_bytes(tree)
    (tmp_path / "a.tar").write_bytes(data[:6000] + bytes(2500) + data[8500:])
    reader = TarReader(tmp_path / "a.tar", Limits())
    whole = [name for name, body in outcomes(reader).items() if body == tree[name]]
    assert whole == ["0.jpg", "3.jpg", "4.jpg", "5.jpg"]
    fault = reader.finish().fault
    assert fault is not None
    assert "zeros" in fault.detail or "damaged" in fault.detail
    reader.close()


@pytest.mark.parametrize("size", [512, 1024, 100, 513])
@pytest.mark.parametrize("compression", [None, "gz"])
def test_a_body_with_bytes_missing_or_too_many_is_never_called_whole(
    tmp_path: Path, compression: str | None, size: int
) -> None:
    tree = {f"{number}.jpg": noise(3000 + 700 * number, number) for number in range(6)}
    data = tar_bytes(tree)
    last = data.rindex(b"5.jpg")  # behind it come zeros, which say nothing
    for at in range(1500, last, 1777):
        for damaged in (data[:at] + data[at + size :], data[:at] + noise(size, at) + data[at:]):
            path = tmp_path / "a.tar"
            path.write_bytes(PACKERS[compression](damaged) if compression else damaged)
            reader = TarReader(path, Limits(), compression)
            found = outcomes(reader)
            wrong = [
                n for n, body in found.items() if isinstance(body, bytes) and body != tree.get(n)
            ]
            assert (at, wrong) == (at, [])
            assert reader.finish().fault is not None
            reader.close()


def test_a_flipped_bit_in_a_header_costs_no_neighbour(tmp_path: Path) -> None:
    tree = {f"{number}.jpg": noise(3000, number) for number in range(6)}
    data = tar_bytes(tree)
    for at in range(2 * 3584, 2 * 3584 + 300):
        path = tmp_path / "a.tar"
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        reader = TarReader(path, Limits())
        whole = [name for name, body in outcomes(reader).items() if body == tree.get(name)]
        reader.close()
        assert len(whole) >= len(tree) - 1


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
@pytest.mark.parametrize(
    "behind", [bytes(3 << 20), bytes(4096) + b"x" * 7000, bytes(1024) + b"GIF89a"]
)
def test_zeros_and_something_else_are_no_empty_tar(
    tmp_path: Path, name: str, behind: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(behind) if name.endswith("gz") else behind)
    reader = Archives(Limits()).open(path)
    empty = not list(reader.entries())
    assert not empty or reader.finish().fault is not None
    reader.close()


@pytest.mark.parametrize("compression", PACKERS)
@pytest.mark.parametrize(("behind", "kind"), [
    (b"GIF89a" + noise(3000), "input.corrupt"), (b"PK\x03\x04" + bytes(26) + b"name", "input.unsupported"),
])  # fmt: skip
def test_what_follows_a_packed_tar_is_not_called_damage_of_it(
    tmp_path: Path, compression: str, behind: bytes, kind: str
) -> None:
    tree = {f"{number}.jpg": noise(3000, number) for number in range(4)}
    path = tmp_path / "a.tar"
    path.write_bytes(PACKERS[compression](tar_bytes(tree)) + behind)
    reader = TarReader(path, Limits(), compression)
    assert outcomes(reader) == tree
    fault = reader.finish().fault
    reader.close()
    assert fault is not None
    assert (fault.kind, "follows the packed data" in fault.detail) == (kind, True)
