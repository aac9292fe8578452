"""Files are brought to a destination once each, straight from the source where nobody has to look into them."""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inputs import packed, photo
from tests.installation import Home, states
from tests.servers.objects import Conduct, Store, serving
from tests.store_desk import Desk, run_on
from transload.model import ItemState

pytestmark = pytest.mark.anyio
SENT, DUPLICATE, QUARANTINED = ItemState.SENT, ItemState.DUPLICATE, ItemState.QUARANTINED
MIB = 1 << 20
FTYP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"  # what it begins with makes it a video


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving(store := Store()) as address:
        yield Desk(Home(tmp_path), store, address)


def documents(folder: Path, bodies: dict[str, bytes]) -> Path:
    """A zip of stored files, so that a byte of one can be turned."""
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, body in bodies.items():
            archive.writestr(name, body)
    return path


def turned(path: Path, content: bytes) -> Path:
    """The last byte of this content turned: its sum is wrong, which shows behind its last byte only."""
    raw = bytearray(path.read_bytes())
    raw[raw.index(content) + len(content) - 1] ^= 0xFF
    path.write_bytes(raw)
    return path


async def test_what_nobody_looks_into_never_touches_the_disk(desk: Desk, tmp_path: Path) -> None:
    bodies = {f"{n}.bin": bytes([n]) * (n * MIB + n) for n in range(1, 4)}
    report = await desk.send(documents(tmp_path, bodies), files="all")
    assert set(states(report).values()) == {SENT}
    assert report.totals.peak_scratch_bytes == 0
    for record in report.items:
        body = bodies[record.item.name]
        assert record.item.sha256 == hashlib.sha256(body).hexdigest()
        assert [(one.size_bytes, one.sha256) for one in record.outputs] == [
            (len(body), record.item.sha256)
        ]
    assert desk.store.all_bytes == sum(map(len, bodies.values()))


async def test_photos_that_are_judged_still_do(desk: Desk, tmp_path: Path) -> None:
    report = await desk.send(packed(tmp_path / "a.zip", {"a.jpg": photo(1)}), files="all")
    assert set(states(report).values()) == {SENT}
    assert report.totals.peak_scratch_bytes > 0


async def test_a_wrong_sum_behind_the_last_byte_keeps_the_entry_out(
    desk: Desk, tmp_path: Path
) -> None:
    bodies = {name: name.encode() * 50_000 for name in ("one", "two", "three")}
    source = turned(documents(tmp_path, bodies), bodies["two"])
    report = await desk.send(source, files="all")
    assert states(report) == {"one": SENT, "two": QUARANTINED, "three": SENT}
    assert sorted(desk.store.posted) == ["one", "three"]


async def test_an_equal_content_is_posted_once(desk: Desk, tmp_path: Path) -> None:
    bodies = {"a.jpg": photo(1), "b.jpg": photo(1), "c.jpg": photo(2)}
    report = await desk.send(documents(tmp_path, bodies), recipe="original")
    assert states(report) == {"a.jpg": SENT, "b.jpg": DUPLICATE, "c.jpg": SENT}
    assert desk.store.posted == ["a.jpg", "c.jpg"]
    again = await desk.send(documents(tmp_path, {"x.jpg": photo(2)}), recipe="original")
    assert states(again) == {"x.jpg": DUPLICATE}


def test_after_a_kill_only_missing_parts_travel(desk: Desk, tmp_path: Path) -> None:
    content = bytes(n % 253 for n in range(4 * MIB))
    source = documents(tmp_path, {"one.bin": content})
    desk.store.plan("part", Conduct("kill after"), skip=40)
    scene = desk.scene(source)
    scene.more = ("--files", "all")
    assert run_on(scene) == 0
    assert desk.store.kills == 1
    assert desk.store.posted == ["one.bin"]
    again = desk.store.all_bytes - len(content)
    assert again <= 5 * 65536  # what arrived since the last four that were written down


@pytest.mark.bounds
@pytest.mark.timeout(600)
def test_three_gigabytes_pass_through_without_scratch_and_memory(
    desk: Desk, tmp_path: Path
) -> None:
    most: list[int] = []
    for size in (MIB, 3 << 30):
        (folder := tmp_path / f"{size}").mkdir()
        with (source := folder / "large.mp4").open("wb") as file:
            file.write(FTYP)
            file.truncate(size)
        scene = desk.scene(source)
        scene.folder, scene.more = folder / "run", ("--recipe", "original")
        process = scene.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        assert scene.report()["totals"]["peak_scratch_bytes"] == 0
        most.append(used.ru_maxrss)
    assert most[1] - most[0] <= 8 * 1024, most  # KiB
