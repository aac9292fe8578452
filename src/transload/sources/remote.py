"""What a server says of a file before its bytes: its name, size and version, and whether parts of it can be had."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from transload.errors import RemoteBrokenError
from transload.net.fetch import Answer, Target, Web

NAME_SIGNS_MAX = 200

_EXTENDED = re.compile(
    r"filename\*\s*=\s*([\w-]+)'[^']*'([^;\s]+)", re.IGNORECASE
)  # RFC 5987, wins by RFC 6266 4.3
_QUOTED = re.compile(r'filename\s*=\s*"((?:\\.|[^"\\])*)"', re.IGNORECASE)
_TOKEN = re.compile(r"filename\s*=\s*([^;\"]+)", re.IGNORECASE)
_SPAN = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SUFFIX = re.compile(r".\.[A-Za-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on a server. `size` None: unknown. `ranges`: parts of it can be asked for."""

    target: Target
    name: str
    size: int | None
    ranges: bool
    etag: str = ""
    modified: str = ""

    @property
    def version(self) -> str:
        """Changes with the content; empty where the server gives no sign of that."""
        mark = self.etag or self.modified
        return f"{mark}-{self.size}" if mark else ""

    @property
    def mtime_ms(self) -> int | None:
        """When the server says that the file was changed last."""
        return date_ms(self.modified)

    @property
    def condition(self) -> dict[str, str]:
        """The header that has a part come only from this version; not with a weak ETag (RFC 9110 13.1.5)."""
        mark = self.etag if self.etag.startswith('"') else "" if self.etag else self.modified
        return {"If-Range": mark} if mark else {}

    @property
    def plain(self) -> "Remote":
        """The same file where nothing that the server says of parts and their version can be relied upon."""
        return replace(self, ranges=False, etag="")

    def is_contradicted_by(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer is of another ETag, though date and size are the same, or of another size alone."""
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        length = headers.get("content-length", "")
        total = span_of(headers).total
        if total is None and "content-range" not in headers and length.isdecimal():
            total = int(length)
        same_size = self.size is None or total in (self.size, None)
        same_etag = not (self.etag and etag) or self.etag == etag
        same_date = bool(modified) and self.modified == modified
        return (same_date and same_size and not same_etag) or (
            not same_size and same_etag and (same_date or bool(etag))
        )

    def is_told_by(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer with these headers is of the same version, as far as it says."""
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        if self.etag and etag:
            return self.etag == etag
        return not self.modified or not modified or self.modified == modified


def date_ms(text: str) -> int | None:
    """A date as servers write it (RFC 9110 5.6.7) in UTC milliseconds; None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def look(web: Web, target: Target, size: int) -> tuple[Remote, Answer]:
    """The file at an address, and the answer that has its first `size` bytes (all where parts cannot be had).

    Raises what `Web.get` raises.
    """
    answer = web.get(target, {"Range": f"bytes=0-{size - 1}"})
    span = span_of(answer.headers)
    if answer.status == 206 and (span.total is None or span.first != 0):
        answer.close()  # of what use are parts of something without an end, or others than were asked for
        answer = web.get(target)
    try:
        return _remote(target, answer), answer
    except BaseException:
        answer.close()
        raise


def _remote(target: Target, answer: Answer) -> Remote:
    headers = answer.headers
    span = span_of(headers)
    if answer.status == 416 and span.total != 0:
        raise RemoteBrokenError(f"{target.shown} cannot be read in parts (status 416)")
    if answer.status == 206 and span.first != 0:
        raise RemoteBrokenError(f"{target.shown} answers with another part than was asked for")
    length = headers.get("content-length", "")
    whole = int(length) if length.isdecimal() and answer.status != 206 else None
    return Remote(
        target=target,
        name=_name(headers.get("content-disposition", ""), answer.url, target.url),
        size=span.total if answer.status in (206, 416) else whole,
        ranges=answer.status == 206,
        etag=headers.get("etag", ""),
        modified=headers.get("last-modified", ""),
    )


@dataclass(frozen=True, slots=True)
class Span:
    """What a Content-Range says: the answer is from `first` up to `end` of `total` bytes; None where not given."""

    first: int | None = None
    end: int | None = None
    total: int | None = None


def span_of(headers: Mapping[str, str]) -> Span:
    """The part of the file that an answer with these headers holds."""
    found = _SPAN.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        return Span()
    first, last, total = found.groups()
    return Span(
        int(first) if first else None,
        int(last) + 1 if last else None,
        int(total) if total != "*" else None,
    )


def _name(disposition: str, *urls: str) -> str:
    """The file's name: as the server says, else from the address that ends like a file's, the last one first."""
    given = _tidy(_told_name(disposition))
    if given:
        return given
    names = [_tidy(unquote(urlsplit(url).path)) for url in urls]
    with_suffix = [name for name in names if _SUFFIX.search(name)]
    return next(filter(None, (*with_suffix, *names)), urlsplit(urls[0]).hostname or "file")


def _told_name(disposition: str) -> str:
    if found := _EXTENDED.search(disposition):
        try:
            return unquote_to_bytes(found[2]).decode(found[1])
        except (LookupError, UnicodeDecodeError):
            pass  # the plain name beside it is meant for those who cannot read this one
    if found := _QUOTED.search(disposition):
        return re.sub(r"\\(.)", r"\1", found[1])
    found = _TOKEN.search(disposition)
    return found[1].strip() if found else ""


def _tidy(name: str) -> str:
    """The last part of a path without invisible characters; the ending is kept when it is cut."""
    last = _UNSEEN.sub("", re.split(r"[\\/]", name)[-1]).strip()
    if last in (".", ".."):
        return ""
    return (
        last
        if len(last) <= NAME_SIGNS_MAX
        else last[: NAME_SIGNS_MAX // 2] + last[-NAME_SIGNS_MAX // 2 :]
    )
