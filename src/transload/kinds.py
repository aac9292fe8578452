"""The closed list of error kinds: the stable words that reports, scripts and the API rely on.

A kind is added only here, with a test and a changelog entry. Fault is the error object of the contract as a value.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

Retryable = Literal["never", "auto", "credentials", "operator"]

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_FAILED = 4
EXIT_INPUT = 5
EXIT_ENVIRONMENT = 6
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What is fixed for a kind: its title, HTTP status, who can retry, the exit status, the usual next step."""

    title: str
    status: int
    retryable: Retryable
    exit_status: int
    suggestion: str


_NEVER: Retryable = "never"
_AUTO: Retryable = "auto"
_OPERATOR: Retryable = "operator"
_CREDENTIALS: Retryable = "credentials"

KINDS: dict[str, KindInfo] = {
    "input.usage": KindInfo(
        "Wrong usage", 400, _NEVER, EXIT_USAGE, "See `transload COMMAND --help`."
    ),
    "input.setting": KindInfo(
        "Unknown or wrong setting",
        400,
        _OPERATOR,
        EXIT_USAGE,
        "`transload doctor` lists every setting.",
    ),
    "input.not_found": KindInfo(
        "Source not found", 404, _OPERATOR, EXIT_USAGE, "Check the path; quote names with spaces."
    ),
    "input.unreadable": KindInfo(
        "Source cannot be read",
        422,
        _OPERATOR,
        EXIT_FAILED,
        "Check the file's permissions and its disk.",
    ),
    "input.unsupported": KindInfo(
        "Format not supported",
        415,
        _NEVER,
        EXIT_FAILED,
        "Unpack it with the program that made it, and send the folder.",
    ),
    "input.not_media": KindInfo(
        "Not a photo, video or sound",
        415,
        _NEVER,
        EXIT_FAILED,
        "Send it with `--files all` to get it untouched.",
    ),
    "input.corrupt": KindInfo(
        "Damaged",
        422,
        _NEVER,
        EXIT_FAILED,
        "Get the file again and send it once more: only what is missing is sent.",
    ),
    "input.truncated": KindInfo(
        "Cut short",
        422,
        _NEVER,
        EXIT_FAILED,
        "Download it again in full and send it once more: only what is missing is sent.",
    ),
    "input.limit": KindInfo(
        "Beyond a safety limit",
        422,
        _OPERATOR,
        EXIT_FAILED,
        "If you trust the source, raise the named setting.",
    ),
    "input.password_needed": KindInfo(
        "A password is needed",
        401,
        _CREDENTIALS,
        EXIT_INPUT,
        "`transload pass JOB` hands the password in, or send again with --password.",
    ),
    "input.wrong_password": KindInfo(
        "The password does not fit",
        401,
        _CREDENTIALS,
        EXIT_INPUT,
        "`transload pass JOB` hands another password in.",
    ),
    "input.missing_volume": KindInfo(
        "A part of the archive is missing",
        422,
        _OPERATOR,
        EXIT_FAILED,
        "Put the named part beside the others and send it again.",
    ),
    "input.invalid_url": KindInfo(
        "Not a web address",
        400,
        _NEVER,
        EXIT_USAGE,
        "Give a whole address such as https://host/path/file.zip.",
    ),
    "input.blocked_address": KindInfo(
        "Address not allowed",
        403,
        _OPERATOR,
        EXIT_USAGE,
        "If you trust it, add its network to the setting egress.allow_networks.",
    ),
    "source.not_found": KindInfo(
        "Not found on the server",
        404,
        _NEVER,
        EXIT_FAILED,
        "Open the address in a browser; links often expire.",
    ),
    "source.forbidden": KindInfo(
        "The server refuses",
        403,
        _OPERATOR,
        EXIT_FAILED,
        "The link may have expired: get a fresh one.",
    ),
    "source.login_required": KindInfo(
        "The server wants a login",
        401,
        _CREDENTIALS,
        EXIT_INPUT,
        "Put user and password into the address: https://user:password@host/file.",
    ),
    "source.rate_limited": KindInfo(
        "The server asks to wait",
        429,
        _AUTO,
        EXIT_FAILED,
        "Run the same command again later: it continues.",
    ),
    "source.server_error": KindInfo(
        "The server has a fault",
        502,
        _AUTO,
        EXIT_FAILED,
        "Run the same command again later: it continues.",
    ),
    "net.dns": KindInfo(
        "Server name unknown",
        502,
        _AUTO,
        EXIT_FAILED,
        "Check the address and the network, then send it again.",
    ),
    "net.connect": KindInfo(
        "Server not reachable",
        502,
        _AUTO,
        EXIT_FAILED,
        "Check the network, then run the same command again: it continues.",
    ),
    "net.reset": KindInfo(
        "Connection lost",
        502,
        _AUTO,
        EXIT_FAILED,
        "Run the same command again: it continues.",
    ),
    "net.timeout": KindInfo(
        "No answer in time",
        504,
        _AUTO,
        EXIT_FAILED,
        "Run the same command again: it continues.",
    ),
    "net.tls": KindInfo(
        "Certificate not trusted",
        502,
        _OPERATOR,
        EXIT_FAILED,
        "Check the clock of this machine and the address of the server.",
    ),
    "net.truncated": KindInfo(
        "The answer was cut short",
        502,
        _AUTO,
        EXIT_FAILED,
        "Run the same command again: it continues.",
    ),
    "tool.sevenzip": KindInfo(
        "7-Zip is missing or unfit",
        503,
        _OPERATOR,
        EXIT_ENVIRONMENT,
        "`transload doctor` says how to get it.",
    ),
    "tool.ffmpeg": KindInfo(
        "ffmpeg is missing or unfit",
        503,
        _OPERATOR,
        EXIT_ENVIRONMENT,
        "`transload doctor` says how to get it.",
    ),
    "tool.memory": KindInfo(
        "Needs more memory than allowed",
        507,
        _OPERATOR,
        EXIT_FAILED,
        "Convert this file on a larger machine.",
    ),
    "convert.failed": KindInfo(
        "Conversion failed",
        422,
        _NEVER,
        EXIT_FAILED,
        "The original is kept: see `transload quarantine list`.",
    ),
    "convert.stalled": KindInfo(
        "Conversion stopped moving",
        504,
        _AUTO,
        EXIT_FAILED,
        "`transload retry JOB` tries it again.",
    ),
    "convert.unverified": KindInfo(
        "Converted file is not right",
        422,
        _NEVER,
        EXIT_FAILED,
        "The original is kept: see `transload quarantine list`.",
    ),
    "dest.denied": KindInfo(
        "Destination refuses writing",
        403,
        _OPERATOR,
        EXIT_ENVIRONMENT,
        "Make the folder writable or choose another --to.",
    ),
    "dest.unreachable": KindInfo(
        "Destination is not there",
        503,
        _OPERATOR,
        EXIT_ENVIRONMENT,
        "Mount or create it, then run the command again.",
    ),
    "dest.rejected": KindInfo(
        "Destination refused the item",
        422,
        _NEVER,
        EXIT_FAILED,
        "The original is kept: see `transload quarantine list`.",
    ),
    "dest.too_big": KindInfo(
        "Too large for the destination",
        413,
        _NEVER,
        EXIT_FAILED,
        "The original is kept: see `transload quarantine list`. A library takes files of any size.",
    ),
    "store.disk_full": KindInfo(
        "Disk full",
        507,
        _OPERATOR,
        EXIT_ENVIRONMENT,
        "Free some space and run the same command again: it continues.",
    ),
    "store.io": KindInfo(
        "The data folder cannot be used",
        500,
        _OPERATOR,
        EXIT_ENVIRONMENT,
        "Check the disk; `transload doctor` tells more.",
    ),
    "job.cancelled": KindInfo(
        "Cancelled", 409, _OPERATOR, EXIT_FAILED, "`transload retry JOB` takes it up again."
    ),
    "job.stuck": KindInfo(
        "Ended Transload again and again",
        500,
        _OPERATOR,
        EXIT_FAILED,
        "`transload retry JOB` tries it once more.",
    ),
    "job.lost_lease": KindInfo(
        "Another worker took over", 409, _AUTO, EXIT_FAILED, "Nothing to do: the other goes on."
    ),
    "job.busy": KindInfo(
        "Already in use",
        409,
        _AUTO,
        EXIT_ENVIRONMENT,
        "Wait for the other command, or use another --data-dir.",
    ),
    "job.unknown": KindInfo("No such job", 404, _NEVER, EXIT_USAGE, "`transload jobs` lists them."),
    "internal.bug": KindInfo(
        "A fault in Transload",
        500,
        _NEVER,
        EXIT_BUG,
        "The log in the data folder has the traceback; please report it.",
    ),
}


_COMMAND_LINE = re.compile(r"`transload [^`]*`")
_PLACE = re.compile(r"\b(?:JOB|COMMAND)\b")

LOCKED = frozenset({"input.password_needed", "input.wrong_password"})
"""What a password can still open: such an item is not lost, its job waits."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The error object of the contract (RFC 9457 shape) as a value: rows and reports hold this, never exceptions."""

    kind: str
    detail: str
    stage: str | None = None
    item: str | None = None
    attempts: int = 1
    suggestion: str | None = None
    evidence: str | None = None

    def addressed(self, *, job_id: str | None = None, command: str = "") -> "Fault":
        """The same with a next step that can be typed: JOB and COMMAND in it are what they stand for here."""
        words = {"JOB": job_id or "JOB", "COMMAND": command}

        def typed(quoted: re.Match[str]) -> str:
            filled = _PLACE.sub(lambda place: words[place[0]], quoted[0])
            return " ".join(filled.split())

        suggestion = self.suggestion or KINDS[self.kind].suggestion
        return replace(self, suggestion=_COMMAND_LINE.sub(typed, suggestion))

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of contract section 3; every field present."""
        info = KINDS[self.kind]
        return {
            "type": f"/errors/{self.kind}",
            "kind": self.kind,
            "title": info.title,
            "detail": self.detail,
            "status": info.status,
            "stage": self.stage,
            "item": self.item,
            "platform": None,
            "retryable": info.retryable,
            "retry_at": None,
            "attempts": self.attempts,
            "action": None if info.retryable == "never" else info.retryable,
            "suggestion": self.suggestion or info.suggestion,
            "evidence": self.evidence,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Fault":
        """The fault that `as_dict` wrote."""
        fields = ("kind", "detail", "stage", "item", "attempts", "suggestion", "evidence")
        return cls(**{name: stored[name] for name in fields})
