"""One file on its way in parts: some at once, each remembered when it has arrived, so that a kill costs those few."""

import hashlib
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from transload.blob import Blob, ByteFile
from transload.clients.outcomes import Done, Gone, Uploaded
from transload.clients.telegram import BIG_BYTES, PART_BYTES
from transload.destinations.telegram.line import Line
from transload.errors import PermanentError, RejectedError, StagedGoneError, TransientError
from transload.ports import Upload, Uploads

PARTS_LIFE_MS = 600_000
"""Parts are kept "between several minutes and several hours" (core.telegram.org/api/files): after ten, all go again."""
TRIES = 3


class AnewError(Exception):
    """What was brought is worth nothing: another content, or Telegram knows nothing of it."""


@dataclass(frozen=True, slots=True)
class FileUploader:
    """Brings files of one item. `now_ms` is the ledger's clock."""

    line: Line
    uploads: Uploads
    now_ms: Callable[[], int]

    async def bring(self, n: int, blob: Blob, size_bytes: int, name: str) -> Uploaded:
        """Bring the item's file `n`: of what an earlier run brought, only what is missing travels.

        Raises RejectedError where it is not what was to be delivered; StagedGoneError where a stream must be read
        again; what has to wait.
        """
        if not size_bytes:
            raise RejectedError("Telegram takes no empty files")
        for _ in range(TRIES):
            upload = await self._begun(n, size_bytes)
            try:
                return await self._brought(n, blob, upload, name)
            except AnewError as error:
                await self.uploads.forget(n)
                if blob.path is None:
                    raise StagedGoneError(f"{name} is read again") from error
        raise RejectedError(f"{name} changes while it is read")

    async def _begun(self, n: int, size_bytes: int) -> Upload:
        upload = await self.uploads.begin(n, new_file_id(), size_bytes, PART_BYTES)
        first = upload.first_part_ms
        if first is not None and self.now_ms() - first > PARTS_LIFE_MS:
            await self.uploads.forget(n)
            upload = await self.uploads.begin(n, new_file_id(), size_bytes, PART_BYTES)
        return upload

    async def _brought(self, n: int, blob: Blob, upload: Upload, name: str) -> Uploaded:
        run = UploadRun(self.line, self.uploads, n, upload)
        file = await to_thread.run_sync(blob.open)
        try:
            md5 = await run.send_all(file)
        finally:
            file.close()
        return Uploaded(int(upload.file_id), run.total, name, "" if run.is_big else md5)

    async def fill(self, blob: Blob, file: Uploaded, part: int) -> None:
        """Bring one part again that Telegram has lost. Raises AnewError where it cannot be read by itself."""
        if blob.path is None:
            raise AnewError
        data = await to_thread.run_sync(_part_of, blob, part)
        big, total = not file.md5, file.parts
        said = await self.line.insisted(
            lambda telegram: telegram.upload_part(file.file_id, part, total, data, big=big)
        )
        if not isinstance(said, Done):
            raise AnewError

    async def bring_small(self, data: bytes, name: str) -> Uploaded:
        """Bring something of one part that nobody needs to go on with: a small picture."""
        file_id = int(new_file_id())
        said = await self.line.insisted(
            lambda telegram: telegram.upload_part(file_id, 0, 1, data, big=False)
        )
        if not isinstance(said, Done):
            raise RejectedError(f"Telegram does not take {name}")
        return Uploaded(file_id, 1, name, hashlib.md5(data, usedforsecurity=False).hexdigest())


def new_file_id() -> str:
    """A number for a file on its way; the account's own, so it need only be random."""
    return str(secrets.randbits(62))


@dataclass(slots=True)
class UploadRun:
    """One attempt at a file. What fails in one part ends the attempt, once those on their way have come to an end."""

    line: Line
    uploads: Uploads
    n: int
    upload: Upload
    _arrived: dict[int, int] = field(default_factory=dict[int, int])
    _remembering: anyio.Lock = field(default_factory=anyio.Lock)
    _error: Exception | None = None

    @property
    def total(self) -> int:
        """How many parts there are."""
        return -(-self.upload.size_bytes // self.upload.part_bytes)

    @property
    def is_big(self) -> bool:
        """Whether its parts travel as those of a big file, without a sum over all."""
        return self.upload.size_bytes > BIG_BYTES

    async def send_all(self, file: ByteFile) -> str:
        """Read from the start to the end, as a stream is read, and send what is missing; the MD5 of all."""
        whole = hashlib.md5(usedforsecurity=False)
        async with anyio.create_task_group() as group:
            for part in range(self.total):
                data = await self._next(file, part)
                if self._error is not None:
                    break
                if not self.is_big:
                    whole.update(data)
                if part not in self.upload.done:
                    await self.line.window.acquire_on_behalf_of(self._place(part))
                    group.start_soon(self._send, part, data)
                elif self.upload.done[part] != zlib.crc32(data):
                    self._error = AnewError()
        if self._error is not None:
            raise self._error
        return whole.hexdigest()

    def _place(self, part: int) -> str:
        """What stands for a part in the window."""
        return f"{self.upload.file_id}.{part}"

    async def _next(self, file: ByteFile, part: int) -> bytes:
        try:
            return await to_thread.run_sync(_next_part, file, self.upload, part)
        except (PermanentError, TransientError) as error:
            self._error = self._error or error
            return b""

    async def _send(self, part: int, data: bytes) -> None:
        try:
            said = await self.line.insisted(
                lambda telegram: telegram.upload_part(
                    int(self.upload.file_id), part, self.total, data, big=self.is_big
                )
            )
            if isinstance(said, Done):
                await self._remember(part, zlib.crc32(data))
            else:
                self._error = self._error or _not_taken(part, said)
        except (PermanentError, TransientError) as error:
            self._error = self._error or error
        finally:
            self.line.window.release_on_behalf_of(self._place(part))

    async def _remember(self, part: int, crc: int) -> None:
        """Note that a part arrived, with all that arrived while the ones before were written."""
        self._arrived[part] = crc
        async with self._remembering:
            if part in self._arrived:
                sums, self._arrived = self._arrived, {}
                await self.uploads.add(self.n, sums)


def _not_taken(part: int, said: object) -> Exception:
    """The error of a part that did not arrive."""
    if isinstance(said, Gone):
        return AnewError()
    return RejectedError(f"Telegram does not take part {part} ({said})")


def _next_part(file: ByteFile, upload: Upload, part: int) -> bytes:
    """The next bytes of a file that may be a stream."""
    wanted = min(upload.part_bytes, upload.size_bytes - part * upload.part_bytes)
    data = file.read(wanted)
    while len(data) < wanted:
        if not (more := file.read(wanted - len(data))):
            raise RejectedError("the working copy is shorter than what was to be delivered")
        data += more
    if part == -(-upload.size_bytes // upload.part_bytes) - 1 and file.read(1):
        raise RejectedError("the working copy is longer than what was to be delivered")
    return data


def _part_of(blob: Blob, part: int) -> bytes:
    file = blob.open()
    try:
        return file.read_at(part * PART_BYTES, PART_BYTES)
    finally:
        file.close()
