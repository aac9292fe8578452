"""Checks of everything an installation needs: what was found, what is needed and why, and how to mend it."""

import errno
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread

from transload.archives.sevenzip.tool import GET, OLDEST, find_sevenzip
from transload.errors import (
    FfmpegMissingError,
    SevenZipMissingError,
    StoreError,
    TransientError,
    TransloadError,
)
from transload.faults import NextStep, Step
from transload.files.disk import free_bytes, reserve_of
from transload.media.encode.ffmpeg import find_ffmpeg
from transload.wiring import Installation

if TYPE_CHECKING:
    from transload.clients.accounts import Account

Status = Literal["ok", "warn", "fail"]

PYTHON_MIN = (3, 11)  # pyproject.toml: requires-python
IMPORT_S = 20.0
FFMPEG_FILTERS = frozenset({"scale", "format", "fps"})
"""What conversions put between decoder and encoder; builds without them exist for phones."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `fix` is what mends it, empty when nothing needs mending."""

    id: str
    status: Status
    found: str
    needed: str
    why: str
    fix: str | Step = ""


async def examine(parts: Installation, *, fix: bool = False) -> list[Check]:
    """All checks, in the order a person mends them. With `fix`, missing folders are made first."""
    blocking: list[Callable[[], Check]] = [
        python,
        lambda: folder_check(
            "data_folder",
            parts.folder.root,
            "ledger, log and bytes on their way live here",
            fix=fix,
        ),
        lambda: space(parts),
        lambda: ledger(parts),
        lambda: folder_check(
            "library", parts.library_dir, "`library:` alone delivers here", fix=fix
        ),
        lambda: lock(parts),
        hostname,
    ]
    checks = [await anyio.to_thread.run_sync(check) for check in blocking]
    checks.append(await ffmpeg(parts.settings.ffmpeg))
    checks.append(await anyio.to_thread.run_sync(sevenzip, parts.settings.archive.tool))
    checks += [await module(*wanted) for wanted in MODULES]
    checks += await telegram(parts)
    return checks


def python() -> Check:
    """The interpreter's version."""
    needed = ".".join(map(str, PYTHON_MIN))
    return Check(
        "python",
        "ok" if sys.version_info >= PYTHON_MIN else "fail",
        platform.python_version(),
        f">= {needed}",
        "the language this is written in",
        "" if sys.version_info >= PYTHON_MIN else f"install Python {needed} or newer",
    )


def folder_check(ident: str, folder: Path, why: str, *, fix: bool) -> Check:
    """Whether a folder is there and a file can be written in it; a missing one that can be made is fine."""
    made = ""
    try:
        if fix and not folder.exists():
            folder.mkdir(parents=True)
            made = ", made now"
        place = next(one for one in (folder, *folder.parents) if one.exists())
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        _write_in(place)
    except OSError as error:
        mend = f"mkdir -p '{folder}' && chmod u+rwx '{folder}', or choose another folder"
        found = f"{folder}: {error.strerror}"
        return Check(ident, "fail", found, "a writable folder", why, mend)
    found = f"{folder}{made}" if folder.exists() else f"{folder} (is made when it is needed)"
    return Check(ident, "ok", found, "a writable folder", why)


def _write_in(folder: Path) -> None:
    probe = folder / f".transload-{os.getpid()}.probe"
    try:
        probe.write_bytes(b"1")
    finally:
        probe.unlink(missing_ok=True)


def space(parts: Installation) -> Check:
    """Free space against the reserve, which is never more than a tenth of the disk."""
    folder = parts.folder.root
    place = next(one for one in (folder, *folder.parents) if one.exists())
    free, reserve = free_bytes(place), reserve_of(place, parts.settings.min_free_bytes)
    enough = free > reserve
    return Check(
        "space",
        "ok" if enough else "fail",
        f"{free >> 20:,} MiB free on the disk of {place}",
        f"more than {reserve >> 20:,} MiB (setting min_free_bytes)",
        "below the reserve every job waits",
        "" if enough else Step(NextStep.CLEAN_UP),
    )


def ledger(parts: Installation) -> Check:
    """SQLite's own check of the ledger; no ledger yet is fine."""
    path, why = parts.folder.ledger, "it remembers what was delivered"
    needed = "an undamaged SQLite file of this version"
    if not path.exists():
        return Check("ledger", "ok", f"{path} (is made by the first job)", needed, why)
    try:
        faults = parts.ledger.database.integrity()
    except StoreError as error:
        faults = [error.detail]
    except TransloadError as error:
        return Check("ledger", "fail", error.detail, needed, why, "free some space on its disk")
    if faults:
        mend = Step(NextStep.RESTORE_LEDGER, str(path))
        return Check("ledger", "fail", "; ".join(faults[:3]), needed, why, mend)
    return Check("ledger", "ok", f"{path}, sound", needed, why)


def lock(parts: Installation) -> Check:
    """Whether another process runs the jobs of this data folder."""
    why = "one process runs the jobs of a data folder, others hand theirs in"
    needed = "free, or held by a running transload"
    if not parts.folder.lock.exists():
        return Check("lock", "ok", "free", needed, why)
    try:
        free = parts.lock.acquire()
    except OSError as error:
        mend = f"chmod u+rw '{parts.folder.lock}'"
        return Check("lock", "fail", f"{parts.folder.lock}: {error.strerror}", needed, why, mend)
    parts.lock.release()
    found = "free" if free else "held by a running transload"
    return Check("lock", "ok", found, needed, why)


def hostname() -> Check:
    """The machine's name, which pins jobs on local files to it."""
    name = platform.node()
    why = "jobs on local files belong to this machine"
    if name:
        return Check("hostname", "ok", name, "a stable name", why)
    return Check("hostname", "warn", "none", "a stable name", why, "hostnamectl set-hostname NAME")


async def ffmpeg(configured: Path | None) -> Check:
    """The encoder program with what it must be able to do."""
    needed = "ffmpeg >= 6 with libx264 and aac"
    why = "converts video and audio; without it such items fail, all others are delivered"
    get = "apt-get install ffmpeg, or: pip install imageio-ffmpeg"
    try:
        tool = await find_ffmpeg(configured)
    except FfmpegMissingError as error:
        return Check("ffmpeg", "fail", error.detail, needed, why, get)
    lacking = sorted(FFMPEG_FILTERS - tool.filters)
    found = f"{tool.path}, version {tool.major or 'unknown'}"
    if lacking:
        return Check("ffmpeg", "fail", f"{found}, without {', '.join(lacking)}", needed, why, get)
    return Check("ffmpeg", "ok", found, needed, why)


def sevenzip(configured: Path | None) -> Check:
    """The program behind 7z, RAR and odd zips; only where there is none at all is something wrong."""
    newest = ".".join(f"{number:02}" for number in OLDEST)
    needed = f"7-Zip >= {newest} with its RAR decoder"
    why = "reads 7z, RAR, encrypted and rare zips; without it plain zips and tars still go"
    try:
        tool = find_sevenzip(configured)
    except SevenZipMissingError as error:
        return Check("sevenzip", "fail", error.detail, needed, why, GET)
    said = "unknown" if tool.version == (0, 0) else "{}.{:02}".format(*tool.version)
    found = f"{tool.path}, version {said}"
    faults = [
        *(["older versions have known holes"] if tool.version < OLDEST else []),
        *(["cannot read RAR"] if not tool.reads_rar else []),
    ]
    if faults:
        return Check("sevenzip", "warn", f"{found}, {', '.join(faults)}", needed, why, GET)
    return Check("sevenzip", "ok", found, needed, why)


async def telegram(parts: Installation) -> list[Check]:
    """The accounts: signed in, free, and how fast they are encrypted. None where no account is configured."""
    from transload.clients.accounts import accounts

    configured = parts.settings.telegram.api_id is not None or parts.settings.telegram.accounts
    known = accounts(parts.settings, parts.folder.telegram)
    if not configured and not any(one.is_signed_in for one in known):
        return []
    library = await module("telethon", "telethon", "speaks to Telegram", "fail")
    if library.status != "ok":
        return [library]
    return [library, cipher(), *[await account(one) for one in known]]


def cipher() -> Check:
    """Which code encrypts what goes to Telegram."""
    from transload.clients.telegram import cipher as used

    why = "encrypts; without it uploads take 2 MB/s of a processor"
    fast = used() == "cryptg"
    mend = "" if fast else f"{sys.executable} -m pip install cryptg"
    return Check("cryptg", "ok" if fast else "warn", used(), "cryptg", why, mend)


async def account(one: "Account") -> Check:
    """Whether Telegram still knows the session of an account."""
    from transload.clients.accounts import signed_in

    ident, why = f"telegram.{one.name}", "delivers to chats, and reads from them"
    needed = "a session that Telegram knows"
    if one.is_signed_in and one.lock.is_held():
        return Check(ident, "ok", "in use by a running transload", needed, why)
    try:
        async with signed_in(one) as connection:
            me = await connection.me()
    except TransloadError as error:
        mend: str | Step = Step(error.kind.step) if error.suggestion is None else error.suggestion
        status: Status = "warn" if isinstance(error, TransientError) else "fail"
        return Check(ident, status, error.detail, needed, why, mend)
    return Check(ident, "ok", f"signed in as {me.name if me else 'nobody'}", needed, why)


MODULES: tuple[tuple[str, str, str, Status], ...] = (
    ("av", "av", "probes video and audio quickly; ffprobe is used where it is missing", "warn"),
    ("pillow", "PIL", "reads and shrinks photos", "fail"),
    ("lz4", "lz4.frame", "reads tar.lz4 and single .lz4 files", "warn"),
    ("pybit7z", "pybit7z", "an extra: reads 7z packed with Zstandard, LZ4 or Brotli", "ok"),
    ("pillow-heif", "pillow_heif", "reads HEIC photos of phones", "warn"),
)


async def module(package: str, name: str, why: str, without: Status) -> Check:
    """Whether a library is there and loads, tried in a child: a broken one may end its process.

    `without` is its status where it is missing: "ok" for an extra. One that does not load is never that.
    """
    install = f"{sys.executable} -m pip install {package}"
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        if without == "ok":
            return Check(package, "ok", f"not installed ({why})", "nothing", why)
        return Check(package, without, "not installed", "any version", why, install)
    with anyio.move_on_after(IMPORT_S):
        done = await anyio.run_process([sys.executable, "-c", f"import {name}"], check=False)
        if done.returncode == 0:
            return Check(package, "ok", version, "any version", why)
    again, broken = f"{install} --force-reinstall", "warn" if without == "ok" else without
    return Check(package, broken, f"{version}, does not load", "one that loads", why, again)
