"""The destinations that the suite runs against, each with a window on what really lies there."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from transload.destinations.library import Library
from transload.ports import Destination


class Target(Protocol):
    """A destination with a window on what really lies there."""

    destination: Destination

    def files(self) -> dict[str, bytes]:
        """Everything delivered, by path relative to the destination; temporaries count too."""
        ...

    def plant(self, path: str, content: bytes) -> None:
        """Put a foreign file there."""
        ...

    def mtime_ms(self, path: str) -> int | None:
        """The kept modification time; None where the destination cannot keep one."""
        ...


class LibraryTarget:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.destination: Destination = Library(root)

    def files(self) -> dict[str, bytes]:
        found = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    def plant(self, path: str, content: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    def mtime_ms(self, path: str) -> int | None:
        return (self.root / path).stat().st_mtime_ns // 1_000_000


# On another disk than the scratch folder there are no hard links to it: files are copied.
OTHER_DISK = Path("/dev/shm")

TARGETS: dict[str, Callable[[Path], Target]] = {
    "library": LibraryTarget,
    "library_on_another_disk": LibraryTarget,
}
