"""What a command says of a job, and where."""

import io
from pathlib import Path

import anyio
import pytest

from tests.cli.conftest import Cli, Sent
from tests.cli.held_up import two_for_one_server
from tests.inputs import packed, photo
from tests.installation import Home
from transload.cli.display import Lines, Patience, follow
from transload.errors import RemoteBusyError
from transload.events import Event, news_from_json
from transload.json_codec import Json
from transload.present.status import View


def test_results_go_to_one_stream_and_progress_to_the_other(sent: Sent) -> None:
    assert sent.said.out.startswith("trip -> library:")
    assert sent.said.err.splitlines()[0] == "trip: starting"


def test_quiet_says_nothing_of_a_success(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    said = cli("send", source, "--to", f"library:{tmp_path / 'lib'}", "-q")
    assert (said.status, said.out, said.err) == (0, "", "")


def test_quiet_still_names_a_fault(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "no.zip"
    source.write_bytes(b"PK\x03\x04 and then nothing of an archive")
    said = cli("send", source, "--to", f"library:{tmp_path / 'lib'}", "-q")
    assert said.status == 4
    assert said.out == ""
    assert "next:" in said.err


@pytest.mark.anyio
async def test_a_followed_job_tells_the_wait_of_another_that_holds_it_up(tmp_path: Path) -> None:
    said = io.StringIO()

    class Heard(Lines):
        """Says it, and lets know that it was said."""

        def show(self, view: View, *, changed: bool) -> None:
            super().show(view, changed=changed)
            if "asks to wait" in view.line:
                first_told.set()
            if "asks again" in view.line:
                second_told.set()

    first_told, second_told = anyio.Event(), anyio.Event()
    async with Home(tmp_path).open() as app:
        one, held = await two_for_one_server(app, tmp_path)
        async with anyio.create_task_group() as group:
            group.start_soon(follow, app, held, Heard(said))
            await first_told.wait()
            longer = RemoteBusyError("nas.example asks again").within("host:nas.example", 7200.0)
            await app.installation.waits.add(one.id, longer, 0)
            await second_told.wait()
            await app.cancel(held.id)
    first, second, *_ = said.getvalue().splitlines()
    assert first.startswith("2: waiting for the server nas.example until 20")
    assert first.endswith("nas.example asks to wait")
    assert second.endswith("nas.example asks again")


def event(what: str, **told: Json) -> Event:
    """An event of the job."""
    return Event("J", 1, 0, news_from_json(what, told))


LOOK_S = 30.0
WAITS = event("state", state="waiting", reason="space")


def test_the_first_wait_is_given_its_next_look() -> None:
    patience = Patience(LOOK_S)
    patience.take(WAITS, 0.0)
    patience.take(event("state", state="running"), 30.0)
    assert not patience.spent
    patience.take(WAITS, 31.0)
    assert patience.spent


def test_two_tasks_that_wait_at_once_are_one_wait() -> None:
    patience = Patience(LOOK_S)
    patience.take(WAITS, 0.0)
    patience.take(WAITS, LOOK_S / 2)
    assert not patience.spent


def test_items_that_arrive_start_it_anew() -> None:
    patience = Patience(LOOK_S)
    patience.take(WAITS, 0.0)
    patience.take(event("items", items=[[0, "sent"]]), 30.0)
    patience.take(WAITS, 31.0)
    assert not patience.spent


def test_other_waits_are_sat_out() -> None:
    patience = Patience(LOOK_S)
    for at in (0.0, 100.0, 200.0):
        patience.take(event("state", state="waiting", reason="retry"), at)
    assert not patience.spent
