"""Destinations by scheme: a dict filled by hand in `wiring`, and the meaning of a DEST text."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from transload.errors import BugError, UsageError
from transload.faults import NextStep, Step

if TYPE_CHECKING:
    from transload.destination_port import Destination

LIBRARY = "library"

Factory = Callable[[str], "Destination"]
"""Makes a destination from what comes after the colon."""
Canonical = Callable[[str], str]
"""What comes after the colon as it is stored: the same for equal destinations. Raises UsageError."""


class Destinations:
    """The known schemes, and the destinations in use: each lives as long as the process, for all jobs that go there."""

    def __init__(self) -> None:
        self._factories: dict[str, Factory] = {}
        self._canonical: dict[str, Canonical] = {}
        self._in_use: dict[str, Destination] = {}

    def add(self, scheme: str, factory: Factory, canonical: Canonical = str) -> None:
        """Make a scheme known. Raises BugError when it already is."""
        if scheme in self._factories:
            raise BugError(f"two destinations claim the scheme {scheme!r}")
        self._factories[scheme], self._canonical[scheme] = factory, canonical

    def is_meant(self, text: str) -> bool:
        """Whether a text begins with a scheme that is known."""
        word, colon, _ = text.strip().partition(":")
        return bool(colon) and word.lower() in self._factories

    def parse(self, text: str, default_library: Path) -> str:
        """The canonical text of a DEST as a job stores it; equal destinations have equal texts.

        A library's folder becomes absolute (`~` and links resolved); a bare `library:` means `default_library`.
        Raises UsageError for a scheme that nobody knows, and for what its destination cannot mean.
        """
        scheme, rest = self._split(text)
        if scheme != LIBRARY:
            return f"{scheme}:{self._canonical[scheme](rest)}"
        return f"{LIBRARY}:{_absolute(Path(rest) if rest.strip() else default_library)}"

    def of(self, canonical: str) -> "Destination":
        """The one adapter for a text that `parse` returned. Raises UsageError when its scheme is not known here."""
        if canonical not in self._in_use:
            scheme, rest = self._split(canonical)
            self._in_use[canonical] = self._factories[scheme](rest)
        return self._in_use[canonical]

    async def close(self) -> None:
        """Close those in use; a later `of` makes them anew."""
        while self._in_use:
            await self._in_use.popitem()[1].close()

    def _split(self, text: str) -> tuple[str, str]:
        if self.is_meant(text):
            word, _, rest = text.strip().partition(":")
            return word.lower(), rest
        known = sorted(self._factories)
        listed = ", ".join(f"{name}:" for name in known)
        raise UsageError(
            f"{text!r} is not a destination; known are {listed}",
            suggestion=Step(NextStep.CORRECT_DESTINATION, self._nearest(text, known)),
        )

    def _nearest(self, text: str, known: list[str]) -> str:
        """The text as it was probably meant: a slip in the scheme, else a folder without its scheme."""
        from difflib import get_close_matches

        word, colon, rest = text.strip().partition(":")
        close = get_close_matches(word.lower(), known, n=1)
        if close and "/" not in word:
            return f"{close[0]}:{rest}"
        return f"{LIBRARY}:{rest if colon and not rest.startswith('//') else word}"


def _absolute(folder: Path) -> Path:
    try:
        return folder.expanduser().resolve()
    except (RuntimeError, ValueError, OSError) as error:  # no such user, a loop of links, a NUL
        raise UsageError(f"{str(folder)!r} cannot be a folder: {error}") from error
