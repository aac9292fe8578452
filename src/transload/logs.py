"""The log: one line an event, key=value or JSON, without secrets. Importing this sets nothing up.

Events are fixed words with their facts in `extra`: `log.info("album_sent", extra={"job": id, "items": 10})`.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from transload.units import MIB
from transload.web_address import HIDDEN

FILE_NAME = "transload.log"
FILE_BYTES, FILES_KEPT = 4 * MIB, 3

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SECRET_WORD = (
    r"(?:[\w-]*(?:password|passwd|passphrase|secret|token|apikey|signature|credential|cookie|[_-]key)"
    r"|(?:proxy-)?authorization|(?:[\w-]*[_-])?auth(?:[_-][\w-]*)?|session|pwd|sig|key)"
)
_SECRET_NAME = re.compile(_SECRET_WORD + r"s?", re.IGNORECASE)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # userinfo of an address: everything up to the last @ before the path, however odd the password
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/?#]*@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    # a signed query hides what it signs, so the whole query goes
    (
        re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?#\"']*)\?[^\s\"']*", re.IGNORECASE),
        rf"\1?{HIDDEN}",
    ),
    (
        re.compile(r"\b((?:proxy-)?authorization\b[\"']?\s*[:=]\s*)[^\r\n]*", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b((?:bearer|basic|digest)\s+)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # name=value, "name": "value" and the same with escaped quotes
    (
        re.compile(
            rf"(?<![\w-])(\\*[\"']?(?:--?)?{_SECRET_WORD}s?\\*[\"']?\s*[:=]\s*)"
            r"(?:\\*\"[^\"\r\n]*\"?|\\*'[^'\r\n]*'?|[^\s,;&\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(rf"(?<!\S)(--?{_SECRET_WORD}s?\s+)\S+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b\d{6,12}:[\w-]{30,}"), HIDDEN),  # a Telegram bot's token
)


def redact(text: str) -> str:
    """The text without passwords, tokens, keys, Authorization values, userinfo and queries of addresses."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _clean(name: str, value: object) -> object:
    if _SECRET_NAME.fullmatch(name):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _fields(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, object]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line: dict[str, object] = {
        "at": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "log": record.name,
        "event": redact(record.getMessage()),
    }
    line |= {name: _clean(name, value) for name, value in vars(record).items() if name not in _OWN}
    if record.exc_info:
        line["trace"] = redact(formatter.formatException(record.exc_info))
    return line


class KeyValueFormatter(logging.Formatter):
    """`at=… level=… log=… event=… key=value`; values with anything but plain characters are JSON strings."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the values hold."""
        return " ".join(f"{name}={_word(value)}" for name, value in _fields(self, record).items())


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the values hold."""
        return json.dumps(_fields(self, record), ensure_ascii=True)


def _word(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, str) else value
    plain = isinstance(value, str) and re.fullmatch(r"[\w./:@%+*-]+", value, re.ASCII) is None
    return json.dumps(text) if plain else text


def start(
    folder: Path, *, verbose: bool = False, json_lines: bool = False
) -> list[logging.Handler]:
    """Log into `folder` (rotated, 4 files of 4 MiB), and to stderr when verbose. Returns the handlers, for `stop`.

    A folder that cannot be written is no reason to stop: the log is then lost, and the ledger, which is in the
    same folder, says so with a proper error.
    """
    formatter = JsonFormatter() if json_lines else KeyValueFormatter()
    handlers: list[logging.Handler] = [_LateFile(folder / FILE_NAME)]
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    ours = logging.getLogger("transload")
    ours.setLevel(logging.DEBUG if verbose else logging.INFO)
    ours.propagate = False
    for handler in handlers:
        handler.setFormatter(formatter)
        ours.addHandler(handler)
    return handlers


def stop(handlers: list[logging.Handler]) -> None:
    """Take the handlers of `start` away again and close them."""
    ours = logging.getLogger("transload")
    for handler in handlers:
        ours.removeHandler(handler)
        handler.close()


class _LateFile(RotatingFileHandler):
    """Makes its folder with the first line, so that commands that only look leave nothing behind."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; the folder is made if missing."""
        try:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            self.handleError(record)
        else:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Nothing: a full disk or a read-only folder is reported by the ledger, not by a traceback a line."""
