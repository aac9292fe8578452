"""The last resort, as the child that it is: methods of 7z that 7zz cannot unpack."""

import io
import subprocess
import sys
from pathlib import Path

import lz4.frame
import pytest

from tests.archives.makers import PACKERS, bodies, noise, outcomes
from tests.archives.makers_7z import flipped, make_by_7zz, make_coded_7z, patched_7z
from transload.archives.open import Archives
from transload.archives.sevenzip import bit7z
from transload.archives.sevenzip.bit7z import MAX_ENTRY_BYTES, Bit7z, last_resort
from transload.archives.sevenzip.process import RC_DAMAGED
from transload.entry import Limits

pytest.importorskip("pybit7z")

TREE = {"a.jpg": noise(3000, 1), "b/ü.jpg": noise(3000, 2), "empty": b"", "z.jpg": noise(9000, 3)}


def _run(program: Bit7z, archive: Path, *names: str, password: str = "") -> tuple[int, bytes]:
    listed = archive.with_suffix(".names")
    listed.write_text("\n".join(names) + "\n", "utf-8")
    words = program.words("x", archive, str(listed) if names else None)
    done = subprocess.run(words, input=f"{password}\n".encode(), capture_output=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("method", ["lzma2", "copy", "ppmd", "bzip2"])
def test_entries_come_in_the_order_of_the_archive(tmp_path: Path, method: str) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, f"-m0={method}")
    everything = TREE["a.jpg"] + TREE["b/ü.jpg"] + TREE["z.jpg"]
    assert _run(Bit7z(1 << 20), path) == (0, everything)
    assert _run(Bit7z(1 << 20), path, "z.jpg", "b/ü.jpg") == (0, TREE["b/ü.jpg"] + TREE["z.jpg"])
    assert _run(Bit7z(1 << 20), path, "no such") == (0, b"")


def test_what_is_too_large_is_left_out_and_told(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE)
    status, data = _run(Bit7z(5000), path)
    assert (status, data) == (bit7z.RC_TOO_LARGE, TREE["a.jpg"] + TREE["b/ü.jpg"])


def test_damage_and_passwords(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, "-pgeheim", "-mhe=on")
    assert _run(Bit7z(1 << 20), path, password="wrong") == (RC_DAMAGED, b"")
    status, data = _run(Bit7z(1 << 20), path, password="geheim")
    assert (status, len(data)) == (0, 15_000)
    bad = flipped(make_by_7zz(tmp_path / "b.7z", TREE, "-m0=copy", "-ms=off"), 40)
    status, data = _run(Bit7z(1 << 20), bad)
    assert status == RC_DAMAGED
    assert data.endswith(TREE["z.jpg"])
    (tmp_path / "c.7z").write_bytes(noise(500))
    assert _run(Bit7z(1 << 20), tmp_path / "c.7z")[0] == RC_DAMAGED


def test_it_runs_as_a_function_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"content"})
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert bit7z.main(["100", str(path)]) == 0
    assert capfdbinary.readouterr().out == b"content"


def test_its_limit_is_the_smaller_one() -> None:
    assert last_resort(Limits(max_entry_bytes=5)) == Bit7z(5)
    assert last_resort(Limits()) == Bit7z(MAX_ENTRY_BYTES)


CODED = {
    "zstd": (b"\x04\xf7\x11\x01", b"\x01\x05\x03\0\0", PACKERS["zst"]),
    "lz4": (b"\x04\xf7\x11\x04", b"\x01\x09\x01\0\0", lz4.frame.compress),
}


@pytest.mark.parametrize("method", CODED)
def test_methods_that_7zz_does_not_know(tmp_path: Path, method: str) -> None:
    number, properties, pack = CODED[method]
    contents = {f"IMG_{n}.jpg": noise(3000, n) + bytes(3000) for n in range(4)}
    files = {name: (content, pack(content)) for name, content in contents.items()}
    path = make_coded_7z(tmp_path / "a.7z", files, number, properties)
    reader = Archives(Limits()).open(path)
    assert outcomes(reader) == contents
    assert [body for _entry, body in bodies(reader, start=2)] == list(contents.values())[2:]
    reader.close()
    result = outcomes(Archives(Limits()).open(flipped(path, 32 + 2000)))
    assert result["IMG_3.jpg"] == contents["IMG_3.jpg"]
    assert not isinstance(result["IMG_0.jpg"], bytes)


def test_a_method_that_no_one_knows_is_named(tmp_path: Path) -> None:
    """The method's number in the index is made one that does not exist; its neighbour is read."""
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"1" * 50}, "-m0=ppmd", "-mhc=off", "-ms=off")
    make_by_7zz(path, {"b": noise(500)}, "-m0=copy", "-mhc=off", "-ms=off")
    patched_7z(path, b"\x23\x03\x04\x01", b"\x23\x03\x04\x7f")
    reader = Archives(Limits()).open(path)
    result = outcomes(reader)
    assert result["b"] == noise(500)
    assert not isinstance(result.get("a"), bytes)
    reader.close()
