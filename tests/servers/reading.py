"""What tests of remote sources share: sources that may reach loopback only, and everything one gives."""

from tests.archives.makers import bodies
from transload.archives.open import Archives
from transload.entry import Limits
from transload.errors import TransloadError
from transload.net.egress import Egress
from transload.net.fetch import Web
from transload.ports import Source
from transload.sources.http import HttpSources


def web_sources() -> HttpSources:
    """Sources on this machine's web servers, which never wait between tries and have no reserve to keep."""
    return HttpSources(
        Archives(Limits()),
        lambda: Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None),
        lambda _folder: 0,
    )


def read(source: Source) -> dict[str, bytes | TransloadError]:
    """All bodies by name, or what reading them raised; the source is closed."""
    try:
        return {entry.name: body for entry, body in bodies(source)}
    finally:
        source.close()
