"""Opening and leaving: errors as themselves, signals as 130."""

import os
import signal
from pathlib import Path

import anyio
import pytest

from transload.app import App
from transload.cli.session import Common, run
from transload.errors import StoreError, UsageError
from transload.faults import EXIT_INTERRUPTED


def here(tmp_path: Path) -> Common:
    """Options that name a fresh data folder."""
    return Common(data_dir=tmp_path / "data")


def test_the_status_of_the_act_is_the_answer(tmp_path: Path) -> None:
    async def act(app: App) -> int:
        return len(await app.jobs()) + 7

    assert run(here(tmp_path), act) == 7


def test_an_error_comes_out_as_itself(tmp_path: Path) -> None:
    async def act(_app: App) -> int:
        await anyio.lowlevel.checkpoint()
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        run(here(tmp_path), act)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_act_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    cleaned = list[bool]()

    async def act(_app: App) -> int:
        try:
            os.kill(os.getpid(), number)
            await anyio.sleep_forever()
        finally:
            cleaned.append(True)
        return 0

    assert run(here(tmp_path), act, interrupted="come again") == EXIT_INTERRUPTED
    assert cleaned == [True]
    assert capsys.readouterr().err == "come again\n"


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    async def act(_app: App) -> int:
        return 0

    with pytest.raises(StoreError, match="data"):
        run(here(tmp_path), act)
    assert run(here(tmp_path), act, ledger=False) == 0
