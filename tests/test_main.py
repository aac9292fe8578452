"""The console entry, and what each command loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inputs import packed, photo
from transload.main import main

MEDIA = ("PIL", "pillow_heif", "av", "imageio_ffmpeg", "transload.media")
NETWORK = ("httpx2", "httpcore2", "ssl", "transload.net")
LEDGER = ("sqlalchemy", "alembic", "sqlite3", "transload.ledger")
LOOP = ("anyio", "asyncio", "transload.app")
AT_THE_END = """
import atexit, sys
atexit.register(lambda: print([m for m in {!r} if m in sys.modules], file=sys.stderr))
"""


def test_main_leaves_with_the_status_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("transload ")


def loaded(folder: Path, code: str, modules: tuple[str, ...]) -> str:
    """Which of the modules a new process has loaded once it has run the code."""
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END.format(modules) + code],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stderr.strip()


def command(*words: str | Path) -> str:
    """Code that runs a command."""
    return f"from transload.main import main; main({[*map(str, words)]!r})"


@pytest.mark.parametrize("code", ["import transload", command("--help"), command("send", "--help")])
def test_importing_and_help_load_nothing_heavy_and_write_nothing(tmp_path: Path, code: str) -> None:
    tmp_path.chmod(0o500)
    heavy = (*MEDIA, *NETWORK, *LEDGER, "transload.app", "transload.archives")
    assert loaded(tmp_path, code, heavy) == "[]"
    assert list(tmp_path.iterdir()) == []


def test_the_overview_loads_no_command(tmp_path: Path) -> None:
    words = ("transload.model", "transload.config", "transload.report", *LOOP)
    assert loaded(tmp_path, command("--help"), words) == "[]"


@pytest.mark.parametrize("more", [[], ["--json"], ["--include", "*.jpg"]])
def test_a_listing_loads_no_ledger_no_loop_and_no_decoder(tmp_path: Path, more: list[str]) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1)})
    heavy = (*MEDIA, *NETWORK, *LEDGER, *LOOP[1:], "rich")
    light = ("transload.model", "transload.archives.tar.reader", "backports.zstd", "anyio")
    plain = heavy if more else (*heavy, *light)
    assert loaded(tmp_path, command("list", source, *more), plain) == "[]"


def test_looking_at_jobs_loads_nothing_that_only_their_work_needs(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1)})
    here = ("--data-dir", tmp_path / "data")
    heavy = (*MEDIA, *NETWORK[:2], "transload.net", "rich")
    assert loaded(tmp_path, command("send", source, "--detach", *here), heavy[:3]) == "[]"
    assert loaded(tmp_path, command("jobs", *here), heavy) == "[]"
    assert loaded(tmp_path, command("jobs", "0", *here), heavy) == "[]"
