"""A child that decodes: what it gives, how it ends, what it is never told in the open."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tests.process_table import Book, left_after
from transload.archives.sevenzip.process import DecoderProcess
from transload.entry import Secret
from transload.errors import LimitError, StoreError

MEMORY = 64 << 20
SECRET = Secret("geheim-Grüße 日本")


def _words(script: str, names: str | None) -> list[str]:
    return ["/bin/sh", "-c", script, "sh", *([] if names is None else [names])]


@pytest.fixture
def start() -> Iterator[Callable[..., DecoderProcess]]:
    """Starts shell scripts as decoders; what still runs at the end is ended."""
    runs: list[DecoderProcess] = []

    def started(script: str, **options: object) -> DecoderProcess:
        given: dict[str, object] = {"memory_bytes": MEMORY, "password": None} | options
        run = DecoderProcess(partial(_words, script), **given)  # type: ignore[arg-type]
        runs.append(run)
        return run

    yield started
    for run in runs:
        run.kill()


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_output_status_and_complaint(start: Callable[..., DecoderProcess]) -> None:
    run = start("printf 'one\\ntwo\\nrest'; echo 'bad header' >&2; exit 2")
    assert list(run.lines()) == [b"one", b"two", b"rest"]
    assert run.end() == 2
    assert run.evidence() == "bad header"
    assert start("true").end() == 0


def test_only_the_end_of_a_long_complaint_is_kept(start: Callable[..., DecoderProcess]) -> None:
    run = start("seq 100000 >&2; echo last >&2")
    assert run.read(10) == b""
    run.end()
    assert len(run.evidence() or "") <= 1000
    assert (run.evidence() or "").endswith("last")


def test_skipping_tells_how_much_there_was(start: Callable[..., DecoderProcess]) -> None:
    run = start("head -c 300000 /dev/zero; printf tail")
    assert run.skip(300_000) == 300_000
    assert run.read(100) == b"tail"
    assert run.skip(5) == 0


def test_names_come_in_a_file_without_a_name(start: Callable[..., DecoderProcess]) -> None:
    run = start('echo "$1"; cat "$1"', names=[b"a b.jpg", "grüße".encode()])
    listed, *names = run.lines()
    assert names == [b"a b.jpg", "grüße".encode()]
    assert listed.startswith(b"/dev/fd/")
    run.end()


def test_a_password_is_in_standard_input_and_nowhere_else(
    start: Callable[..., DecoderProcess],
) -> None:
    """The child looks at itself and at the one that started it."""
    look = 'cat /proc/$$/cmdline /proc/$$/environ; read -r word; echo; echo "got $word"'
    run = start(look, password=SECRET)
    before, got = b"\n".join(run.lines()).rsplit(b"\n", 1)
    assert got == b"got " + SECRET.text.encode()
    assert SECRET.text.encode() not in before
    assert b"LC_ALL=C.UTF-8" in before
    assert run.end() == 0
    assert SECRET.text not in repr(run) + repr(SECRET) + repr(vars(run))


def test_a_child_that_does_not_want_the_password(start: Callable[..., DecoderProcess]) -> None:
    assert start("exec 0<&-; echo done", password=SECRET).read(10) == b"done\n"


def test_its_environment_is_its_own(
    start: Callable[..., DecoderProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLOAD_SECRET", "x")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    keys = {line.partition(b"=")[0] for line in start("env").lines()}
    assert keys <= {b"LC_ALL", b"LANG", b"TZ", b"PATH", b"PWD", b"SHLVL", b"_", b"OLDPWD"}
    assert list(start('echo "$TZ"').lines()) == [b"UTC"]


def test_a_silent_child_is_ended(start: Callable[..., DecoderProcess]) -> None:
    run = start("echo $$; exec sleep 100", quiet_s=0.5)
    pid = int(run.read(20))
    with pytest.raises(LimitError, match=r"not one byte in 0\.5 s"):
        run.read(1)
    assert not _is_alive(pid)


def test_killing_takes_grandchildren_along(start: Callable[..., DecoderProcess]) -> None:
    run = start("sleep 100 & echo $!; wait")
    pid = int(run.read(20))
    assert _is_alive(pid)
    run.kill()
    run.kill()
    assert left_after({pid}, 5) == set()


def test_a_child_cannot_take_more_memory_than_it_may(start: Callable[..., DecoderProcess]) -> None:
    program = shlex.quote(sys.executable)
    run = start(f"{program} -c 'bytearray(600 << 20)'")
    assert run.read(10) == b""
    assert run.end() != 0
    assert "MemoryError" in (run.evidence() or "")


@pytest.mark.anyio
async def test_cancelling_leaves_no_child(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    os.mkfifo(told)

    def read_it() -> None:
        words = partial(_words, f"echo $$ > {told}; exec sleep 100")
        with DecoderProcess(words, MEMORY, None) as run:
            run.read(1)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, read_it)
            pid = int(await anyio.to_thread.run_sync(told.read_text))
            assert _is_alive(pid)
            group.cancel_scope.cancel()
    assert not _is_alive(pid)


def test_files_are_closed_when_it_is_over(start: Callable[..., DecoderProcess]) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  counted, not walked
    for _ in range(3):
        run = start("echo x; echo y >&2", names=[b"a"], password=SECRET)
        run.skip(10)
        run.end()
        start("sleep 100", names=[b"a"]).kill()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  counted, not walked


def test_it_is_on_the_roll_until_it_is_reaped(start: Callable[..., DecoderProcess]) -> None:
    book = Book()
    run = start("echo one; sleep 60", registry=book)
    assert run.read(9) == b"one\n"
    assert book.known_again() == ["/bin/sh"]
    run.kill()
    run.kill()
    assert (book.living, len(book.entered)) == ({}, 1)


def test_it_is_ended_where_the_roll_cannot_be_written(start: Callable[..., DecoderProcess]) -> None:
    book = Torn()
    with pytest.raises(StoreError):
        start("sleep 60", registry=book)
    assert left_after(set(book.entered), 0) == set()


class Torn(Book):
    """A registry whose ledger is gone."""

    def enter(self, pid: int, command: str) -> None:
        super().enter(pid, command)
        raise StoreError("the ledger cannot be used")
