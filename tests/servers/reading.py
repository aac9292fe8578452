"""What tests of remote sources share: sources that may reach loopback only, and everything one gives."""

from collections.abc import Callable

from tests.archives.makers import bodies
from transload.archives.open import Archives
from transload.entry import Limits
from transload.errors import TransloadError
from transload.net.egress import Egress
from transload.net.fetch import Times, Web
from transload.ports import Source
from transload.sources.http import HttpSources
from transload.sources.webdav import WebdavSources


def web_sources() -> HttpSources:
    """Sources on this machine's web servers, which never wait between tries and have no reserve to keep."""
    return HttpSources(
        Archives(Limits()),
        lambda: Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None),
        lambda _folder: 0,
    )


def tree_sources(
    pause: Callable[[float], object] = lambda _s: None, times: Times | None = None
) -> WebdavSources:
    """The same for folders on WebDAV servers, of at most a thousand names; `pause` is called between tries."""

    def web() -> Web:
        return Web(Egress(["127.0.0.0/8"]), times=times, pause=pause)

    return WebdavSources(HttpSources(Archives(Limits()), web, lambda _folder: 0), web, 1000)


def read(source: Source) -> dict[str, bytes | TransloadError]:
    """All bodies by name, or what reading them raised; the source is closed."""
    try:
        return {entry.name: body for entry, body in bodies(source)}
    finally:
        source.close()
