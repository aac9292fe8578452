"""Values as a person reads them. Pure; whatever comes from a source passes through `clean` before it is shown."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

_UNITS = ("KiB", "MiB", "GiB", "TiB")
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, direction marks, surrogates, line ends
_JOINERS = {"\u200c", "\u200d"}  # in emoji and in Persian or Indic words they are part of the name
ID_SHORTEST = 10  # a ULID's time: shorter ids of one day would all look alike


def clean(text: str) -> str:
    """The text on one line, without what could steer a terminal or turn its writing direction (`\\ufffd` there)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\ufffd" if unicodedata.category(sign) in _UNSHOWN and sign not in _JOINERS else sign
        for sign in text
    )


def shortened(text: str, width: int) -> str:
    """At most `width` characters, the middle left out: both the folder and the ending of a name matter."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def size_text(size_bytes: float | None) -> str:
    """`3.4 MiB`; a question mark for None."""
    if size_bytes is None:
        return "?"
    if size_bytes < 1024:
        return f"{int(size_bytes)} B"
    value, unit = size_bytes / 1024, 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.3g} {_UNITS[unit]}" if value < 100 else f"{value:.0f} {_UNITS[unit]}"


def time_text(seconds: float | None) -> str:
    """`7.2 s`, `3:05 min`, `2:03:09 h`; a question mark for None."""
    if seconds is None:
        return "?"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def clock_text(at_ms: int) -> str:
    """Local date and time."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def count_text(number: int, noun: str) -> str:
    """`1 item`, `1,204 items`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short_id_length(ids: Sequence[str]) -> int:
    """How many characters of these ids distinguish them."""
    length = ID_SHORTEST
    while len({one[:length] for one in ids}) < len(set(ids)):
        length += 1
    return length
