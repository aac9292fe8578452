"""Every error a user can meet, as exceptions; what a kind of error is, its class says.

Code decides by exception *type*; the kind is the stable word outside. Families: *try again* (`TransientError`),
*never again* (`PermanentError`: the item or the job ends with this reason), *our bug* (any other exception).
A class without a kind of its own has that of its base; two families may share one.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Self

from transload.faults import (
    EXIT_BUG,
    EXIT_ENVIRONMENT,
    EXIT_INPUT,
    EXIT_USAGE,
    Fault,
    Kind,
    NextStep,
    Step,
)


class TransloadError(Exception):
    """Base of every error that is not a bug. The class docstring is the default detail."""

    kind: ClassVar[Kind]

    def __init__(
        self,
        detail: str | None = None,
        *,
        stage: str | None = None,
        item: str | None = None,
        suggestion: str | Step | None = None,
        evidence: str | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.stage = stage
        self.item = item
        self.suggestion = suggestion
        self.evidence = evidence
        super().__init__(self.detail)

    @property
    def exit_status(self) -> int:
        """Exit status of a command that ends with this error (contract section 2)."""
        return self.kind.exit_status

    def fault(self) -> Fault:
        """The same as a value, for rows, reports and JSON."""
        return Fault(
            self.kind.word,
            self.detail,
            stage=self.stage,
            item=self.item,
            suggestion=self.suggestion,
            evidence=self.evidence,
        )


class TransientError(TransloadError):
    """Family: the same act may work later.

    With a `scope` (an account's method, a chat, a host) everything of that scope waits, and the wait never ends a job:
    as long as the other side asks (`retry_after_s`), else, for an outage, longer from one to the next.
    """

    scope: str | None = None
    retry_after_s: float | None = None

    def within(self, scope: str, retry_after_s: float | None = None) -> Self:
        """The same error, of this scope."""
        self.scope = scope
        self.retry_after_s = self.retry_after_s if retry_after_s is None else retry_after_s
        return self


class PermanentError(TransloadError):
    """Family: the same act on the same bytes will fail again."""


class UsageError(PermanentError):
    """The command was given words it does not take."""

    kind = Kind("input.usage", "Wrong usage", 400, "never", NextStep.SEE_HELP, EXIT_USAGE)


class SettingError(PermanentError):
    """A setting is unknown or its value cannot be read."""

    kind = Kind(
        "input.setting",
        "Unknown or wrong setting",
        400,
        "operator",
        NextStep.LIST_SETTINGS,
        EXIT_USAGE,
    )


class SourceNotFoundError(PermanentError):
    """There is nothing at that path."""

    kind = Kind(
        "input.not_found", "Source not found", 404, "operator", NextStep.CHECK_PATH, EXIT_USAGE
    )


class UnreadableError(PermanentError):
    """The source is there but cannot be read."""

    kind = Kind("input.unreadable", "Source cannot be read", 422, "operator", NextStep.CHECK_FILE)


class UnsupportedError(PermanentError):
    """No reader here knows this format or this compression method."""

    kind = Kind("input.unsupported", "Format not supported", 415, "never", NextStep.UNPACK)


class NeedsLocalFileError(UnsupportedError):
    """This archive can only be read from a file on this machine."""


class NotArchiveError(UnsupportedError):
    """The file is no archive of any kind that is known, readable here or not."""


class PartInsideError(UnsupportedError):
    """One of several files of an archive, where they are not put together: inside another one, or on a server."""


class NotMediaError(PermanentError):
    """It is no photo, video or sound, although its name promises one or nothing else was sent."""

    kind = Kind(
        "input.not_media", "Not a photo, video or sound", 415, "never", NextStep.SEND_ALL_FILES
    )


class CorruptError(PermanentError):
    """The bytes are damaged."""

    kind = Kind("input.corrupt", "Damaged", 422, "never", NextStep.GET_AGAIN)


class TruncatedError(PermanentError):
    """The file ends before its content does."""

    kind = Kind("input.truncated", "Cut short", 422, "never", NextStep.DOWNLOAD_AGAIN)


class LimitError(PermanentError):
    """A safety limit was reached."""

    kind = Kind("input.limit", "Beyond a safety limit", 422, "operator", NextStep.RAISE_LIMIT)


class PasswordNeededError(PermanentError):
    """The content is encrypted and no password fits."""

    kind = Kind(
        "input.password_needed",
        "A password is needed",
        401,
        "credentials",
        NextStep.GIVE_PASSWORD,
        EXIT_INPUT,
    )


class WrongPasswordError(PermanentError):
    """Passwords were given, and none of them fits."""

    kind = Kind(
        "input.wrong_password",
        "The password does not fit",
        401,
        "credentials",
        NextStep.GIVE_OTHER_PASSWORD,
        EXIT_INPUT,
    )


class MissingVolumeError(PermanentError):
    """A part of an archive in several files is not there."""

    kind = Kind(
        "input.missing_volume",
        "A part of the archive is missing",
        422,
        "operator",
        NextStep.ADD_VOLUME,
    )


class InvalidUrlError(PermanentError):
    """The address cannot be understood."""

    kind = Kind(
        "input.invalid_url",
        "Not a web address",
        400,
        "never",
        NextStep.GIVE_WHOLE_ADDRESS,
        EXIT_USAGE,
    )


class BlockedAddressError(PermanentError):
    """The address leads to where this installation may not read."""

    kind = Kind(
        "input.blocked_address",
        "Address not allowed",
        403,
        "operator",
        NextStep.ALLOW_NETWORK,
        EXIT_USAGE,
    )


class RemoteNotFoundError(PermanentError):
    """The server has nothing at this address."""

    kind = Kind(
        "source.not_found", "Not found on the server", 404, "never", NextStep.OPEN_IN_BROWSER
    )


class RemoteForbiddenError(PermanentError):
    """The server does not give this file."""

    kind = Kind("source.forbidden", "The server refuses", 403, "operator", NextStep.GET_FRESH_LINK)


class RemoteLoginError(PermanentError):
    """The server asks for a login."""

    kind = Kind(
        "source.login_required",
        "The server wants a login",
        401,
        "credentials",
        NextStep.GIVE_LOGIN,
        EXIT_INPUT,
    )


class RemoteBusyError(TransientError):
    """The server asks to come back later."""

    kind = Kind(
        "source.rate_limited", "The server asks to wait", 429, "auto", NextStep.CONTINUE_LATER
    )


class WithheldError(RemoteBusyError):
    """The server asks to come back later for one file, though it lists it.

    `index` is that of the file in its source, once whoever reads the source has said so.
    """

    index: int | None = None


class RemoteBrokenError(TransientError):
    """The server answers with an error of its own."""

    kind = Kind(
        "source.server_error", "The server has a fault", 502, "auto", NextStep.CONTINUE_LATER
    )


class UnsteadyError(PermanentError):
    """The server does not give a file although it lists it, or contradicts itself about it."""

    kind = RemoteBrokenError.kind


class DnsError(TransientError):
    """The name of the server is not known."""

    kind = Kind("net.dns", "Server name unknown", 502, "auto", NextStep.CHECK_ADDRESS)


class ConnectError(TransientError):
    """The server cannot be reached."""

    kind = Kind("net.connect", "Server not reachable", 502, "auto", NextStep.CHECK_NETWORK)


class ConnectionLostError(TransientError):
    """The connection broke off."""

    kind = Kind("net.reset", "Connection lost", 502, "auto", NextStep.CONTINUE)


class NetworkTimeoutError(TransientError):
    """The server did not answer in time."""

    kind = Kind("net.timeout", "No answer in time", 504, "auto", NextStep.CONTINUE)


class WaitingError(TransientError):
    """A scope must not be asked for a while: the task gives its slot back until then. The fault is that of the wait."""

    def __init__(self, wait: "Wait") -> None:
        super().__init__(wait.fault.detail)
        self.wait = wait

    def fault(self) -> Fault:
        """That of the wait."""
        return self.wait.fault


class TlsError(PermanentError):
    """The server's certificate cannot be trusted."""

    kind = Kind("net.tls", "Certificate not trusted", 502, "operator", NextStep.CHECK_CLOCK)


class ShortAnswerError(TransientError):
    """The answer ended before its promised length."""

    kind = Kind("net.truncated", "The answer was cut short", 502, "auto", NextStep.CONTINUE)


class SevenZipMissingError(PermanentError):
    """No fit 7-Zip was found; this archive cannot be read without it."""

    kind = Kind(
        "tool.sevenzip",
        "7-Zip is missing or unfit",
        503,
        "operator",
        NextStep.GET_TOOL,
        EXIT_ENVIRONMENT,
    )


class FfmpegMissingError(PermanentError):
    """No fit ffmpeg was found; videos cannot be converted."""

    kind = Kind(
        "tool.ffmpeg",
        "ffmpeg is missing or unfit",
        503,
        "operator",
        NextStep.GET_TOOL,
        EXIT_ENVIRONMENT,
    )


class MemoryLimitError(PermanentError):
    """The decoder needed more memory than its limit allows."""

    kind = Kind(
        "tool.memory",
        "Needs more memory than allowed",
        507,
        "operator",
        NextStep.USE_LARGER_MACHINE,
    )


class ConvertError(PermanentError):
    """The converter could not make the file."""

    kind = Kind("convert.failed", "Conversion failed", 422, "never", NextStep.SEE_QUARANTINE)


class StalledError(TransientError):
    """The converter's counters stopped moving."""

    kind = Kind("convert.stalled", "Conversion stopped moving", 504, "auto", NextStep.RETRY_JOB)


class UnverifiedError(PermanentError):
    """The converted file failed verification: it is not delivered."""

    kind = Kind(
        "convert.unverified", "Converted file is not right", 422, "never", NextStep.SEE_QUARANTINE
    )


class DeniedError(PermanentError):
    """The destination may not be written."""

    kind = Kind(
        "dest.denied",
        "Destination refuses writing",
        403,
        "operator",
        NextStep.MAKE_WRITABLE,
        EXIT_ENVIRONMENT,
    )


class UnreachableError(PermanentError):
    """The destination is not there."""

    kind = Kind(
        "dest.unreachable",
        "Destination is not there",
        503,
        "operator",
        NextStep.MOUNT,
        EXIT_ENVIRONMENT,
    )


class DestinationBusyError(TransientError):
    """The destination asks to come back later."""

    kind = Kind(
        "dest.rate_limited", "The destination asks to wait", 429, "auto", NextStep.CONTINUE_LATER
    )


class StagedGoneError(TransientError):
    """What was brought to the destination before its album is there no more; it is brought again."""

    kind = DestinationBusyError.kind


class AccountError(PermanentError):
    """Nobody is signed in at the destination."""

    kind = Kind(
        "dest.auth", "Nobody is signed in", 401, "credentials", NextStep.SIGN_IN, EXIT_INPUT
    )


class LoginRefusedError(AccountError):
    """The login was refused."""


class RejectedError(PermanentError):
    """The destination refused this item."""

    kind = Kind(
        "dest.rejected", "Destination refused the item", 422, "never", NextStep.SEE_QUARANTINE
    )


class TooBigError(PermanentError):
    """The item is larger than a file may be at the destination."""

    kind = Kind(
        "dest.too_big", "Too large for the destination", 413, "never", NextStep.DELIVER_TO_LIBRARY
    )


class DiskFullError(TransientError):
    """There is no room left on the disk."""

    kind = Kind(
        "store.disk_full", "Disk full", 507, "operator", NextStep.FREE_SPACE, EXIT_ENVIRONMENT
    )


class NeverFitsError(PermanentError):
    """This entry is larger than the whole disk; waiting for room cannot help."""

    kind = DiskFullError.kind


class StoreError(PermanentError):
    """The ledger or the scratch folder cannot be used; it is never taken for empty."""

    kind = Kind(
        "store.io",
        "The data folder cannot be used",
        500,
        "operator",
        NextStep.CHECK_DISK,
        EXIT_ENVIRONMENT,
    )


class CancelledJobError(PermanentError):
    """The job was cancelled."""

    kind = Kind("job.cancelled", "Cancelled", 409, "operator", NextStep.TAKE_UP_JOB)


class StuckError(PermanentError):
    """Work on this item ended the program again and again without progress."""

    kind = Kind(
        "job.stuck", "Ended Transload again and again", 500, "operator", NextStep.TRY_ONCE_MORE
    )


class LostLeaseError(TransientError):
    """Another worker holds this task now; nothing more may be written for it here."""

    kind = Kind("job.lost_lease", "Another worker took over", 409, "auto", NextStep.NOTHING)


class BusyError(TransientError):
    """Another process holds the data folder."""

    kind = Kind(
        "job.busy", "Already in use", 409, "auto", NextStep.WAIT_FOR_COMMAND, EXIT_ENVIRONMENT
    )


class AccountBusyError(TransientError):
    """Another process uses this account."""

    kind = BusyError.kind


class UnknownJobError(PermanentError):
    """No job has this id, or more than one begins with it."""

    kind = Kind("job.unknown", "No such job", 404, "never", NextStep.LIST_JOBS, EXIT_USAGE)


class BugError(PermanentError):
    """Something happened that cannot: a fault in Transload itself."""

    kind = Kind("internal.bug", "A fault in Transload", 500, "never", NextStep.REPORT_BUG, EXIT_BUG)


def _kinds(base: type[TransloadError]) -> Iterator[Kind]:
    if "kind" in vars(base):
        yield base.kind
    for cls in base.__subclasses__():
        yield from _kinds(cls)


KINDS = {kind.word: kind for kind in _kinds(TransloadError)}
"""The closed list, by word: reports, scripts and the API rely on it. A new one needs a changelog entry."""

LOCKED = frozenset({PasswordNeededError.kind.word, WrongPasswordError.kind.word})
"""What a password can still open: such an item is not lost, its job waits."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when a scope must not be asked, and why."""

    scope: str
    until_ms: int
    left_s: float = field(compare=False)  # of the moment it was asked for: the wait stays the same
    fault: Fault


def is_disk_full(error: OSError) -> bool:
    """Whether a write failed for want of space, of the disk or of a quota."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def fetch_error(
    error: OSError, doing: str, place: str = "the scratch folder"
) -> DiskFullError | StoreError:
    """The error of a fetch whose bytes could not be written to `place`; `doing` is what was done meanwhile."""
    if is_disk_full(error):
        return DiskFullError(f"the disk is full while {doing}", stage="fetch")
    return StoreError(f"{place} cannot be written ({error.strerror})", stage="fetch")
