"""A remote file fetched whole into a folder, for what can only be read from a local file.

`<key>.part` grows, `<key>.json` beside it says of which version it is; `<key>.whole` is complete. A killed run's part
is continued where it ends, if the server still has that version.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from transload.entry import ARCHIVE_SUFFIXES, MEDIA_SUFFIXES, RAISE_LIMIT
from transload.errors import (
    CorruptError,
    DiskFullError,
    LimitError,
    ShortAnswerError,
    TransientError,
    UnsupportedError,
    fetch_error,
)
from transload.files.disk import check_room, sync_written
from transload.net.dial import heed_cancel
from transload.net.fetch import Answer, Web
from transload.sources.remote import Remote, span_of
from transload.units import KIB, MIB

# How much to ask a server for at once. Pure: offsets in, an offset out.
#
# Asking too little costs a wait for every request, asking too much costs bytes that nobody wanted. So an entry with the
# name of a photo, a video, audio or an archive is asked for whole and any other only as far as its content must be
# looked at; and when entry after entry was wanted, some of what follows is asked for as well, within a share of what
# was of use.


PEEK_BYTES = 9 * KIB
"""What is read of an entry to know its kind (8 KiB unpacked), with its header."""
WINDOW_GROWTH = 4
SLACK_BYTES = 160
"""An entry may be so much longer than the directory says: its local extra field has a few records more."""
NEIGHBOUR_BYTES = 64 * KIB
ADVANCE_BYTES = 32 * KIB
SHARE = (
    256  # of the useful bytes may be asked for in vain: a quarter of what remote reading may waste
)
LOOKAHEAD_MAX = 8 * MIB

LARGE_SUFFIXES = MEDIA_SUFFIXES | {".cr3", ".orf", ".raf", ".rw2", ".mid"}
"""Names decide nothing but how much is asked for at once."""


@dataclass(frozen=True, slots=True)
class _Hint:
    start: int
    peek: int
    end: int


@dataclass(slots=True)
class Foresight:
    """What one opening knows of the reading to come. `useful` and `wasted` count bytes; the reader counts them."""

    useful: int = 0
    wasted: int = 0
    _hint: _Hint = _Hint(0, 0, 0)
    _in_row: bool = False
    _all_read: bool = False
    _read_on: bool = False
    _next: int = -1
    _window: int = PEEK_BYTES

    def expect(self, offset: int, size: int, name: str) -> None:
        """An entry of `size` bytes with its header begins at `offset` and may be read next."""
        end = offset + size + SLACK_BYTES
        if self._hint.peek < self._hint.end:
            self._all_read = self._read_on
        self._read_on = False
        suffix = "." + name.rpartition(".")[2].lower()
        whole = self._all_read or suffix in LARGE_SUFFIXES or suffix in ARCHIVE_SUFFIXES
        self._in_row = (
            0 <= offset - self._hint.end + SLACK_BYTES <= NEIGHBOUR_BYTES and self._hint.end > 0
        )
        self._hint = _Hint(offset, end if whole else min(end, offset + PEEK_BYTES), end)

    def quarantine_or_fail(self, size: int) -> None:
        """So many bytes were asked for in vain."""
        self.wasted += size
        if size > PEEK_BYTES:
            self._all_read = False

    def end_for(self, offset: int, size: int) -> int:
        """Up to where to ask, when `size` bytes are wanted at `offset` and nothing on its way has them."""
        hint = self._hint
        if hint.start <= offset < hint.end:
            self._read_on = offset + size > hint.peek
            end = hint.peek if offset < hint.peek else hint.end
            return max(offset + size, end + self._ahead() if end == hint.end else end)
        self._window = self._window * WINDOW_GROWTH if offset == self._next else PEEK_BYTES
        self._window = max(self._window, size)
        self._next = offset + self._window
        return self._next

    def _ahead(self) -> int:
        """How much after the entry may be asked for in the hope that its neighbour is wanted too."""
        if not self._in_row:
            return 0
        return max(0, min(ADVANCE_BYTES + self.useful // SHARE - self.wasted, LOOKAHEAD_MAX))


CHUNK_BYTES = 256 * KIB
LOOK_BYTES = 16 * MIB
"""The disk is looked at again after so many bytes."""

Reserve = Callable[[Path], int]
"""Bytes that must stay free on the disk of a folder."""


@dataclass(frozen=True, slots=True)
class Spool:
    """Fetches into `folder`; at most `max_bytes`, and never into the reserve of the disk."""

    folder: Path
    web: Web
    max_bytes: int
    reserve: Reserve

    def whole(self, remote: Remote) -> Path:
        """The file on this machine; fetched, continued, or found there from an earlier pass.

        Raises DiskFullError, NeverFitsError, LimitError, StoreError, and what `Web.get` raises.
        """
        key = hashlib.sha256(remote.target.url.encode()).hexdigest()[:32]
        part, whole = self.folder / f"{key}.part", self.folder / f"{key}.whole"
        if remote.size is not None and remote.size > self.max_bytes:
            raise self._too_large()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._is_of(remote, key):
                if whole.exists():
                    return whole
            else:
                part.unlink(missing_ok=True)
                whole.unlink(missing_ok=True)
                self._mark(remote, key)
            self._fetch(remote, part)
            return part.replace(whole)
        except OSError as error:
            raise fetch_error(error, "an archive is fetched", str(self.folder)) from error

    def _is_of(self, remote: Remote, key: str) -> bool:
        """Whether what lies there is of this version; one without a version is never taken up again."""
        try:
            known = (self.folder / f"{key}.json").read_text("utf-8")
        except FileNotFoundError:
            return False
        return bool(remote.version) and known == json.dumps(remote.version)

    def _mark(self, remote: Remote, key: str) -> None:
        rough = self.folder / f"{key}.tmp"
        rough.write_text(json.dumps(remote.version), "utf-8")
        rough.replace(self.folder / f"{key}.json")

    def _fetch(self, remote: Remote, part: Path) -> None:
        failures, before = 0, -1
        with part.open("ab", buffering=0) as out:
            while remote.size is None or out.tell() < remote.size:
                have = out.tell()
                failures = 0 if have > before else failures
                before = have
                self.check_room((remote.size or have) - have)
                try:
                    self._append(remote, out)
                except DiskFullError:
                    raise
                except TransientError as error:
                    failures += 1
                    self.web.rest(failures, error)
                else:
                    break
            sync_written(out)

    def _append(self, remote: Remote, out: BinaryIO) -> None:
        """Take one answer in, to its end."""
        have = out.tell()
        span = {"Range": f"bytes={have}-", **remote.condition} if have and remote.ranges else {}
        with closing(self.web.get(remote.target, span)) as answer:
            if not remote.is_told_by(answer.headers):
                raise CorruptError(
                    f"{remote.target.shown} was changed on the server while it was fetched"
                )
            if answer.status != 206 or span_of(answer.headers).first != have:
                out.truncate(
                    0
                )  # all of it comes: of another version, or from a server that gives no parts
                out.seek(0)
            self._copy(answer, out)
        if remote.size is not None and out.tell() != remote.size:
            raise ShortAnswerError(
                f"{remote.target.shown} gave {out.tell()} of {remote.size} bytes"
            )

    def _copy(self, answer: Answer, out: BinaryIO) -> None:
        unchecked = 0
        while data := answer.read(CHUNK_BYTES):
            heed_cancel()
            if out.tell() + len(data) > self.max_bytes:
                raise self._too_large()
            out.write(data)
            unchecked += len(data)
            if unchecked > LOOK_BYTES:
                self.check_room(0)
                unchecked = 0

    def check_room(self, need: int) -> None:
        """Raise DiskFullError or NeverFitsError where so many bytes more would touch the reserve."""
        message = (
            f"the archive must be kept on the disk while it is read: {need / MIB:.1f} MiB more"
        )
        check_room(self.folder, need, self.reserve(self.folder), message)

    def _too_large(self) -> LimitError:
        return LimitError(
            f"the archive is larger than {self.max_bytes} bytes (archive.max_total_bytes)",
            suggestion=RAISE_LIMIT.format("archive.max_total_bytes"),
        )


def no_spool(remote: Remote, why: str) -> UnsupportedError:
    """The error where there is no folder to fetch into."""
    return UnsupportedError(
        f"{remote.name} must be fetched whole before it can be read: {why}",
        suggestion="Send it (it is then fetched), or download it and look at the file.",
    )
