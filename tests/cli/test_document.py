"""Reports as text and as files."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import transload
from tests.inputs import packed
from transload.cli.document import PAGE, NotStarted, ReportFile, not_started, of_all
from transload.errors import SourceNotFoundError, UsageError

pytestmark = pytest.mark.anyio


async def test_pages_join_to_the_one_document(tmp_path: Path) -> None:
    number = PAGE + 3
    source = packed(tmp_path / "many.zip", {f"{n}.txt": b"%d" % n for n in range(number)})
    async with transload.open(data_dir=tmp_path / "data") as app:
        job = await app.send(str(source), to=f"library:{tmp_path / 'lib'}")
        await app.wait(job.id)
        file = ReportFile(tmp_path / "report.json")
        file.check()
        await file.write(of_all(app, [job]), [job.id])
        gone = NotStarted("gone", "library:", None, SourceNotFoundError("gone"))
        both = json.loads("".join([piece async for piece in of_all(app, [job, gone])]))
        whole = (await app.report(job.id)).as_dict()
    written = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert written == whole == both[0]
    assert len(written["items"]) == number
    assert both[1]["state"] == "failed"


def test_a_source_without_a_job_has_the_shape_of_a_report() -> None:
    document = json.loads(
        not_started(NotStarted("s", "library:", None, SourceNotFoundError("half \udcff name")))
    )
    assert document["items"] == []
    assert document["totals"]["entries"] == 0
    assert document["error"]["detail"] == "half ? name"


def test_a_login_in_an_address_is_not_told() -> None:
    one = NotStarted("http://me:secret@h/a", "library:", None, SourceNotFoundError("gone"))
    assert "secret" not in not_started(one)
    assert json.loads(not_started(one))["source"] == "http://h/a"


def names_in(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too; a device counts, a file in its place does not."""
    return [
        path.name
        for path in folder.iterdir()
        if path.parent != Path("/dev") or path.is_char_device()
    ]


async def test_a_failed_write_leaves_the_old_report_and_nothing_else(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[str]:
        yield "half"
        raise OSError(28, "No space left on device")

    file = ReportFile(tmp_path / "report.json")
    file.path.write_text("old")
    with pytest.raises(UsageError, match="No space left") as raised:
        await file.write(broken(), ["01J", "01K"])
    assert "`transload jobs 01J --json` prints it." in str(raised.value.suggestion)
    assert names_in(tmp_path) == ["report.json"]
    assert file.path.read_text() == "old"


async def test_two_commands_may_write_the_same_report_at_once(tmp_path: Path) -> None:
    one, other = ReportFile(tmp_path / "report.json"), ReportFile(tmp_path / "report.json")

    async def first() -> AsyncIterator[str]:
        yield "half"
        await other.write(second(), ())
        yield ", and whole"

    async def second() -> AsyncIterator[str]:
        yield "other"

    await one.write(first(), ())
    assert names_in(tmp_path) == ["report.json"]
    assert one.path.read_text() == "half, and whole"


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ReportFile(tmp_path).check()


async def test_a_device_is_written_not_replaced() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "gone"

    file = ReportFile(Path("/dev/null"))
    file.check()
    await file.write(pieces(), ())
    assert names_in(Path("/dev")).count("null") == 1
    file.check()
