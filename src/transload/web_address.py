"""Web addresses as people may see them. Pure: nothing is resolved or asked here."""

import re

HIDDEN = "***"

_ADDRESS = re.compile(
    r"([a-z][a-z0-9+.-]+://)([^/?#\\]*)([^?#]*)(\?[^#]*)?.*", re.IGNORECASE | re.DOTALL
)
_BROKEN_PORT = re.compile(
    r"[^\[\]]*:\d*[^\d:\]][^\]]*"
)  # `user:pa/ss@host`: a password cut in two by its slash


def is_address(text: str) -> bool:
    """Whether a text begins as a web address does: a scheme of two letters at least, and `://`."""
    return _ADDRESS.fullmatch(text) is not None


def without_login(ref: str) -> str:
    """A web address without user and password; anything else as it is."""
    found = _ADDRESS.fullmatch(ref)
    if found is None or "@" not in found[2]:
        return ref
    return found[1] + found[2].rpartition("@")[2] + ref[found.end(2) :]


def shown(ref: str) -> str:
    """A source as people may see it: a web address without user, password, query and fragment; a path as it is.

    A query often is the key itself (signed links), so `?***` stands for all of it.
    """
    found = _ADDRESS.fullmatch(ref)
    if found is None:
        return ref
    scheme, host, path, query = found.groups(default="")
    if "@" not in host and "@" in path and _BROKEN_PORT.fullmatch(host):
        host, path = path.rpartition("@")[2], ""
    return f"{scheme}{host.rpartition('@')[2]}{path}{'?' + HIDDEN if query else ''}"
