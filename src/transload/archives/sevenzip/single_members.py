"""Members that are read by themselves: out of a run of their own, out of memory, or not at all."""

from collections.abc import Iterator, Sequence

from transload.archives.limits import CHUNK, Pull
from transload.archives.sevenzip.access import ArchiveAccess
from transload.archives.sevenzip.listing import Member
from transload.archives.sevenzip.process import DecoderProcess
from transload.errors import (
    CorruptError,
    TransloadError,
    UnsupportedError,
    WrongPasswordError,
)

UNPACK = "Unpack it with the program that made it and send the folder."
WEAK = "ZipCrypto"  # checks a password by eight bits
_ZISOFS_MARK = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"
"""Begins a file of an ISO image that was packed by itself (`mkzftree`): 7zz gives it packed, as if it were whole. Linux
unpacks such files when it reads the image (zisofs-tools, iso9660/Documentation "zisofs").
"""
_NO_DECODER = b"Unsupported Method : "


def other_password() -> WrongPasswordError:
    """The error for a member that gives nothing."""
    return WrongPasswordError("the entry is encrypted; no password given fits it, or it is damaged")


def doubted(error: TransloadError, member: Member) -> TransloadError:
    """The error of a member that is not what was packed, with the second cause that it has in ZipCrypto."""
    if WEAK not in member.method:
        return error
    doubt = "ZipCrypto lets one wrong password of 256 through: it is damaged, or locked with another one"
    return CorruptError(f"{error}; {doubt}")


def refused(run: DecoderProcess, member: Member) -> TransloadError:
    """The error for a member of whose run 7zz says that it is not right; the run is over."""
    if lacks_decoder(run, member.raw):
        return unsupported(member.method)
    return CorruptError("7-Zip found it damaged", evidence=run.evidence())


def lacks_decoder(run: DecoderProcess, raw: bytes) -> bool:
    """Whether a run that is over found no decoder for the method of a member of this name."""
    return _NO_DECODER + raw in run.errors()


def unsupported(method: str) -> UnsupportedError:
    """The error for a member packed in a way that 7zz knows at most by name."""
    return UnsupportedError(
        f"packed by a method that 7-Zip cannot unpack ({method or 'it does not say which'})",
        suggestion=UNPACK,
    )


class SingleMembers:
    """One member out of its own run; members of the same name are read over. Over with its end: a `lasting` pull asks
    no more of it.
    """

    def __init__(
        self, door: ArchiveAccess, members: Sequence[Member], index: int, given: Sequence[int]
    ) -> None:
        self._door, self._member = door, members[index]
        self._name, self._size = members[index].raw, members[index].size
        self._has_own_password = members[index].encrypted and members[index].block is None
        self._before = sum(members[one].size or 0 for one in given if one < index)
        self._run: DecoderProcess | None = None
        self._got = 0

    def __call__(self, size: int) -> bytes:
        if self._run is None:
            self._run = self._door.run("x", [self._name])
            self._run.skip(self._before)
        left = size if self._size is None else min(size, self._size - self._got)
        data = self._run.read(left) if left else b""
        self._got += len(data)
        if not data:
            self._finish(self._run)
        return data

    def close(self) -> None:
        """End the run. May be called twice."""
        if self._run is not None:
            self._run.kill()

    def _finish(self, run: DecoderProcess) -> None:
        while run.read(CHUNK):
            pass
        if not run.is_sound() or (self._size is not None and self._got < self._size):
            error = refused(run, self._member)
            nothing = self._has_own_password and not self._got
            raise other_password() if nothing and isinstance(error, CorruptError) else error


def pieces(run: DecoderProcess, size: int) -> Iterator[bytes]:
    """The next bytes of a run in steps; fewer than `size` when it ends."""
    left = size
    while left and (data := run.read(min(left, CHUNK))):
        left -= len(data)
        yield data


def from_bytes(data: bytes) -> Pull:
    """A pull that gives these bytes."""
    at = 0

    def pull(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        at += len(piece)
        return piece

    return pull


def failing(error: TransloadError) -> Pull:
    """A pull that raises this error."""

    def pull(_size: int) -> bytes:
        raise error

    return pull


def refusing_zisofs(pull: Pull) -> Pull:
    """The pull of a file of an ISO image, which raises UnsupportedError at once where its bytes are packed."""
    head: bytes | None = None  # what was read to look for the mark and not given yet

    def looking_first(size: int) -> bytes:
        nonlocal head
        if head is None:
            head = _start(pull)
        if not head:
            return pull(size)
        given, head = head[:size], head[size:]
        return given

    return looking_first


def _start(pull: Pull) -> bytes:
    head = b""
    while len(head) < len(_ZISOFS_MARK) and (more := pull(len(_ZISOFS_MARK) - len(head))):
        head += more
    if head == _ZISOFS_MARK:
        raise UnsupportedError(
            "it is packed inside the image (zisofs), which no reader here unpacks",
            suggestion="Mount the image on Linux, which unpacks such files, and send the folder.",
        )
    return head
