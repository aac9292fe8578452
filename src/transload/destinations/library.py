"""A folder of readable names as destination: inner folders kept, modification times kept, one gallery a source."""

import re
import stat
import threading
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from anyio import to_thread

from transload.destinations import delivery, gallery
from transload.destinations.delivery import STAGE, translating
from transload.destinations.gallery_page import FOLDER as PICTURES
from transload.destinations.gallery_page import Pictures, key_of
from transload.entry import MEDIA_SUFFIXES
from transload.errors import DeniedError, RejectedError, UnreachableError
from transload.faults import NextStep, Step
from transload.files.disk import sync_written
from transload.json_codec import JsonObject
from transload.model import Intent, Job, Output, Placement, Shipment
from transload.ports import Answer, Claims, Holder, Landed, Picture, Powers, Records

# Readable names that are safe as paths, made from names that are not. Pure; the only road from a name to a path.


COMPONENT_MAX_BYTES = (
    200  # file systems take 255 (ext4, APFS, NTFS in UTF-16): room for " (2)" and a new ending
)
PATH_MAX_BYTES = 1000  # of 1024 (macOS) and 4096 (Linux) for the whole path, so the library's own root still fits
DEPTH_MAX = 32
SUFFIX_MAX_BYTES = 16

_SEPARATORS = re.compile(r"[\\/]+")
_DRIVE = re.compile(r"\A[A-Za-z]:")
_FORBIDDEN = re.compile('[<>:"|?*\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
# Unicode property Bidi_Control: they reorder what a reader sees, so that "gpj.exe" shows as "exe.jpg".
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Windows: "Naming files, paths and namespaces"; reserved with any ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.I)
_SUFFIX = re.compile(r"(?<=[^.])\.[^\s.]+$")


def safe_parts(name: str) -> tuple[str, ...]:
    """The components of a safe relative path for an entry's name; at least one, never `.` or `..`.

    Bounds: `COMPONENT_MAX_BYTES` each, `DEPTH_MAX` components, `PATH_MAX_BYTES` joined by "/". What is too deep loses
    its innermost folders, never the file's own name.
    """
    relative = _DRIVE.sub("", name.lstrip("\\/"), count=1)
    parts = [part for part in map(_component, _SEPARATORS.split(relative)) if part]
    if not parts:
        return ("file",)
    folders, file = parts[:-1][: DEPTH_MAX - 1], parts[-1]
    while len("/".join([*folders, file]).encode()) > PATH_MAX_BYTES:
        folders.pop()
    return (*folders, file)


def _component(text: str) -> str:
    """One safe component, or "" for what names nothing (empty, `.`, `..`, only dots and spaces)."""
    plain = _BIDI.sub("", _FORBIDDEN.sub("_", text))
    plain = unicodedata.normalize("NFC", plain).strip().rstrip(". ")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    stem, suffix = _split(plain)
    if len(suffix.encode()) > SUFFIX_MAX_BYTES:
        stem, suffix = plain, ""
    return _cut(stem, COMPONENT_MAX_BYTES - len(suffix.encode())) + suffix


def _cut(text: str, size_bytes: int) -> str:
    """As much of the text as fits, never half a character, ending in neither a dot nor a space."""
    raw = text.encode()
    if len(raw) <= size_bytes:
        return text
    return raw[:size_bytes].decode(errors="ignore").rstrip(". ")


def _split(name: str) -> tuple[str, str]:
    """Stem and ending; the ending is "" for `.hidden`, `Mr. Smith` and names without one."""
    found = _SUFFIX.search(name)
    if found is None or "/" in found[0] or name[: found.start()].endswith("/"):
        return name, ""
    return name[: found.start()], found[0]


def numbered(name: str, number: int) -> str:
    """The `number`th of equal names: `a.jpg`, `a (2).jpg`. `name` may be a path; only its last part changes."""
    if number < 2:
        return name
    stem, suffix = _split(name)
    return f"{stem} ({number}){suffix}"


def key(path: str) -> str:
    """What two paths share when a file system that ignores case or composition takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def with_suffix(name: str, suffix: str) -> str:
    """The name with this ending: in place of a media ending, else after what is there. `name` may be a path."""
    stem, old = _split(name)
    if old.casefold() == suffix.casefold():
        return name
    return (stem if old.casefold() in MEDIA_SUFFIXES else name) + suffix


def _names_of(shipment: Shipment) -> list[tuple[str, ...]]:
    """What the files of a shipment would be called, each as the parts of its path."""
    names = [parcel.name for parcel in shipment.parcels]
    if shipment.judgement.suffix is not None:
        names[0] = with_suffix(names[0], shipment.judgement.suffix)
    return [safe_parts(name) for name in names]


def _above(path: str) -> tuple[str, ...]:
    """The folders that a path lies in, the innermost first."""
    return delivery.folders_of(path.rpartition("/")[0])


# What is doubtful the disk itself shows.
_AS_ON_DISK: dict[Holder | None, str] = {"output": "file", "claim": "dir"}
_PROBE_BYTES = 4096
_HINTS_MAX = 10_000
# Where systems mount disks: a missing folder directly below is a disk that is not there, not a folder to make.
_MOUNT_FOLDERS = ("/mnt", "/media", "/media/*", "/run/media", "/run/media/*", "/Volumes")


class Library:
    """The `Destination` port on a folder; `root` is absolute. Blocking work runs in worker threads, of several jobs."""

    limit_bytes: int | None = None
    powers = Powers()

    def __init__(self, root: Path) -> None:
        self.root = root
        self._devices: dict[str, int] = {}  # by job: what disk the folder was on when it was opened
        self._mode: int | None = None
        self._hints: dict[str, int] = {}
        self._waiting: dict[str, dict[str, bytes]] = {}  # small pictures of a folder, by their keys
        self._waiting_lock = threading.Lock()

    async def open(self, job: Job) -> None:
        """Make the folder and prove with a real write that it takes files.

        Raises DeniedError, UnreachableError (a file in the way, a disk that is not mounted), DiskFullError.
        """
        await to_thread.run_sync(self._open, job.id)

    def scopes(self, job: Job) -> tuple[str, ...]:  # noqa: ARG002  the port's
        """A folder never asks to wait."""
        return ()

    def claim_folder(self, job: Job, source_identity: str, claims: Claims) -> str | None:
        """The source's folder: the one it had, else its title as one safe name that nothing else has."""
        if (known := claims.owned_by(source_identity)) is not None:
            return known
        words = re.sub(r"[\\/]+", "_", job.title).lstrip(". ")
        name = safe_parts(words)[0] if words else "untitled"
        number = 1
        with translating(self.root):
            while claims.holder(key(numbered(name, number))) or self._is_occupied(
                numbered(name, number)
            ):
                number += 1
        claims.add(key(numbered(name, number)), numbered(name, number), source_identity)
        return numbered(name, number)

    def plan(
        self, job: Job, shipments: Sequence[Shipment], claims: Claims
    ) -> list[tuple[Placement, ...]]:
        """A free path for each parcel below the job's folder; the first gets the ending its judgement asks for."""
        folder = job.folder or ""
        own = (gallery.FILE_NAME, PICTURES)
        mine = {key(f"{folder}/{name}"): "file" for name in own}
        wanted = [_names_of(one) for one in shipments]
        paths = {f"{folder}/{'/'.join(name)}" for names in wanted for name in names}
        claims.look_up({key(one) for path in paths for one in (path, *_above(path))})
        with translating(self.root):
            return [
                tuple(self._place(folder, name, claims, mine) for name in names) for names in wanted
            ]

    async def foresee(self, job: Job, intents: Sequence[Intent]) -> JsonObject:  # noqa: ARG002  the port's
        """Nothing: every file is found by its path."""
        return {}

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        """Deliver a batch in one thread hop; the files and their folders are durable when it comes back.

        Raises DeniedError, UnreachableError, DiskFullError after delivering what could still be delivered.
        """
        return await to_thread.run_sync(self._deliver, job, intents)

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:
        """Those whose every file lies at its path with the right content. Raises DeniedError, UnreachableError."""
        return await to_thread.run_sync(self._look_up, job.id, intents)

    async def holds(self, outputs: Sequence[Output]) -> bool:
        """Whether all files are there with their sizes; nothing is read."""
        return await to_thread.run_sync(self._holds, outputs)

    async def sweep(self, job: Job) -> None:
        """Remove the temporaries of this job; to be called by the one task that writes for it."""
        await to_thread.run_sync(self._sweep, job.id)

    async def close(self) -> None:
        """Nothing is held open between two calls."""

    async def close_job(self, job: Job, records: Records, picture: Picture) -> None:
        """Write the gallery of the job's folder, if anything lies there; a job that never got one has nothing to show.

        Raises DeniedError, UnreachableError, DiskFullError. No temporary of the job is left.
        """
        await self.sweep(job)
        if job.folder is not None:
            await to_thread.run_sync(self._write_pictures, job)
            with translating(self.root):
                await gallery.write(self.root, job, records, picture)
        self._devices.pop(job.id, None)

    def _open(self, job_id: str) -> None:
        with translating(self.root):
            self._make_root()
            try:
                probe = delivery.new_temp(self.root, job_id)
            except RejectedError as error:
                raise DeniedError(
                    f"{self.root / delivery.TEMP_FOLDER} is not a folder",
                    stage=STAGE,
                    suggestion=Step(NextStep.REMOVE_FILE),
                ) from error
            try:
                with probe.open("wb") as file:
                    file.write(bytes(_PROBE_BYTES))
                    sync_written(file)
                self._mode = stat.S_IMODE(probe.stat().st_mode)
            finally:
                delivery.discard(probe)
                delivery.remove_temp_folder(self.root)
            self._devices[job_id] = self.root.stat().st_dev

    def _make_root(self) -> None:
        if self.root.is_dir():
            return
        if self.root.exists():
            raise UnreachableError(
                f"{self.root} is a file, not a folder",
                stage=STAGE,
                suggestion=Step(NextStep.CHOOSE_DESTINATION),
            )
        there = next(above for above in self.root.parents if above.exists())
        if not there.is_mount() and any(there.match(pattern) for pattern in _MOUNT_FOLDERS):
            raise UnreachableError(
                f"{self.root} is not there and neither is the disk it would be on",
                stage=STAGE,
                suggestion="Mount the disk, or create the folder, then run the same command again.",
            )
        self.root.mkdir(parents=True, exist_ok=True)

    def _check_root(self, job_id: str) -> None:
        """Notice an unplugged disk: its mount point would take the files of the rest of the job."""
        device = self.root.stat().st_dev
        if self._devices.get(job_id, device) != device:
            raise UnreachableError(f"{self.root} is no longer the disk it was", stage=STAGE)

    def _deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        with translating(self.root):
            self._check_root(job.id)
        answers = delivery.Delivery(self.root, job.id, self._mode).run(intents)
        small = {
            key_of(intent.shipment.parcels[0].sha256 or ""): intent.shipment.thumb
            for intent, answer in zip(intents, answers, strict=True)
            if intent.shipment.thumb and isinstance(answer, Landed)
        }
        with self._waiting_lock:
            waiting = self._waiting.setdefault(job.folder or "", {})
            waiting |= small
            is_much = sum(map(len, waiting.values())) > gallery.INSIDE_MAX_BYTES
        if is_much:
            self._write_pictures(job)
        delivery.remove_temp_folder(self.root)
        return answers

    def _write_pictures(self, job: Job) -> None:
        """Put the small pictures that wait beside the page; few enough for the page itself are not seen until then.

        A kill loses those that wait: the page makes them again.
        """
        pictures = Pictures(self.root, job.folder or "", job.id)
        with self._waiting_lock:
            waiting = self._waiting.pop(job.folder or "", {})
        for name, jpeg in waiting.items():
            with suppress(OSError, RejectedError):  # no reason to fail what was delivered
                pictures.keep(name, jpeg)

    def _look_up(self, job_id: str, intents: Sequence[Intent]) -> list[Landed]:
        with translating(self.root):
            self._check_root(job_id)
            there = [Landed(one.item_id, delivery.outputs(one)) for one in intents]
            found = [one for one in there if one.outputs and self._happened(one.outputs)]
            for landed in found:
                for output in landed.outputs:
                    delivery.sync_way(self.root, output.reference)
            return found

    def _happened(self, outputs: Sequence[Output]) -> bool:
        return all(delivery.holds_exactly(self.root, output) for output in outputs)

    def _holds(self, outputs: Sequence[Output]) -> bool:
        with translating(self.root):
            return all(delivery.holds(self.root, output) for output in outputs)

    def _sweep(self, job_id: str) -> None:
        with translating(self.root):
            delivery.sweep(self.root, job_id)

    def _is_occupied(self, name: str) -> bool:
        """Whether the disk has something of that name that is not an empty folder."""
        match self._on_disk(name):
            case None:
                return False
            case "dir":
                return any((self.root / name).iterdir())
            case _:
                return True

    def _on_disk(self, path: str) -> str | None:
        """ "file" (anything that is no real folder), "dir" or None."""
        try:
            mode = (self.root / path).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        return "dir" if stat.S_ISDIR(mode) else "file"

    def _place(
        self, folder: str, parts: tuple[str, ...], claims: Claims, mine: dict[str, str]
    ) -> Placement:
        """A free path for a file, claimed with the folders above it; `mine` is what this batch has taken."""
        path = self._free_path(folder, parts, claims, mine)
        mine[key(path)] = "file"
        for one in _above(path):
            if mine.setdefault(key(one), "dir") == "dir":
                claims.add(key(one), one)
        return Placement(path, key(path))

    def _free_path(
        self, folder: str, parts: tuple[str, ...], claims: Claims, mine: dict[str, str]
    ) -> str:
        """The parts below `folder`; a folder keeps out of the way of files, a file out of everything's."""

        def holder(path: str) -> str | None:
            known = _AS_ON_DISK.get(claims.holder(key(path)))
            return mine.get(key(path)) or known or self._on_disk(path)

        here = folder
        for part in parts[:-1]:
            here = self._first(f"{here}/{part}", lambda path: holder(path) != "file")
        return self._first(f"{here}/{parts[-1]}", lambda path: holder(path) is None)

    def _first(self, path: str, fits: Callable[[str], bool]) -> str:
        """The path, or its first numbered sister that fits; thousands of equal names stay cheap."""
        if fits(path):
            return path
        number = self._hints.get(key(path), 2)
        while not fits(numbered(path, number)):
            number += 1
        if len(self._hints) >= _HINTS_MAX:
            self._hints.clear()
        self._hints[key(path)] = number
        return numbered(path, number)
