"""The package as scripts use it."""

from pathlib import Path

import pytest

import transload
from tests.inputs import packed, photo
from transload.errors import SourceNotFoundError, UsageError
from transload.events import JobMoved


def test_the_blocking_one_liner_gives_the_report(tmp_path: Path) -> None:
    source = packed(tmp_path / "two.zip", {"a.jpg": photo(1), "b.txt": b"words"})
    report = transload.send(
        str(source), to=f"library:{tmp_path / 'lib'}", data_dir=tmp_path / "data", files="all"
    )
    assert report.as_dict()["state"] == "succeeded"
    assert [record.outputs[0].reference for record in report.items] == ["two/a.jpg", "two/b.txt"]


def test_the_blocking_one_liner_ends_where_a_password_is_needed(tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    data = bytearray(source.read_bytes())
    data[6] |= 1  # encrypted, says the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and so does the directory
    source.write_bytes(data)
    report = transload.send(str(source), to=f"library:{tmp_path}/lib", data_dir=tmp_path / "data")
    assert report.as_dict()["state"] == "waiting"
    assert report.as_dict()["error"]["kind"] == "input.password_needed"


@pytest.mark.anyio
async def test_errors_come_out_as_themselves(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"gone\.zip"):
        async with transload.open(data_dir=tmp_path / "data") as app:
            await app.send(str(tmp_path / "gone.zip"))
    with pytest.raises(UsageError):
        async with transload.open(data_dir=tmp_path / "data") as app:
            await app.send(str(tmp_path), to="nowhere:x")


@pytest.mark.anyio
async def test_events_end_with_the_job(tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    async with transload.open(data_dir=tmp_path / "data") as app:
        job = await app.send(str(source), to=f"library:{tmp_path / 'lib'}")
        events = [event async for event in app.events(job.id)]
        history = await app.history(job.id)
    assert events[0].what == "snapshot"
    states = [one.news.state for one in history if isinstance(one.news, JobMoved)]
    assert states == ["queued", "running", "succeeded"]
    assert [event.seq for event in history] == list(range(1, len(history) + 1))
