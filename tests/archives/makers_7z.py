"""Small archives by 7zz itself: 7z and zip of every kind, volumes, and a 7z whose index is written anew by hand."""

import os
import shlex
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from transload.archives.sevenzip.tool import SevenZip, find_sevenzip
from transload.entry import Secret

MTIME_NS = 1_600_000_000 * 10**9  # 2020-09-13 12:26:40 UTC
SIGNATURE_BYTES = (
    32  # 7zFormat.txt: signature, version, sum, then offset, size and sum of the index
)


def make_by_7zz(path: Path, tree: Mapping[str, bytes], *words: str) -> Path:
    """Add the tree to an archive, options as 7zz knows them; its ending tells the format. Names that end in "/" are
    folders; contents that begin `-> ` are symbolic links.
    """
    with TemporaryDirectory() as folder:
        for name, content in tree.items():
            _place(Path(folder) / name, content, is_folder=name.endswith("/"))
        tops = sorted({name.split("/")[0] for name in tree})
        _sevenzip("a", *words, "--", str(path.resolve()), *tops, cwd=Path(folder))
    return path


def seeming(path: Path, password: Secret) -> list[str]:
    """The entries of a ZipCrypto zip whose first byte a password gives: `zipfile` checks the eight bits there are."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for one in archive.infolist():
            try:
                archive.open(one, pwd=password.text.encode()).close()
            except RuntimeError:
                continue
            found.append(one.filename)
    return found


def make_empty_7z(path: Path, names: Sequence[str]) -> Path:
    """A 7z of empty files, written by hand after 7zFormat.txt: quicker than as many files on a disk."""
    bits = b"\xff" * -(-len(names) // 8)
    path.write_bytes(_with_index(b"", b"\x01" + _files(names, [(0x0E, bits), (0x0F, bits)])))
    return path


def make_coded_7z(
    path: Path, files: Mapping[str, tuple[bytes, bytes]], method: bytes, properties: bytes
) -> Path:
    """A 7z in a method of which 7zz has no encoder: each name's content as it is and packed, each in its own block."""
    count = _long_number(len(files))
    coder = b"\x01" + bytes([0x20 | len(method)]) + method
    coder += _long_number(len(properties)) + properties
    packed = b"".join(_long_number(len(one)) for _whole, one in files.values())
    sizes = b"".join(_long_number(len(whole)) for whole, _one in files.values())
    sums = b"".join(zlib.crc32(whole).to_bytes(4, "little") for whole, _one in files.values())
    streams = b"\x06" + _long_number(0) + count + b"\x09" + packed + b"\0"
    streams += b"\x07\x0b" + count + b"\0" + coder * len(files) + b"\x0c" + sizes + b"\0"
    streams += b"\x08\x0a\x01" + sums + b"\0"
    index = b"\x01\x04" + streams + b"\0" + _files(list(files), [])
    path.write_bytes(_with_index(b"".join(one for _whole, one in files.values()), index))
    return path


def _files(names: Sequence[str], properties: Sequence[tuple[int, bytes]]) -> bytes:
    spelled = b"".join(name.encode("utf-16-le") + b"\0\0" for name in names)
    told = [*properties, (0x11, b"\0" + spelled)]
    records = b"".join(bytes([one]) + _long_number(len(data)) + data for one, data in told)
    return b"\x05" + _long_number(len(names)) + records + b"\0\0"


def _with_index(packed: bytes, index: bytes) -> bytes:
    start = struct.pack("<QQL", len(packed), len(index), zlib.crc32(index))
    head = b"7z\xbc\xaf\x27\x1c\0\4" + zlib.crc32(start).to_bytes(4, "little")
    return head + start + packed + index


def _long_number(value: int) -> bytes:
    """A NUMBER of 7zFormat.txt in its longest spelling."""
    return b"\xff" + value.to_bytes(8, "little")


def make_volumes(path: Path, tree: Mapping[str, bytes], size: int, *words: str) -> list[Path]:
    """The same cut into pieces of `size` bytes: `a.7z.001` and so on."""
    make_by_7zz(path, tree, f"-v{size}b", *words)
    return sorted(path.parent.glob(f"{path.name}.*"))


def _place(path: Path, content: bytes, *, is_folder: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_folder:
        path.mkdir(exist_ok=True)
    elif content.startswith(b"-> "):
        path.symlink_to(content[3:].decode())
        return
    else:
        path.write_bytes(content)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))


def _sevenzip(*words: str, cwd: Path) -> None:
    done = subprocess.run(
        [str(find_sevenzip(None).path), *words], cwd=cwd, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def renamed_7z(path: Path, old: str, new: str) -> Path:
    """Give a member of a 7z made with `-mhc=off` another name of the same length: one that no disk would take."""
    return patched_7z(path, old.encode("utf-16-le"), new.encode("utf-16-le"))


def patched_7z(path: Path, old: bytes, new: bytes) -> Path:
    """Change the index of a 7z made with `-mhc=off`, so that its sums are right."""
    assert len(old) == len(new)
    data = bytearray(path.read_bytes())
    start = SIGNATURE_BYTES + int.from_bytes(data[12:20], "little")
    assert data.count(old, start) >= 1
    data[start:] = data[start:].replace(old, new)
    data[28:32] = zlib.crc32(data[start:]).to_bytes(4, "little")
    data[8:12] = zlib.crc32(data[12:32]).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def flipped(path: Path, at: int) -> Path:
    """Turn all bits of one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    return path


def wrapper(folder: Path, script: str, name: str = "tool") -> Path:
    """A shell script in the place of 7zz. `$REAL` is the real one; `i` is answered by it."""
    path = folder / name
    real = shlex.quote(str(find_sevenzip(None).path))
    path.write_text(f'#!/bin/sh\nREAL={real}\n[ "$1" = i ] && exec $REAL i\n{script}\n')
    path.chmod(0o755)
    return path


@dataclass(frozen=True, slots=True)
class Counting:
    """A 7zz that keeps a copy of all that it unpacks: `runs` counts its starts, `made_bytes` what they gave."""

    tool: SevenZip
    log: Path

    @property
    def runs(self) -> int:
        """How often something was unpacked or tested; listings are not counted."""
        return len(list(self.log.glob("*.out")))

    @property
    def made_bytes(self) -> int:
        """Bytes unpacked by all runs together."""
        return sum(path.stat().st_size for path in self.log.glob("*.out"))


def counting(folder: Path) -> Counting:
    """A 7zz whose work is seen."""
    log = folder / "log"
    log.mkdir()
    own = f"{shlex.quote(str(log))}/$$"
    logged_first = (
        f"tee {own}.out /dev/fd/3 3>&1 > /dev/null"  # tee writes in the order of its files
    )
    script = (
        '[ "$1" = l ] && exec $REAL "$@"\n'
        f'{{ $REAL "$@"; echo $? > {own}.rc; }} | {logged_first}\nexit $(cat {own}.rc)'
    )
    return Counting(SevenZip(wrapper(folder, script), (26, 3), reads_rar=True), log)


def make_spanned_zip(path: Path, tree: Mapping[str, bytes], size: int) -> list[Path]:
    """A zip of stored files over `NAME.z01` … `NAME.zip`, as APPNOTE.TXT 8.5 has it: offsets count in their piece."""
    whole = path.with_suffix(".whole")
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in tree.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 9, 13, 12, 26, 40)), content)
        starts, directory = [one.header_offset for one in archive.infolist()], archive.start_dir
    data = bytearray(b"PK\x07\x08" + whole.read_bytes())
    whole.unlink()
    last = len(data) // size
    at = directory + 4
    for start in starts:
        place = start + 4
        data[at + 34 : at + 36] = (place // size).to_bytes(2, "little")
        data[at + 42 : at + 46] = (place % size).to_bytes(4, "little")
        at += 46 + sum(int.from_bytes(data[at + n : at + n + 2], "little") for n in (28, 30, 32))
    disk, place = divmod(directory + 4, size)
    data[at + 4 : at + 6] = last.to_bytes(2, "little")
    data[at + 6 : at + 8] = disk.to_bytes(2, "little")
    data[at + 16 : at + 20] = place.to_bytes(4, "little")
    pieces = [path.with_suffix(f".z{n + 1:02}") for n in range(last)] + [path.with_suffix(".zip")]
    for number, piece in enumerate(pieces):
        piece.write_bytes(data[number * size : (number + 1) * size])
    return pieces
