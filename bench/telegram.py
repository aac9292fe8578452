"""Delivery to a Telegram chat, against the library's own way of sending, with a server in a process of its own."""

import json
import os
import queue
import random
import resource
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
from telethon import TelegramClient, functions, types

from bench import inputs
from bench.figures import Room, transload
from bench.table import Figure
from bench.watch import MIB_BYTES, run
from tests.inputs import packed
from transload.app import App
from transload.clients.accounts import accounts, signing_in
from transload.config import DataFolder, Settings, Telegram

FILE_BYTES = 24 * inputs.MIB
FAR_S = 0.06
FAR_FACTOR, CPU_FACTOR = 5, 1.2
FIRST_S, FIRST_FACTOR = 1.0, 1.2
PHOTOS, PHOTOS_MIB = 1000, 110
ENTRIES, ENTRIES_MIB = 100_000, 150
TURNS = 3
ANN = "49111"


@dataclass
class Server:
    """The sandbox as a program, with an installation that is signed in to it."""

    folder: Path
    address: str
    key: str
    lines: "queue.Queue[str]" = field(default_factory=queue.Queue)

    @property
    def data(self) -> DataFolder:
        return DataFolder(self.folder / "data")

    @property
    def settings(self) -> Settings:
        telegram = Telegram(
            pace="off", api_id=1, api_hash="x", server=self.address, server_key=self.key
        )
        return replace(Settings(min_free_bytes=0), telegram=telegram)

    def listen(self, out: Iterable[str]) -> None:
        for line in out:
            self.lines.put(line)

    async def sign_in(self) -> None:
        async with signing_in(accounts(self.settings, self.data.telegram)[0]) as telegram:
            await telegram.send_code(ANN)
            await telegram.give_code(ANN, self.lines.get(timeout=5).split()[-1])

    def command(self, source: Path, *words: str) -> list[str]:
        key = self.folder / "key.pem"
        key.write_text(self.key)
        given = {"api_id": "1", "api_hash": "x", "pace": "off", "server": self.address}
        given |= {"server_key": str(key)}
        settings = [
            word for name, one in given.items() for word in ("--set", f"telegram.{name}={one}")
        ]
        where = ("--to", "telegram:me", "--data-dir", self.data.root, "-q")
        return transload("send", source, *where, *settings, *words)


@contextmanager
def served(folder: Path, round_trip_s: float = 0.0) -> Iterator[Server]:
    """A sandbox on ports of its own, until the block ends."""
    folder.mkdir()
    port = 4000 + os.getpid() % 900
    program = str(Path(sys.executable).with_name("transload-telegram-sandbox"))
    words = [
        "--port",
        str(port),
        "--page-port",
        str(port + 1000),
        "--round-trip",
        str(round_trip_s),
    ]
    process = subprocess.Popen(
        [program, str(folder / "box"), *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    server = Server(folder, f"127.0.0.1:{port}", "")
    try:
        for line in process.stdout:
            if line.startswith("pages:"):
                break
        server.key = (folder / "box" / "public.pem").read_text()
        out = process.stdout
        threading.Thread(target=server.listen, args=(out,), daemon=True).start()
        anyio.run(server.sign_in)
        yield server
    finally:
        process.terminate()
        process.wait()


def telegram(room: Room) -> Iterator[Figure]:
    """One large file near and far away, the first album, memory with many."""
    body = random.Random(1).randbytes(FILE_BYTES)
    with served(room.own / "near") as near:
        wall, cpu = anyio.run(compared, near, body)
        yield Figure("24 MB, no distance: send_file / ours, at least 1 (as 1 / it)", 1 / wall, 1.0)
        yield Figure("the same, CPU a MB / send_file", cpu, CPU_FACTOR)
        yield first_album(room, near)
        yield from memory(room, near)
    with served(room.own / "far", FAR_S) as far:
        wall, cpu = anyio.run(compared, far, body)
        yield Figure("24 MB, 60 ms away: send_file / ours (1 / it)", 1 / wall, 1 / FAR_FACTOR)
        yield Figure("the same: times as fast as send_file", wall)


@asynccontextmanager
async def library_client(server: Server) -> AsyncIterator[Any]:
    """The library as it is, by the same session; no job runs meanwhile."""
    client: Any = TelegramClient(str(server.data.telegram / "main.session"), 1, "x")
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def compared(server: Server, body: bytes) -> tuple[float, float]:
    """How many times as fast a job is as `send_file`, and what a MB more costs as a share of that one's; medians."""
    path = server.folder / "file.bin"
    path.write_bytes(body)
    walls: list[float] = []
    costs: list[float] = []
    small = server.folder / "small.bin"
    small.write_bytes(b"x")
    for turn in range(TURNS):
        async with library_client(server) as client:
            await client.send_file("me", str(small), force_document=True)
            _, least = await measured(client.send_file("me", str(small), force_document=True))
            wall, cpu = await measured(client.send_file("me", str(path), force_document=True))
        source = packed(server.folder / f"{turn}.zip", {f"{turn}.bin": body})
        async with App(server.settings, server.data) as app:
            warm = [packed(server.folder / f"{turn}{n}.zip", {"a": b"%d" % n}) for n in range(2)]
            await done(app, warm[0])
            marks = [cpu_s()]
            await done(app, warm[1])
            marks.append(cpu_s())
            walls.append(wall / await done(app, source))
            marks.append(cpu_s())
        own_least, own = (after - before for before, after in pairwise(marks))
        costs.append((own - own_least) / (cpu - least))
    return statistics.median(walls), statistics.median(costs)


async def done(app: App, source: Path) -> float:
    """Seconds from the start of a job to its receipt."""
    job = await app.send(str(source), to="telegram:me", files="all", recipe="original", again=True)
    report = await app.report((await app.wait(job.id)).id)
    (one,) = report.items
    assert one.item.sent_ms is not None, report.job.fault
    return (one.item.sent_ms - (report.job.started_ms or 0)) / 1000


async def measured(act: Awaitable[object]) -> tuple[float, float]:
    began, before = time.perf_counter(), cpu_s()
    await act
    return time.perf_counter() - began, cpu_s() - before


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def first_album(room: Room, server: Server) -> Figure:
    """Seconds from the start of a command to its first album, beside what a plain client takes to stage its photos.

    The server encodes each photo again on the same processors, for both of them.
    """
    source = inputs.photos(room.kept / "telegram-photos-20.zip", 20, 2 * inputs.MIB)
    plain = anyio.run(plainly, server, source)
    report = server.folder / "report.json"
    ratios: list[float] = []
    for _ in range(TURNS):
        seen = run(server.command(source, "--again", "--report", str(report)))
        sent = json.loads(report.read_text())["items"][0]["sent_at"]
        took = datetime.fromisoformat(sent).timestamp() - seen.began_at
        ratios.append(took / (FIRST_S + FIRST_FACTOR * plain))
    return Figure(
        "first album of 2 MB photos / 1 s + 1.2 x staging them plainly",
        statistics.median(ratios),
        1,
    )


async def plainly(server: Server, source: Path) -> float:
    """Seconds in which the library uploads the first ten photos and makes media of them, one after the other."""
    with zipfile.ZipFile(source) as archive:
        photos = [archive.read(name) for name in archive.namelist()[:10]]

    async with library_client(server) as client:
        began = time.perf_counter()
        for photo in photos:
            file = await client.upload_file(photo, part_size_kb=512, file_name="a.jpg")
            media = types.InputMediaUploadedPhoto(file)
            await client(functions.messages.UploadMediaRequest("me", media))
        return time.perf_counter() - began


def memory(room: Room, server: Server) -> Iterator[Figure]:
    """The main process with very many photos, and with very many entries."""
    photos = inputs.photos(room.kept / "telegram-photos-1000.zip", PHOTOS, 300_000)
    seen = run(server.command(photos))
    yield Figure("1,000 photos: main process", seen.main_rss / MIB_BYTES, PHOTOS_MIB, "MiB")
    yield Figure("1,000 photos: a second", PHOTOS / seen.wall_s)
    entries = inputs.tiny_files(room.kept / f"tiny-{ENTRIES}.zip", ENTRIES)
    seen = run(server.command(entries))
    yield Figure("100,000 entries: main process", seen.main_rss / MIB_BYTES, ENTRIES_MIB, "MiB")
