"""More than one command, signals in the middle, very many entries."""

import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.faults.desk import COMMAND, Desk, hashes
from tests.inputs import clip, packed, photo

STOP_S = 4.0
RSS_MAX_KIB = 150 << 10


def _photos(path: Path, first: int, number: int) -> Path:
    return packed(path, {f"{n}.jpg": photo(n, (320, 240)) for n in range(first, first + number)})


def test_the_same_command_twice_at_once_is_one_job(desk: Desk) -> None:
    source = _photos(desk.inputs / "t.zip", 0, 40)
    one, other = desk.begin(source), desk.begin(source)
    said = desk.finish(one, source), desk.finish(other, source)
    assert [each.status for each in said] == [0, 0], said
    assert len(desk.delivered()) == 40
    assert len(set(desk.delivered().values())) == 40
    jobs = desk.json_of(desk.run("jobs", "--json"))
    assert sum(job["totals"]["sent"] for job in jobs) == 40


def test_two_sources_at_once_both_arrive(desk: Desk) -> None:
    first, second = _photos(desk.inputs / "a.zip", 0, 20), _photos(desk.inputs / "b.zip", 100, 20)
    one, other = desk.begin(first), desk.begin(second)
    assert desk.finish(one, first).status == 0
    assert desk.finish(other, second).status == 0
    wanted = [photo(n, (320, 240)) for n in (*range(20), *range(100, 120))]
    assert sorted(desk.delivered().values()) == hashes(*wanted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_job_leaves_one_that_continues(
    desk: Desk, number: signal.Signals
) -> None:
    film = clip(desk.inputs / "film.avi", seconds=8, size="640x480").read_bytes()
    source = packed(desk.inputs / "t.zip", {"film.avi": film, "a.jpg": photo(1)})
    process = desk.begin(source)
    _until_encoding(desk, process)
    process.send_signal(number)
    since = time.monotonic()
    said = desk.finish(process, source)
    assert time.monotonic() - since < STOP_S
    assert said.status == 130
    assert "same command" in said.err
    assert desk.children() == []
    assert sorted(desk.delivered().values()) == hashes(photo(1))
    again = desk.send(source)
    assert again.status == 0, again.err
    assert again.report["job"] == said.report["job"]
    assert len(desk.delivered()) == 3  # the photo, the film, its original


def _until_encoding(desk: Desk, process: subprocess.Popen[str]) -> None:
    """Come back once the photo has arrived and an encoder runs."""
    while not any("libx264" in words for words in desk.children()):
        assert process.poll() is None, process.communicate()


@pytest.mark.bounds
@pytest.mark.timeout(300)
def test_a_hundred_thousand_entries_in_bounded_memory(desk: Desk) -> None:
    source = desk.inputs / "many.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for n in range(100_000):
            archive.writestr(f"{n // 1000}/{n}.txt", b"x")
        archive.writestr("last.jpg", photo(1))
    program = f"{COMMAND[2].removesuffix('main()')}\ntry:\n    main()\nfinally:\n    {_PEAK}"
    words = ["send", source, "--to", f"library:{desk.library}", "-q"]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        env=desk.environment({}), cwd=desk.folder / "cwd", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(desk.delivered().values()) == hashes(photo(1))
    assert int(done.stdout) <= RSS_MAX_KIB


_PEAK = "import re; print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
