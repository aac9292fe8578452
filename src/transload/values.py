"""How a setting's value is read from text: sizes, times, counts, paths, networks. Each raises ValueError."""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, cast

from transload.units import GIB, KIB, MIB, TIB

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"ki": KIB, "mi": MIB, "gi": GIB, "ti": TIB}
_LANGUAGE = re.compile(r"[a-z]{3}")
_TIME = re.compile(r"(?=\S)(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+(?:\.\d+)?)s)?")


def size_bytes(given: object) -> int:
    """Bytes of `3GiB`, `500 MB`, `1048576` or a plain number. Raises ValueError."""
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    found = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None:
        raise ValueError("a size such as 3GiB, 500MB or a number of bytes")
    unit = (found[2] or "").lower()
    return (
        int(float(found[1]) * (_BINARY.get(unit) or _UNITS[unit])) if unit else int(float(found[1]))
    )


def time_s(given: object) -> float:
    """Seconds of `30s`, `5m`, `1h30m` or a plain number; above zero. Raises ValueError."""
    seconds = 0.0
    if isinstance(given, int | float) and not isinstance(given, bool):
        seconds = float(given)
    elif isinstance(given, str) and (found := _TIME.fullmatch(given.strip())):
        hours, minutes, rest = found.groups(default="0")
        seconds = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    elif isinstance(given, str) and given.strip().replace(".", "", 1).isdecimal():
        seconds = float(given)  # a plain number is seconds, as in a settings file
    if not 0 < seconds < float("inf"):
        raise ValueError("a time above zero such as 30s, 5m or 1h30m")
    return seconds


def time_or_off_s(given: object) -> float:
    """As `time_s`; 0 of `0`, `0s` or `off` is for "no bound"."""
    if str(given).strip() in ("0", "0.0", "0s", "off"):
        return 0.0
    return time_s(given)


def count(given: object) -> int:
    """A whole number from 1 on."""
    whole = given if isinstance(given, int) and not isinstance(given, bool) else 0
    if isinstance(given, str) and given.strip().isdecimal():
        whole = int(given)
    if whole < 1:
        raise ValueError("a whole number from 1 on")
    return whole


def up_to(most: int) -> Callable[[object], int]:
    """A reader of whole numbers from 1 to `most`."""

    def chosen(given: object) -> int:
        try:
            whole = count(given)
        except ValueError:
            whole = most + 1
        if whole > most:
            raise ValueError(f"a whole number from 1 to {most}")
        return whole

    return chosen


def count_or_auto(given: object) -> int | Literal["auto"]:
    """As `count`, or `auto`."""
    if isinstance(given, str) and given.strip() == "auto":
        return "auto"
    try:
        return count(given)
    except ValueError as error:
        raise ValueError("auto or a whole number from 1 on") from error


def local_path(given: object) -> Path:
    """A path, `~` expanded."""
    if not isinstance(given, str) or not given.strip() or "\0" in given:
        raise ValueError("a path")
    return Path(given).expanduser()


def word(given: object) -> str:
    """A text that is not empty."""
    if not isinstance(given, str) or not given.strip():
        raise ValueError("a text")
    return given.strip()


def host_and_port(given: object) -> str:
    """`host:port`, as it is given."""
    host, _, port = word(given).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("host:port, such as 127.0.0.1:4430")
    return word(given)


def pem(given: object) -> str:
    """A public key: the text itself, or that of the file it names."""
    text = word(given)
    try:
        text = text if text.startswith("-----BEGIN") else Path(text).expanduser().read_text("ascii")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ValueError("a public key (PEM), or a file that holds one") from error
    if not text.startswith("-----BEGIN"):
        raise ValueError("a public key (PEM), or a file that holds one")
    return text


def networks(given: object) -> tuple[str, ...]:
    """Networks in CIDR form, from text with commas or from a list."""
    words: Iterable[object] = ("",)
    if isinstance(given, str):
        words = given.replace(",", " ").split()
    elif isinstance(given, list):
        words = cast("list[object]", given)
    try:
        return tuple(str(ip_network(str(word))) for word in words)
    except ValueError as error:
        raise ValueError("networks such as 192.168.0.0/16, several with commas between") from error


def languages(given: object) -> tuple[str, ...]:
    """Codes of three letters, from text with commas or from a list; none of an empty one. Raises ValueError."""
    words: Iterable[object] = (None,)
    if isinstance(given, str):
        words = given.replace(",", " ").split()
    elif isinstance(given, list):
        words = cast("list[object]", given)
    codes = tuple(str(word).lower() for word in words)
    if not all(_LANGUAGE.fullmatch(code) for code in codes):
        raise ValueError("languages of three letters (ISO 639-2) such as deu,eng")
    return codes


def one_of(*words: str) -> Callable[[object], str]:
    """A reader that takes one of these words."""

    def chosen(given: object) -> str:
        if given not in words:
            raise ValueError("one of " + ", ".join(words))
        return str(given)

    return chosen
