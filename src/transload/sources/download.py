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

from transload.entry import RAISE_LIMIT
from transload.errors import (
    CorruptError,
    DiskFullError,
    LimitError,
    ShortAnswerError,
    TransientError,
    UnsupportedError,
    fetch_error,
)
from transload.files.durable import sync_written
from transload.files.free_space import check_room
from transload.net.dial import heed_cancel
from transload.net.fetch import Answer, Web
from transload.sources.remote import Remote, span_of
from transload.units import KIB, MIB

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
        told = f"the archive must be kept on the disk while it is read: {need / MIB:.1f} MiB more"
        check_room(self.folder, need, self.reserve(self.folder), told)

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
