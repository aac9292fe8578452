"""What follows an archive's end in the same file: nothing, padding, or something that nobody has read."""

from dataclasses import dataclass

from transload.archives.blob import ByteFile
from transload.archives.sniff import HEAD_BYTES, archive_format
from transload.errors import UnsupportedError
from transload.faults import Fault
from transload.units import KIB, MIB

_CUT_IT = "Cut the file in two where the first archive ends, and send the second part."
_PADDING_MAX = MIB
_STEP = 64 * KIB


@dataclass(frozen=True, slots=True)
class Trailing:
    """A warning for people, "" where there is nothing to say; the fault where another archive was not read."""

    warning: str = ""
    fault: Fault | None = None


def after_end(file: ByteFile, end: int) -> Trailing:
    """What follows offset `end`. Zeros are padding, as many as tape blocks and disk sectors have."""
    if end >= file.size:
        return Trailing()
    at = _after_zeros(file, end)
    if at >= file.size:
        return Trailing()
    if (error := archive_at(file, at)) is not None:
        return Trailing("", error.fault())
    return Trailing(f"{_count(file, at)} and were not read")


def archive_at(file: ByteFile, at: int) -> UnsupportedError | None:
    """The error for another archive that begins at offset `at`, after the end of the first; None when there is none."""
    found = archive_format(file.read_at(at, HEAD_BYTES))
    if found is None:
        return None
    return UnsupportedError(
        f"{_count(file, at)} and begin as another archive ({found}), which was not read",
        suggestion=_CUT_IT,
    )


def another_archive(found: str, first: str) -> UnsupportedError:
    """The error for another archive, of the format `found`, that follows what is called `first`."""
    told = f"another archive ({found}) follows {first}, which was not read"
    return UnsupportedError(told, suggestion=_CUT_IT)


def _count(file: ByteFile, at: int) -> str:
    return f"{file.size - at:,} bytes follow the end of the archive"


def _after_zeros(file: ByteFile, start: int) -> int:
    """The offset of the first byte that is not zero, as far as is looked."""
    at = start
    while at - start < _PADDING_MAX and (step := file.read_at(at, _STEP)):
        rest = step.lstrip(b"\0")
        at += len(step) - len(rest)
        if rest:
            break
    return at
