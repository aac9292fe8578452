"""One batch of files onto a file system: temporary name, fsync, rename, one fsync a folder. Blocking.

A file with a final name is whole and on the disk. Only own temporaries are ever removed, nothing is written over.
"""

import ctypes
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from anyio.from_thread import check_cancelled

from transload.blob import Blob
from transload.errors import (
    BugError,
    DeniedError,
    DiskFullError,
    RejectedError,
    StoreError,
    TransloadError,
    UnreachableError,
    is_disk_full,
)
from transload.faults import Fault, NextStep, Step
from transload.files.disk import sync_file, sync_folder
from transload.model import Intent, Output, Parcel
from transload.ports import Answer, Landed, Refusal
from transload.sums import sha256_of
from transload.units import CHUNK_BYTES

TEMP_FOLDER = ".transload"
_TRIES = 10  # how often another job may take the empty folder of temporaries away under our hands
# No hard link here: another file system, one without links, or a kernel that protects links of others' files.
_NO_LINK = frozenset(
    {
        errno.EXDEV,
        errno.EPERM,
        errno.EACCES,
        errno.EMLINK,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.ENOSYS,
    }
)


def temp_name(job_id: str, item_id: int = 0, part: int = 0) -> str:
    """A temporary name of this job and no other; two runs of the same work never share one."""
    return f"{job_id}.{item_id}.{part}.{secrets.token_hex(4)}.part"


def sweep(root: Path, job_id: str) -> None:
    """Remove the job's temporaries, and their folder when nothing else is in it. Raises OSError."""
    own = re.compile(re.escape(job_id) + r"\.\d+\.\d+\.[0-9a-f]{8}\.part")
    folder = root / TEMP_FOLDER
    if not _is_real_folder(folder):
        return
    for path in list(folder.iterdir()):
        if own.fullmatch(path.name):
            path.unlink(missing_ok=True)
    remove_temp_folder(root)


def remove_temp_folder(root: Path) -> None:
    """Remove the folder of temporaries if it is empty."""
    with suppress(OSError):
        (root / TEMP_FOLDER).rmdir()


def new_temp(root: Path, job_id: str) -> Path:
    """An empty temporary of the job, its folder made if missing. Raises OSError, RejectedError."""
    for _ in range(_TRIES):
        temp = _make_temp_folder(root) / temp_name(job_id)
        with suppress(FileNotFoundError):
            temp.touch(exist_ok=False)
            return temp
    raise UnreachableError(f"{root / TEMP_FOLDER} vanishes again and again", stage=STAGE)


def _make_temp_folder(root: Path) -> Path:
    """The folder of temporaries, made if missing. Raises RejectedError when something else has its name."""
    folder = root / TEMP_FOLDER
    with suppress(FileExistsError):
        folder.mkdir()
    if folder.is_symlink() or folder.is_file():
        raise RejectedError(f"{folder} is not a folder of Transload's", stage=STAGE)
    return folder


def make_parents(root: Path, path: str, known: set[Path]) -> None:
    """Make the folders of a final path below the root; those in `known` need no look, new ones are added.

    Raises RejectedError for a link or a file in the way: a link planted in the library must not lead out of it.
    """
    for folder in _folders_between(root, path):
        if folder in known:
            continue
        with suppress(FileExistsError):
            folder.mkdir()
        if not _is_real_folder(folder):
            raise RejectedError(f"{folder} is in the way: it is a link or a file", stage=STAGE)
        known.add(folder)


def sync_way(root: Path, path: str) -> None:
    """Make the names on the way from the root to a delivered file durable. Raises OSError."""
    for folder in (root, *_folders_between(root, path)):
        sync_folder(folder)


def discard(temp: Path) -> None:
    """Remove a temporary; one that cannot be removed is found again by the sweep of its job."""
    with suppress(OSError):
        temp.unlink(missing_ok=True)


def sync_disk(folder: Path) -> None:
    """Make all that was written to the folder's file system durable in one act. Raises OSError."""
    sync = getattr(ctypes.CDLL(None), "syncfs", None) if sys.platform == "linux" else None
    if sync is None:  # the only way elsewhere: all file systems
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if sync(descriptor) != 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))
    finally:
        os.close(descriptor)


def holds(root: Path, output: Output) -> bool:
    """Whether a real file of this size lies at the output's path, reached through real folders only."""
    path = root / output.reference
    try:
        found = path.lstat()
        return (
            stat.S_ISREG(found.st_mode)
            and found.st_size == output.size_bytes
            and all(_is_real_folder(folder) for folder in _folders_between(root, output.reference))
        )
    except (FileNotFoundError, NotADirectoryError, RejectedError):
        return False


def holds_exactly(root: Path, output: Output) -> bool:
    """`holds`, and the content has the output's hash."""
    if not holds(root, output):
        return False
    return sha256_of(root / output.reference, check_cancelled) == output.sha256


@dataclass(frozen=True, slots=True)
class _Staged:
    """A parcel on its way: `temp` is None when an earlier run delivered it already."""

    temp: Path | None
    output: Output


class Delivery:
    """One `put`. `mode` is given to the files (None: whatever the copy has)."""

    def __init__(self, root: Path, job_id: str, mode: int | None) -> None:
        self._root = root
        self._job_id = job_id
        self._mode = mode
        self._temp_folder: Path | None = None
        self._temps: set[Path] = set()
        self._real: set[Path] = set()
        self._touched: set[Path] = set()

    def run(self, intents: Sequence[Intent]) -> list[Answer]:
        """One answer an intent, in order. What still fits is delivered before an error for all is raised."""
        refused: dict[int, Fault] = {}
        try:
            staged, stopped = self._stage_all(intents, refused)
            for temp in self._temps:
                sync_file(temp)
            self._land_all(staged, refused)
            for folder in self._touched:
                sync_folder(folder)
        except OSError as error:
            raise translated(error, self._root) from error
        finally:
            self._discard(set(self._temps))
        if stopped is not None:
            raise stopped
        return [
            Refusal(item_id, refused[item_id])
            if item_id in refused
            else Landed(item_id, outputs(intent))
            for intent in intents
            for item_id in [intent.shipment.item.id]
        ]

    def _stage_all(
        self, intents: Sequence[Intent], refused: dict[int, Fault]
    ) -> tuple[list[tuple[int, list[_Staged]]], TransloadError | None]:
        """What can be landed, and the error that ended staging early."""
        done: list[tuple[int, list[_Staged]]] = []
        for intent in intents:
            item_id = intent.shipment.item.id
            before = set(self._temps)
            try:
                done.append((item_id, self._stage(intent)))
            except OSError as error:
                self._discard(self._temps - before)
                fault = translated(error, self._root)
                if not isinstance(fault, RejectedError):
                    return done, fault
                refused[item_id] = fault.fault()
            except (RejectedError, StoreError) as error:
                self._discard(self._temps - before)
                refused[item_id] = error.fault()
        return done, None

    def _stage(self, intent: Intent) -> list[_Staged]:
        """The parcels of one intent under temporary names, sized and dated."""
        staged: list[_Staged] = []
        parcels = intent.shipment.parcels
        for part, (parcel, output) in enumerate(zip(parcels, outputs(intent), strict=True)):
            make_parents(self._root, output.reference, self._real)
            if self._is_there(output):
                staged.append(_Staged(None, output))
                continue
            temp = self._bring(parcel, temp_name(self._job_id, intent.item_id, part))
            self._finish(temp, parcel)
            staged.append(_Staged(temp, output))
        return staged

    def _is_there(self, output: Output) -> bool:
        """Whether this very delivery already lies there. Raises RejectedError when something else does."""
        final = self._root / output.reference
        try:
            final.lstat()
        except FileNotFoundError:
            return False
        if not holds_exactly(self._root, output):
            raise RejectedError(
                f"another file lies at {output.reference}; it is left as it is", stage=STAGE
            )
        self._touched |= {self._root, *_folders_between(self._root, output.reference)}
        return True

    def _bring(self, parcel: Parcel, name: str) -> Path:
        """The parcel's file under a temporary name inside the library."""
        blob = parcel.blob
        if blob is None:
            raise BugError(f"the bytes of {parcel.name} are not at hand")
        for _ in range(_TRIES):
            if self._temp_folder is None:
                self._temp_folder = _make_temp_folder(self._root)
            temp = self._temp_folder / name
            self._temps.add(temp)
            try:
                _link_or_copy(blob, temp)
            except FileNotFoundError as error:
                # Another job of this library may have found the folder empty and removed it.
                self._temp_folder = None
                if blob.path is not None and not blob.path.is_file():
                    raise StoreError(
                        f"the working copy {blob.name} is gone", stage=STAGE
                    ) from error
            else:
                return temp
        raise UnreachableError(f"{self._root / TEMP_FOLDER} vanishes again and again", stage=STAGE)

    def _finish(self, temp: Path, parcel: Parcel) -> None:
        found = temp.stat()
        if found.st_size != parcel.size_bytes:
            raise StoreError(
                f"the working copy has {found.st_size} bytes instead of {parcel.size_bytes}",
                stage=STAGE,
            )
        with suppress(
            OSError
        ):  # FAT and some mounts know neither modes nor early dates: not worth a delivery
            if self._mode is not None and stat.S_IMODE(found.st_mode) != self._mode:
                temp.chmod(self._mode)
            if parcel.mtime_ms is not None:
                mtime_ns = parcel.mtime_ms * 1_000_000
                os.utime(temp, ns=(mtime_ns, mtime_ns))

    def _land_all(
        self, staged: Sequence[tuple[int, list[_Staged]]], refused: dict[int, Fault]
    ) -> None:
        for item_id, parcels in staged:
            try:
                with translating(self._root):
                    self._land(parcels)
            except RejectedError as error:
                refused[item_id] = error.fault()

    def _land(self, parcels: Sequence[_Staged]) -> None:
        """Rename an item's files to their final names: all of them are free, or none is renamed."""
        missing = [
            parcel for parcel in parcels if parcel.temp and not self._is_there(parcel.output)
        ]
        for parcel in missing:
            if parcel.temp is None:
                continue
            parcel.temp.rename(self._root / parcel.output.reference)
            self._temps.discard(parcel.temp)
            self._touched |= {self._root, *_folders_between(self._root, parcel.output.reference)}

    def _discard(self, temps: set[Path]) -> None:
        for temp in temps:
            discard(temp)
        self._temps -= temps


def outputs(intent: Intent) -> tuple[Output, ...]:
    """What an intent leaves at the destination when it happens."""
    return tuple(
        Output(placement.reference, parcel.size_bytes, parcel.sha256 or "")
        for parcel, placement in zip(intent.shipment.parcels, intent.placements, strict=True)
    )


def _folders_between(root: Path, path: str) -> tuple[Path, ...]:
    """The folders from below the root down to the path's own. Raises RejectedError for a path that climbs."""
    inside, _, name = path.rpartition("/")
    if name in ("", ".", "..") or path.startswith("/") or ".." in inside.split("/"):
        raise RejectedError(f"{path!r} is not a path inside the library", stage=STAGE)
    return _below(root, inside)


@lru_cache(maxsize=4096)  # file after file of a folder, or of many in turn
def folders_of(inside: str) -> tuple[str, ...]:
    """A relative folder and those that it lies in, the innermost first; none for the root itself."""
    pure = PurePosixPath(inside)
    return tuple(str(one) for one in (pure, *pure.parents) if one.parts)


@lru_cache(maxsize=4096)
def _below(root: Path, inside: str) -> tuple[Path, ...]:
    return tuple(root / one for one in reversed(folders_of(inside)))


def _is_real_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _link_or_copy(blob: Blob, temp: Path) -> None:
    """A hard link where the file system gives one (no bytes moved), else a copy that a cancelled job ends early."""
    try:
        if blob.path is not None:
            temp.hardlink_to(blob.path)
            return
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
    with closing(blob.open()) as source, temp.open("xb") as copy:
        while chunk := source.read(CHUNK_BYTES):
            check_cancelled()
            copy.write(chunk)


STAGE = "send"

_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# The file system takes files, but not this one: its name or its size (FAT32: 4 GiB).
_THIS_ONE = frozenset(
    {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EFBIG, errno.ELOOP, errno.EXDEV}
)


def translated(error: OSError, root: Path) -> TransloadError:
    """The error of ours that says the same; never raises."""
    reason = error.strerror or type(error).__name__
    if is_disk_full(error):
        return DiskFullError(f"the disk of {root} is full", stage=STAGE, evidence=str(error))
    if error.errno in _DENIED:
        return DeniedError(
            f"{root} may not be written: {reason}",
            stage=STAGE,
            suggestion=Step(NextStep.GIVE_RIGHT_TO_WRITE, str(root)),
            evidence=str(error),
        )
    if error.errno in _THIS_ONE:
        return RejectedError(
            f"the file system of {root} cannot hold this file: {reason}",
            stage=STAGE,
            evidence=str(error),
        )
    return UnreachableError(
        f"{root} cannot be reached: {reason}",
        stage=STAGE,
        suggestion=f"Mount or create {root}, then run the same command again: it continues.",
        evidence=str(error),
    )


@contextmanager
def translating(root: Path) -> Generator[None]:
    """Turn every OSError of the block into one of ours."""
    try:
        yield
    except OSError as error:
        raise translated(error, root) from error
