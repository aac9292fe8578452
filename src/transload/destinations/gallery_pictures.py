"""Small pictures beside a gallery: `.gallery/ab/cdef0123456789.jpg`, named by the content of the file they show.

They can be made again from the files at any time, so they are written without waiting for the disk and made durable
all at once, when the page is: ten thousand calls of fsync took forty seconds. Folders of two letters keep old file
systems fast. Blocking; raises OSError.
"""

import os
import re
import stat
from collections.abc import Collection
from pathlib import Path

from transload.destinations import delivery

FOLDER = ".gallery"
KEY_SIGNS = 16
"""Hexadecimal signs of a SHA-256 that name a picture: two of ten thousand are the same once in 10^11 libraries."""
_SHARD = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{14}\.jpg")
_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"


def key_of(sha256: str) -> str:
    """What names the picture of a file with this content."""
    return sha256[:KEY_SIGNS]


def path_of(key: str) -> str:
    """Where a picture lies, as seen from the page."""
    return f"{FOLDER}/{key[:2]}/{key[2:]}.jpg"


class Pictures:
    """Those of one folder of the library; a link in the place of one of its folders is never followed."""

    def __init__(self, root: Path, folder: str, job_id: str) -> None:
        self._root = root
        self._folder = folder
        self._job_id = job_id
        self._own: set[Path] = set()

    def keep(self, key: str, jpeg: bytes) -> None:
        """Write a picture under a temporary name and rename it; the folder of temporaries is the caller's to remove.

        Raises RejectedError for what is in the way.
        """
        path = f"{self._folder}/{path_of(key)}"
        delivery.make_parents(self._root, path, self._own)
        temp = delivery.new_temp(self._root, self._job_id)
        try:
            temp.write_bytes(jpeg)
            temp.replace(self._root / path)
        finally:
            delivery.discard(temp)

    def size(self, key: str) -> int:
        """Bytes of the whole picture that is there; 0 when there is none, or only what a power cut left of one."""
        path = self._root / self._folder / path_of(key)
        if not (self._is_own(path.parents[1]) and self._is_own(path.parent)):
            return 0
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return 0
        with os.fdopen(descriptor, "rb") as file:
            content = file.read()
        return len(content) if content.startswith(_BEGIN) and content.endswith(_END) else 0

    def read(self, key: str) -> bytes:
        """A picture that is there."""
        return (self._root / self._folder / path_of(key)).read_bytes()

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove pictures that no tile shows, and folders empty then; make the rest durable, all at once."""
        top = self._root / self._folder / FOLDER
        if not self._is_own(top):
            return
        for shard in sorted(top.iterdir()):
            if not _SHARD.fullmatch(shard.name) or not self._is_own(shard):
                continue
            for path in shard.iterdir():
                if _NAME.fullmatch(path.name) and shard.name + path.stem not in wanted:
                    path.unlink(missing_ok=True)
            self._leave(shard)
        if not self._leave(top):
            delivery.sync_disk(top)

    def _leave(self, folder: Path) -> bool:
        """Remove a folder that is empty; whether it was."""
        try:
            folder.rmdir()
        except OSError:
            return False
        self._own.discard(folder)
        return True

    def _is_own(self, folder: Path) -> bool:
        if folder not in self._own:
            try:
                mode = folder.lstat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                return False
            if not stat.S_ISDIR(mode):
                return False
            self._own.add(folder)
        return True
