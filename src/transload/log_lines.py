"""The lines of the log and their file: key=value or JSON, without secrets."""

import json
import logging
import re
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler

from transload.units import MIB
from transload.web_address import HIDDEN

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


class QuietFile(RotatingFileHandler):
    """The file, rotated; a line that cannot be written is lost in silence."""

    def __init__(self, file: str) -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Nothing: a full disk or a read-only folder is reported by the ledger, not by a traceback a line."""
