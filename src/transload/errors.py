"""Every error a user can meet, as exceptions; `kinds.py` has the closed list of what they can be.

Code decides by exception *type*; the kind is the stable word outside. Families: *try again* (`TransientError`),
*never again* (`PermanentError`: the item or the job ends with this reason), *our bug* (any other exception).
"""

from typing import ClassVar

from transload.kinds import KINDS, Fault


class TransloadError(Exception):
    """Base of every error that is not a bug. `kind` is one of `KINDS`; the class docstring is the default detail."""

    kind: ClassVar[str]

    def __init__(
        self,
        detail: str | None = None,
        *,
        stage: str | None = None,
        item: str | None = None,
        suggestion: str | None = None,
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
        return KINDS[self.kind].exit_status

    def fault(self) -> Fault:
        """The same as a value, for rows, reports and JSON."""
        return Fault(
            self.kind,
            self.detail,
            stage=self.stage,
            item=self.item,
            suggestion=self.suggestion,
            evidence=self.evidence,
        )


class TransientError(TransloadError):
    """Family: the same act may work later."""


class PermanentError(TransloadError):
    """Family: the same act on the same bytes will fail again."""


class UsageError(PermanentError):
    """The command was given words it does not take."""

    kind = "input.usage"


class SettingError(PermanentError):
    """A setting is unknown or its value cannot be read."""

    kind = "input.setting"


class SourceNotFoundError(PermanentError):
    """There is nothing at that path."""

    kind = "input.not_found"


class UnreadableError(PermanentError):
    """The source is there but cannot be read."""

    kind = "input.unreadable"


class UnsupportedError(PermanentError):
    """No reader here knows this format or this compression method."""

    kind = "input.unsupported"


class NotArchiveError(UnsupportedError):
    """The file is no archive of any kind that is known, readable here or not."""


class PartInsideError(UnsupportedError):
    """One of several files of an archive, inside another archive: there they are not put together."""


class NotMediaError(PermanentError):
    """It is no photo, video or sound, although its name promises one or nothing else was sent."""

    kind = "input.not_media"


class CorruptError(PermanentError):
    """The bytes are damaged."""

    kind = "input.corrupt"


class TruncatedError(PermanentError):
    """The file ends before its content does."""

    kind = "input.truncated"


class LimitError(PermanentError):
    """A safety limit was reached."""

    kind = "input.limit"


class PasswordNeededError(PermanentError):
    """The content is encrypted and no password fits."""

    kind = "input.password_needed"


class WrongPasswordError(PermanentError):
    """Passwords were given, and none of them fits."""

    kind = "input.wrong_password"


class MissingVolumeError(PermanentError):
    """A part of an archive in several files is not there."""

    kind = "input.missing_volume"


class InvalidUrlError(PermanentError):
    """The address cannot be understood."""

    kind = "input.invalid_url"


class BlockedAddressError(PermanentError):
    """The address leads to where this installation may not read."""

    kind = "input.blocked_address"


class RemoteNotFoundError(PermanentError):
    """The server has nothing at this address."""

    kind = "source.not_found"


class RemoteForbiddenError(PermanentError):
    """The server does not give this file."""

    kind = "source.forbidden"


class RemoteLoginError(PermanentError):
    """The server asks for a login."""

    kind = "source.login_required"


class RemoteBusyError(TransientError):
    """The server asks to come back later."""

    kind = "source.rate_limited"
    retry_after_s: float | None = None  # as the server asks


class RemoteBrokenError(TransientError):
    """The server answers with an error of its own."""

    kind = "source.server_error"


class UnsteadyError(PermanentError):
    """The server's answers about parts of a file contradict each other."""

    kind = "source.server_error"


class DnsError(TransientError):
    """The name of the server is not known."""

    kind = "net.dns"


class ConnectError(TransientError):
    """The server cannot be reached."""

    kind = "net.connect"


class ConnectionLostError(TransientError):
    """The connection broke off."""

    kind = "net.reset"


class NetworkTimeoutError(TransientError):
    """The server did not answer in time."""

    kind = "net.timeout"


class TlsError(PermanentError):
    """The server's certificate cannot be trusted."""

    kind = "net.tls"


class ShortAnswerError(TransientError):
    """The answer ended before its promised length."""

    kind = "net.truncated"


class SevenZipMissingError(PermanentError):
    """No fit 7-Zip was found; this archive cannot be read without it."""

    kind = "tool.sevenzip"


class FfmpegMissingError(PermanentError):
    """No fit ffmpeg was found; videos cannot be converted."""

    kind = "tool.ffmpeg"


class MemoryLimitError(PermanentError):
    """The decoder needed more memory than its limit allows."""

    kind = "tool.memory"


class ConvertError(PermanentError):
    """The converter could not make the file."""

    kind = "convert.failed"


class StalledError(TransientError):
    """The converter's counters stopped moving."""

    kind = "convert.stalled"


class UnverifiedError(PermanentError):
    """The converted file did not stand the check: it is not delivered."""

    kind = "convert.unverified"


class DeniedError(PermanentError):
    """The destination may not be written."""

    kind = "dest.denied"


class UnreachableError(PermanentError):
    """The destination is not there."""

    kind = "dest.unreachable"


class RejectedError(PermanentError):
    """The destination refused this item."""

    kind = "dest.rejected"


class TooBigError(PermanentError):
    """The item is larger than a file may be at the destination."""

    kind = "dest.too_big"


class DiskFullError(TransientError):
    """There is no room left on the disk."""

    kind = "store.disk_full"


class NeverFitsError(PermanentError):
    """This entry is larger than the whole disk; waiting for room cannot help."""

    kind = "store.disk_full"


class StoreError(PermanentError):
    """The ledger or the scratch folder cannot be used; it is never taken for empty."""

    kind = "store.io"


class CancelledJobError(PermanentError):
    """The job was cancelled."""

    kind = "job.cancelled"


class StuckError(PermanentError):
    """Work on this item ended the program again and again without progress."""

    kind = "job.stuck"


class LostLeaseError(TransientError):
    """Another worker holds this task now; nothing more may be written for it here."""

    kind = "job.lost_lease"


class BusyError(TransientError):
    """Another process holds the data folder."""

    kind = "job.busy"


class UnknownJobError(PermanentError):
    """No job has this id, or more than one begins with it."""

    kind = "job.unknown"


class BugError(PermanentError):
    """Something happened that cannot: a fault in Transload itself."""

    kind = "internal.bug"
