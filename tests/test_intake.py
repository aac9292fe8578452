"""Taking entries in: what is never unpacked, what is counted, how often a source is read."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inputs import clip, packed, photo
from tests.installation import SMALL, Counting, Home, finished, states
from transload.intake import NOT_WANTED, chosen
from transload.model import ItemKind, ItemState

pytestmark = pytest.mark.anyio
SENT, SKIPPED = ItemState.SENT, ItemState.SKIPPED


def tarred(path: Path, entries: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        ((), (), True),
        (("*.jpg",), (), True),
        (("*.png",), (), False),
        (("*.png", "trip/*"), (), True),
        ((), ("trip/*",), False),
        (("*.jpg",), ("*/a.*",), False),
        (("*.JPG",), (), False),
    ],
)
def test_a_name_passes_any_include_and_no_exclude(
    include: tuple[str, ...], exclude: tuple[str, ...], wanted: bool
) -> None:
    assert chosen("trip/a.jpg", include, exclude) is wanted


async def test_what_is_left_out_is_told_and_not_read(tmp_path: Path) -> None:
    noise = {"in/.DS_Store": b"x", "in/notes.txt": b"words" * 9000, "out/b.jpg": photo(2)}
    source = packed(tmp_path / "a.zip", {"in/a.jpg": photo(1), **noise})
    report = await Home(tmp_path).send(source, include=["in/*"])
    assert states(report) == {
        "in/a.jpg": SENT,
        "in/.DS_Store": SKIPPED,
        "in/notes.txt": SKIPPED,
        "out/b.jpg": SKIPPED,
    }
    why = {one.item.name: one.item.why for one in report.items}
    assert why["in/.DS_Store"] == NOT_WANTED[ItemKind.JUNK]
    assert why["in/notes.txt"] == NOT_WANTED[ItemKind.DOCUMENT]
    assert "--include" in why["out/b.jpg"]
    assert report.totals.peak_scratch_bytes == len(
        photo(1)
    )  # the text was never written to scratch


async def test_links_are_told_and_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "trip"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photo(1))
    (folder / "b.jpg").symlink_to("/etc/hostname")
    report = await Home(tmp_path).send(folder)
    assert states(report) == {"a.jpg": SENT, "b.jpg": SKIPPED}
    assert "link" in report.items[1].item.why


async def test_a_tar_is_read_once_for_all_its_conversions(tmp_path: Path) -> None:
    clips = {f"{n}.avi": clip(tmp_path / f"{n}.avi", n).read_bytes() for n in range(3)}
    source = tarred(tmp_path / "a.tgz", {"p.jpg": photo(1), **clips})
    home = Home(tmp_path)
    async with home.open() as app:
        counting = Counting(app.parts.sources)
        app.parts.sources.add("counted", lambda: counting)
        report = await finished(app, f"counted:{source}", to=home.to)
    assert set(states(report).values()) == {SENT}
    assert report.totals.deferred == 3
    assert len(counting.passes) == 2  # the transfer, and one for three conversions


async def test_a_source_that_changed_meanwhile_is_not_taken_for_what_was_judged(
    tmp_path: Path,
) -> None:
    first, other = (clip(tmp_path / f"{n}.avi", n).read_bytes() for n in (1, 2))
    folder = tmp_path / "trip"
    folder.mkdir()
    (folder / "c.avi").write_bytes(first)
    home = Home(tmp_path)
    async with home.open() as app:
        counting = Counting(app.parts.sources)
        counting.before = lambda: (folder / "c.avi").write_bytes(
            other if counting.passes else first
        )
        app.parts.sources.add("counted", lambda: counting)
        report = await finished(app, f"counted:{folder}", to=home.to)
    fault = report.items[0].item.fault
    assert fault is not None
    assert (fault.kind, "changed" in fault.detail) == ("input.corrupt", True)
    assert home.delivered() == {}


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB, where mounting is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


async def test_a_full_scratch_disk_is_waited_for(tmp_path: Path, tiny_disk: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "big.bmp": photo(2, (600, 500), "BMP")})
    home = Home(tmp_path, SMALL)
    home.data.root.mkdir()
    home.data.scratch.symlink_to(tiny_disk)
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes((4 << 20) - (200 << 10)))
    async with home.open() as app:
        job = await app.send(str(source), to=home.to)
        async for event in app.events(job.id):
            if event.data.get("state") == "waiting":
                break
        waiting = await app.job(job.id)
        assert waiting.wait_reason == "space"
        ballast.unlink()
        await app.resume(job.id)
        report = await app.report((await app.wait(job.id)).id)
    assert set(states(report).values()) == {SENT}
