"""All kinds of sources behind one door: a scheme chooses who answers."""

import re
from collections.abc import Callable

from transload.entry import Opening
from transload.errors import BugError, UsageError
from transload.ports import Source, SourceRef, Sources

Factory = Callable[[], Sources]
"""Makes the adapter of one scheme; called once, when the scheme is first needed."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: `C:` is a drive


class SourceRegistry:
    """The `Sources` port over adapters by scheme; what names no known scheme is a path and goes to `local`."""

    def __init__(self, local: Factory) -> None:
        self._factories: dict[str, Factory] = {"local": local}
        self._made: dict[str, Sources] = {}

    def add(self, scheme: str, factory: Factory) -> None:
        """Register an adapter. Raises BugError when another one has its scheme."""
        if scheme in self._factories:
            raise BugError(f"two sources claim the scheme {scheme!r}")
        self._factories[scheme] = factory

    def resolve(self, text: str) -> SourceRef:
        """The source a user means, as the port says; UsageError for a scheme that nobody serves."""
        return self._adapter(text).resolve(text)

    def open(self, ref: str, opening: Opening) -> Source:
        """Open a source for reading, as the port says."""
        return self._adapter(ref).open(ref, opening)

    def _adapter(self, text: str) -> Sources:
        match = _SCHEME.match(text)
        scheme = match[1].lower() if match else "local"  # keyboards of phones begin with a capital
        if scheme not in self._factories:
            if text.lower().startswith(f"{scheme}://"):
                known = ", ".join(sorted(self._factories))
                raise UsageError(f"no kind of source is called {scheme}:// (known: {known})")
            scheme = "local"
        if scheme not in self._made:
            self._made[scheme] = self._factories[scheme]()
        return self._made[scheme]
