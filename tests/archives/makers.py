"""Small archives made on the spot: honest ones of every format, and the hostile and damaged kinds."""

import bz2
import gzip
import io
import lzma
import random
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import lz4.frame

from tests.archives.makers_packed import compressed, lzipped
from transload.entry import Entry, Limits
from transload.errors import TransloadError
from transload.ports import ArchiveReader

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RARE_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "lz": lzipped,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "Z": compressed,
}
"""Those that few have a program for; the last of them has no sums and no end mark."""
MTIME_S = 1_600_000_000  # 2020-09-13 12:26:40 UTC: even, as DOS times are
DOS_TIME = (2020, 9, 13, 12, 26, 40)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": partial(
        bz2.compress, compresslevel=1
    ),  # what repeats within a large block takes it minutes
    "xz": lzma.compress,
    "zst": zstd.compress,
    "lz4": lz4.frame.compress,
}


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that do not pack, the same in every run."""
    return random.Random(seed).randbytes(size)


def make_zip(path: Path, tree: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of the tree; names ending in "/" are folders."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in tree.items():
            info = zipfile.ZipInfo(name, DOS_TIME)
            info.compress_type = zipfile.ZIP_STORED if name.endswith("/") else method
            archive.writestr(info, content)
    return path


def make_streamed_zip(
    path: Path, tree: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """A zip written to something that cannot seek: sizes follow the data."""

    class Pipe(io.RawIOBase):
        data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, block: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
            self.data += block
            return len(block)

    pipe = Pipe()
    pipe.data = bytearray()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, content in tree.items():
            archive.writestr(zipfile.ZipInfo(name, DOS_TIME), content, method)
    path.write_bytes(pipe.data)
    return path


def tar_bytes(tree: Mapping[str, bytes], kind: int = tarfile.GNU_FORMAT) -> bytes:
    """A plain tar of the tree; names ending in "/" are folders."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name, content in tree.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.mtime = MTIME_S
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def make_tar(path: Path, tree: Mapping[str, bytes], compression: str | None = None) -> Path:
    """A tar file, plain or packed."""
    data = tar_bytes(tree)
    path.write_bytes((PACKERS | RARE_PACKERS)[compression](data) if compression else data)
    return path


def cut(path: Path, share: float = 0.7) -> Path:
    """Cut the file to a share of its length."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def bodies(
    reader: ArchiveReader, limits: Limits | None = None, start: int = 0
) -> Iterator[tuple[Entry, bytes | TransloadError]]:
    """Every entry from `start` with its bytes, or with the error that reading them raised."""
    for entry, body in reader.stream(lambda _entry: True, start, limits or Limits()):
        try:
            yield entry, body.read()
        except TransloadError as error:
            yield entry, error


def outcomes(
    reader: ArchiveReader, limits: Limits | None = None
) -> dict[str, bytes | TransloadError]:
    """The same by name."""
    return {entry.name: result for entry, result in bodies(reader, limits)}
