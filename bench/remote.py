"""What reading over a network costs: requests and bytes of a 1 GB zip on a web server here, a tenth of it media."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

from bench import inputs
from bench.figures import Room, transload
from bench.table import Figure
from tests.servers.ranged import STEP, Ranged, ranged
from transload.archives.open import Archives
from transload.entry import Entry, Limits, Opening
from transload.model import ALBUM_MAX
from transload.net.egress import Egress
from transload.net.fetch import Web
from transload.sources.http import HttpSources

ENTRIES, EACH, MEDIA_EVERY = 1000, inputs.MIB, 10
PACE_S = (
    STEP / 50e6
)  # 400 Mbit/s: without any, reading runs ahead while the first photo is still looked at
LOOK_S = 0.005
NAME = "remote-1g.zip"


def _is_photo(entry: Entry) -> bool:
    return entry.name.endswith(".jpg")


def remote(room: Room) -> Iterator[Figure]:
    """Listing, the wanted entries, a whole `send`."""
    archive = inputs.few_photos(room.kept / NAME, ENTRIES, EACH, MEDIA_EVERY)
    with ZipFile(archive) as opened:
        wanted = [info.file_size for info in opened.infolist() if info.filename.endswith(".jpg")]
    whole, count, media = archive.stat().st_size, len(wanted), sum(wanted)
    sources = HttpSources(Archives(Limits()), lambda: Web(Egress(["127.0.0.0/8"])), lambda _f: 0)
    with ranged(room.kept) as server:
        source = sources.open(sources.resolve(server.url(NAME)).ref, Opening())
        found = sum(1 for _ in source.entries())
        yield Figure("1 GB remote zip: not listed", ENTRIES - found, 0)
        yield Figure("1 GB remote zip: listing, bytes / archive", server.sent / whole * 100, 1, "%")
        for _, body in source.stream(_is_photo, 0, Limits()):
            while body.read(1 << 20):
                pass
        source.close()
        yield Figure("... 100 photos of 1,000 by name: requests", len(server.requests), count + 3)
        beyond = (server.sent - media) / whole * 100
        yield Figure("... bytes beside the media / archive", beyond, 1, "%")
        for words, told in ((("--include", "*.jpg"), "by name"), ((), "looking into each")):
            server.forget()
            server.does.pace_s = PACE_S
            first = _send(room, server, words)
            asked = count if words else ENTRIES
            yield Figure(f"send, {told}: requests", len(server.requests), asked + 3)
            beyond = (server.sent - media) / whole * 100
            yield Figure(f"send, {told}: bytes beside the media / archive", beyond, 1, "%")
            yield Figure(
                f"send, {told}: read until the first album is there / archive",
                first / whole * 100,
                2,
                "%",
            )


def _send(room: Room, server: Ranged, words: tuple[str, ...]) -> int:
    """Send the archive; gives the bytes that the server had sent when the first ten photos were delivered."""
    own = room.own / ("named" if words else "all")
    command = transload(
        "send", server.url(NAME), "--to", f"library:{own / 'out'}", "--data-dir", own / "data", "-q",
        "--set", "egress.allow_networks=127.0.0.0/8", *words,
    )  # fmt: skip
    return _watched(command, lambda: _delivered(own / "out") >= ALBUM_MAX, lambda: server.sent)


def _watched(command: list[str], happened: Callable[[], bool], value: Callable[[], int]) -> int:
    """Run a command to its end; gives the value at the first moment that it happened."""
    first: int | None = None
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if first is None and happened():
                first = value()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)
    return value() if first is None else first


def _delivered(library: Path) -> int:
    """Photos in a library, without the small pictures of its pages."""
    return sum(".gallery" not in path.parts for path in library.rglob("*.jpg"))
