"""Sources on a web server whose line, server or disk fails: what arrives is whole, once, and what did not is told."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from tests.archives.makers import make_tar, noise
from tests.faults.desk import Desk, Said, hashes
from tests.inputs import packed, photo
from tests.servers.ranged import Ranged, ranged
from transload.archives.sevenzip.tool import find_sevenzip

PHOTOS = {f"{n:02d}.jpg": photo(n) + noise(120_000, n) for n in range(12)}
ALL = hashes(*PHOTOS.values())
LOCAL = ("--set", "egress.allow_networks=127.0.0.0/8")


@pytest.fixture
def server(desk: Desk) -> Iterator[Ranged]:
    with ranged(desk.inputs) as server:
        yield server


def begin(desk: Desk, url: str, *words: str) -> subprocess.Popen[str]:
    report = desk.folder / "remote.report.json"
    to = ("--to", f"library:{desk.library}", "--report", report)
    return desk.start("send", url, *to, *(words or LOCAL))


def send(desk: Desk, url: str, *words: str) -> Said:
    report = desk.folder / "remote.report.json"
    said = desk.finish(begin(desk, url, *words))
    return Said(said.status, said.out, said.err, json.loads(report.read_text("utf-8")))


def packed_oddly(desk: Desk) -> int:
    """A zip that only 7zz reads, from a local file; gives its size."""
    folder = desk.inputs / "tree"
    folder.mkdir()
    for name, content in PHOTOS.items():
        (folder / name).write_bytes(content)
    archive = desk.inputs / "odd.zip"
    command = [str(find_sevenzip(None).path), "a", "-tzip", "-mm=Deflate64", str(archive), "."]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return archive.stat().st_size


def test_a_private_address_is_refused_with_the_setting_that_allows_it(
    desk: Desk, server: Ranged
) -> None:
    said = send(desk, server.url("trip.zip", "me:secret"), "--set", "min_free_bytes=1")
    assert said.status == 2
    assert said.kind == "input.blocked_address"
    assert said.tells("egress.allow_networks=127.0.0.1/32")
    assert "secret" not in json.dumps(said.report) + said.err + said.out
    assert server.connections == 0


def test_a_login_is_in_no_text_that_is_left(desk: Desk, server: Ranged) -> None:
    packed(desk.inputs / "trip.zip", PHOTOS)
    server.does.login = "me:topsecret"
    said = send(desk, server.url("trip.zip?sign=keykey", "me:topsecret"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == ALL
    shown = desk.run("jobs", said.report["job"], *LOCAL)
    told = [
        path.read_text("utf-8")
        for path in desk.folder.rglob("*")
        if path.suffix in (".log", ".json", ".html")
    ]
    assert len(told) >= 3
    for text in (*told, said.out, said.err, shown.out, shown.err):
        assert "topsecret" not in text
        assert "keykey" not in text
    kept = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"topsecret" in path.read_bytes()]


def test_a_bad_line_and_a_busy_server_cost_time_only(desk: Desk, server: Ranged) -> None:
    packed(desk.inputs / "trip.zip", PHOTOS)
    server.does.break_after, server.does.always_break = 200_000, True
    server.does.refuse = [503]
    said = send(desk, server.url("trip.zip"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == ALL


def test_a_server_that_cannot_give_parts_is_told_of(desk: Desk, server: Ranged) -> None:
    packed(desk.inputs / "trip.zip", PHOTOS)
    server.does.ranges = False
    said = send(desk, server.url("trip.zip"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == ALL
    assert any("the server cannot give parts of a file" in text for text in said.report["warnings"])


def test_a_tar_streams_through_without_parts(desk: Desk, server: Ranged) -> None:
    make_tar(desk.inputs / "trip.tar.gz", PHOTOS, "gz")
    server.does.ranges = server.does.tell_length = False
    said = send(desk, server.url("trip.tar.gz"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == ALL
    assert said.report["warnings"] == []


def test_a_kill_while_it_is_fetched_loses_only_the_last_piece(desk: Desk, server: Ranged) -> None:
    half = packed_oddly(desk) // 2
    server.does.hold, server.does.hold_after = Event(), half
    process = begin(desk, server.url("odd.zip"))
    try:
        part = _grown(process, desk.data, half)
    finally:
        process.kill()
        process.communicate()
    server.does.hold.set()
    server.does.hold = None
    server.forget()
    said = send(desk, server.url("odd.zip"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == ALL
    assert any("local file" in text for text in said.report["warnings"])
    assert f"bytes={part}-" in [
        request.headers["range"] for request in server.requests if "if-range" in request.headers
    ]


def _grown(process: subprocess.Popen[str], data: Path, least: int) -> int:
    """The size of the part that is being fetched, once it has `least` bytes."""
    for _ in range(2000):
        sizes = [path.stat().st_size for path in data.glob("scratch/*/spool/*.part")]
        if sizes and sizes[0] >= least:
            return sizes[0]
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"ended with {process.wait(0.01)}")
    raise AssertionError("nothing was fetched")


@pytest.mark.parametrize(
    ("status", "kind", "exit_status"),
    [(404, "source.not_found", 4), (403, "source.forbidden", 4), (401, "source.login_required", 5)],
)
def test_what_the_server_refuses_is_told(
    desk: Desk, server: Ranged, status: int, kind: str, exit_status: int
) -> None:
    server.does.refuse = [status]
    said = send(desk, server.url("trip.zip"))
    assert (said.status, said.kind) == (exit_status, kind)
    assert said.tells(str(status))


def test_a_web_page_instead_of_the_archive_is_said(desk: Desk, server: Ranged) -> None:
    (desk.inputs / "trip.zip").write_bytes(b"<!DOCTYPE html><title>Sign in</title>" + bytes(3000))
    said = send(desk, server.url("trip.zip"))
    assert (said.status, said.kind) == (4, "input.unsupported")
    assert said.tells("not an archive")
