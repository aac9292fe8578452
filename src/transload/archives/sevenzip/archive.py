"""How 7zz is brought to an archive: by which program, with which password, and what it says of the whole."""

from collections.abc import Sequence
from pathlib import Path

from transload.archives.sevenzip.arj import with_split_members
from transload.archives.sevenzip.bit7z import last_resort
from transload.archives.sevenzip.listing import (
    SevenZipListing,
    error_of_archive,
    error_of_listing,
    is_unknown,
    parse,
)
from transload.archives.sevenzip.members import ArchiveAccess
from transload.archives.sevenzip.process import RC_PROMPT
from transload.archives.sevenzip.tool import Program, SevenZip
from transload.archives.volumes import with_lost_members
from transload.entry import Limits, Secret
from transload.errors import (
    LimitError,
    PasswordNeededError,
    TransloadError,
    UnsupportedError,
    WrongPasswordError,
)
from transload.faults import Fault
from transload.units import MIB

GET_METHODS = "7-Zip has no decoder for it, pybit7z has: pip install pybit7z"


class SevenZipArchive:
    """One archive as its programs are run on it. `name` is the archive's for people, `missing` are its lost volumes."""

    def __init__(
        self, archive: Path, name: str, tool: SevenZip, limits: Limits, missing: tuple[str, ...]
    ) -> None:
        self._archive = archive
        self._name = name
        self._tool = tool
        self._program: Program = tool
        self._limits = limits
        self._missing = missing
        self._evidence: str | None = None

    def list(self, passwords: Sequence[Secret]) -> tuple[SevenZipListing, Secret | None]:
        """The listing, and the password when the names themselves were encrypted.

        Raises PasswordNeededError, WrongPasswordError; CorruptError or TruncatedError when nothing can be listed.
        """
        listing, status = self._list(None)
        if status != RC_PROMPT:
            error = error_of_listing(self._archive, self._name, listing, status, self._missing)
            if error is not None:
                error.evidence = self._evidence
                raise error
            return listing, None
        for password in passwords:
            listing, status = self._list(password)
            if listing.members:
                return listing, password
        raise lock_error(passwords, "the names in the archive are encrypted")

    def _list(self, password: Secret | None) -> tuple[SevenZipListing, int]:
        with self.access(password).run("l") as run:
            listing = parse(run.lines(), self._limits)
            status = run.end()
        self._evidence = run.evidence()
        if listing.format == "arj":
            listing = with_split_members(listing, self._archive)
        elif listing.format == "zip" and self._missing:
            listing = with_lost_members(listing, self._missing)
        return listing, status

    def undecodable(self, listing: SevenZipListing) -> frozenset[str]:
        """The methods that nothing here decodes. A program that knows what 7zz does not reads from here on."""
        methods = {one.method for one in listing.members if one.kind == "file"}
        unknown = frozenset(method for method in methods if is_unknown(method))
        if unknown and (other := last_resort(self._limits, self._tool.registry)):
            self._program, unknown = other, frozenset[str]()
        return unknown

    def access(self, password: Secret | None) -> ArchiveAccess:
        """What a run needs."""
        return ArchiveAccess(
            self._archive, self._program, password, self._limits.max_dictionary_bytes
        )

    def fault(self, listing: SevenZipListing) -> Fault | None:
        """What makes the archive less than whole, or None."""
        error = error_of_archive(self._archive, self._name, listing, self._missing)
        if error is None:
            return None
        error.evidence = self._evidence
        return error.fault()


def lock_error(passwords: Sequence[Secret], what: str) -> TransloadError:
    """Why something locked stays so, by what was tried."""
    if not passwords:
        return PasswordNeededError(f"{what}; no password was given")
    tried = "the password does not fit" if len(passwords) == 1 else "none of the passwords fits"
    return WrongPasswordError(f"{what}; {tried}")


def no_decoder(method: str) -> UnsupportedError:
    """Why a member of this method cannot be read, and what could."""
    return UnsupportedError(f"packed by method {method}", suggestion=GET_METHODS)


def too_hungry(needed: int, allowed: int) -> LimitError:
    """Why a member is not unpacked that needs so much memory, in bytes."""
    return LimitError(
        f"needs a dictionary of {needed / MIB:,.0f} MiB, allowed are {allowed / MIB:,.0f} MiB"
        " (archive.max_dictionary_bytes)",
        suggestion="Raise archive.max_dictionary_bytes if this machine has the memory, or unpack it on a larger one.",
    )
