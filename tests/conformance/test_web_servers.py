"""Reading from a web server that others wrote: what `sources.http` promises holds on nginx too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, make_tar, make_zip, noise
from tests.servers.nginx import PROGRAM, Nginx, nginx
from tests.servers.reading import read, web_sources
from transload.entry import Limits, Opening
from transload.errors import RemoteLoginError, RemoteNotFoundError
from transload.sources.http import HttpSources

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="nginx is not installed (Debian: nginx-light)"
)

MEDIA = {f"p/{n:02d}.jpg": noise(400_000, n) for n in range(0, 60, 10)}
TREE = MEDIA | {f"p/{n:02d}.dat": noise(400_000, n) for n in range(60) if n % 10}
SMALL = {"a.jpg": noise(70_000, 1), "b/c.mp4": noise(300_000, 2), "empty": b""}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    served, own = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("nginx")
    served.chmod(0o755)
    make_zip(served / "a.zip", dict(sorted(TREE.items())), 0)
    make_zip(served / "small.zip", SMALL)
    for compression in (None, *PACKERS):
        make_tar(served / f"a.tar{'.' + compression if compression else ''}", SMALL, compression)
    with nginx(served, own) as running:
        yield running


@pytest.fixture
def sources() -> HttpSources:
    return web_sources()


def test_a_zip_costs_its_directory_and_what_is_wanted(server: Nginx, sources: HttpSources) -> None:
    size = (server.folder / "a.zip").stat().st_size
    before = len(server.log())
    ref = sources.resolve(server.url("a.zip"))
    assert str(size) in ref.version
    source = sources.open(ref.ref, Opening())
    assert sum(1 for _ in source.entries()) == len(TREE)
    wanted = source.stream(lambda entry: entry.name.endswith(".jpg"), 0, Limits())
    assert {entry.name: body.read() for entry, body in wanted} == MEDIA
    source.close()
    done = server.log()[before:]
    assert {status for status, _ in done} == {206}
    assert len(done) <= len(MEDIA) + 3
    assert sum(sent for _, sent in done) <= sum(map(len, MEDIA.values())) + size / 100


@pytest.mark.parametrize("place", ["", "plain/", "moved/"])
@pytest.mark.parametrize("compression", [None, *PACKERS])
def test_tars_arrive_whole(
    server: Nginx, sources: HttpSources, compression: str | None, place: str
) -> None:
    name = f"a.tar{'.' + compression if compression else ''}"
    assert read(sources.open(server.url(place + name), Opening())) == SMALL


@pytest.mark.parametrize(("place", "warned"), [("", 0), ("moved/", 0), ("plain/", 1)])
def test_zips_arrive_whole(
    server: Nginx, sources: HttpSources, tmp_path: Path, place: str, warned: int
) -> None:
    source = sources.open(server.url(f"{place}small.zip"), Opening(spool=tmp_path))
    assert len(source.finish().warnings) == warned
    assert read(source) == SMALL


def test_what_is_refused_is_told_apart(server: Nginx, sources: HttpSources) -> None:
    with pytest.raises(RemoteNotFoundError):
        sources.resolve(server.url("none.zip"))
    with pytest.raises(RemoteLoginError):
        sources.resolve(server.url("private/small.zip"))
    with pytest.raises(RemoteLoginError):
        sources.resolve(server.url("private/small.zip", "me:wrong"))
    ref = sources.resolve(server.url("private/small.zip", "me:secret"))
    assert read(sources.open(ref.ref, Opening())) == SMALL
