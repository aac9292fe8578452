"""How the library delivers, on the disk of the scratch folder and on another: paths, names, temporaries, full disks."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import anyio
import pytest

from tests.conformance.targets import LIBRARIES, LibraryTarget, room_for
from tests.destinations.parcels import (
    MTIME_MS,
    HeldClaims,
    a_job,
    a_parcel,
    a_shipment,
    as_open,
    intents_for,
    local,
    paths_of,
)
from transload.destinations.delivery import TEMP_FOLDER, outputs
from transload.destinations.library import Library, key
from transload.errors import DeniedError, DiskFullError
from transload.model import Intent, Job, Placement
from transload.ports import Answer, Landed, Refusal

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LIBRARIES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LibraryTarget]:
    with tempfile.TemporaryDirectory(dir=room_for(request.param, tmp_path)) as room:
        yield LibraryTarget(Path(room) / "library")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


def batch(target: LibraryTarget, scratch: Path, count: int = 3) -> list[Intent]:
    shipments = [
        a_shipment(n, a_parcel(scratch, f"day {n}/IMG.jpg", b"photo %d" % n))
        for n in range(1, count + 1)
    ]
    return intents_for(target.destination, shipments)


def wanted(intents: Sequence[Intent]) -> dict[str, bytes]:
    return {
        path: local(parcel).read_bytes()
        for intent in intents
        for path, parcel in zip(paths_of(intent), intent.shipment.parcels, strict=True)
    }


async def test_modification_times_are_kept(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    (intent,) = batch(target, scratch, 1)
    await target.destination.deliver(a_job(), [intent])
    assert target.mtime_ms(paths_of(intent)[0]) in (MTIME_MS, None)


async def test_look_up_knows_content_not_names(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    intents = batch(target, scratch)
    await target.destination.deliver(a_job(), intents[:1])
    target.plant(paths_of(intents[1])[0], b"PHOTO 2")  # same size
    assert await target.destination.look_up(a_job(), as_open(intents)) == [
        Landed(1, outputs(intents[0]))
    ]
    assert not await target.destination.holds(outputs(intents[2]))


async def test_sweep_takes_only_its_own_job(target: LibraryTarget, scratch: Path) -> None:
    one, two = a_job("01A"), a_job("01A.1")
    await target.destination.open(one)
    leftovers = {f"{TEMP_FOLDER}/{job}.7.0.00c0ffee.part" for job in ("01A", "01A.1")}
    others = {f"{TEMP_FOLDER}/notes.txt", f"{TEMP_FOLDER}/01A.7.0.part"}
    for path in leftovers | others:
        target.plant(path, b"half")
    await target.destination.sweep(one)
    assert set(target.files()) == others | {f"{TEMP_FOLDER}/01A.1.7.0.00c0ffee.part"}
    await target.destination.sweep(two)
    assert set(target.files()) == others


async def test_hostile_names_stay_inside(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    hostile = [
        "../../out.jpg", "/abs.jpg", "..\\..\\win.jpg", "C:\\c.jpg", ".transload/x", "a/../../b", "x\x00y", "",
        "é" * 400, "/".join(["deep"] * 200), "CON", "\udcff.jpg", "gallery.html", "-rf", "~/home.jpg",
    ]  # fmt: skip
    shipments = [
        a_shipment(n, a_parcel(scratch, name, b"%d" % n)) for n, name in enumerate(hostile, 1)
    ]
    intents = intents_for(target.destination, shipments)
    answers = await target.destination.deliver(a_job(), intents)
    assert all(isinstance(answer, Landed) for answer in answers)
    assert target.files() == wanted(intents)
    assert all(path.startswith("trip/") and ".." not in path.split("/") for path in target.files())
    assert "trip/gallery.html" not in target.files()


async def test_climbing_paths_are_refused(
    target: LibraryTarget, scratch: Path, tmp_path: Path
) -> None:
    await target.destination.open(a_job())
    shipment = a_shipment(1, a_parcel(scratch, "x", b"x"))
    for path in ("../x.jpg", f"{tmp_path}/x.jpg", "trip/../../x.jpg"):
        (answer,) = await target.destination.deliver(
            a_job(), [Intent(shipment, 1, (Placement(path),))]
        )
        assert isinstance(answer, Refusal)
    assert target.files() == {}


async def test_equal_names_all_arrive(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    names = [
        "a/IMG.jpg",
        "a/IMG.jpg",
        "a/img.JPG",
        "A/Img.jpg",
        "a",
        "a/IMG.jpg/inner.jpg",
        "e\u0301",
        "é",
    ]
    shipments = [
        a_shipment(n, a_parcel(scratch, name, b"%d" % n)) for n, name in enumerate(names, 1)
    ]
    intents = intents_for(target.destination, shipments)
    assert len({key(paths_of(intent)[0]) for intent in intents}) == len(names)
    assert paths_of(intents[1]) == ("trip/a/IMG (2).jpg",)
    await target.destination.deliver(a_job(), intents)
    assert sorted(target.files().values()) == [b"%d" % n for n in range(1, len(names) + 1)]


async def test_files_of_one_item_never_collide(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    parcels = [
        a_parcel(scratch, name, name.encode()) for name in ("x/a.jpg", "X/A.jpg", "x/a.jpg/b", "x")
    ]
    (intent,) = intents_for(target.destination, [a_shipment(1, *parcels)])
    assert len({key(path) for path in paths_of(intent)}) == len(parcels)
    await target.destination.deliver(a_job(), [intent])
    assert target.files() == wanted([intent])


async def test_foreign_files_are_passed_by(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    target.plant("trip/a.jpg", b"mine")
    target.plant("trip/b", b"a file where a folder is needed")
    shipments = [
        a_shipment(n, a_parcel(scratch, name, b"x")) for n, name in ((1, "a.jpg"), (2, "b/c.jpg"))
    ]
    paths = [paths_of(intent)[0] for intent in intents_for(target.destination, shipments)]
    assert paths == ["trip/a (2).jpg", "trip/b (2)/c.jpg"]
    assert target.destination.claim_folder(a_job(), "another", HeldClaims()) == "trip (2)"


CRASHING_PUT = """
import os, signal, sys, anyio
from pathlib import Path
from tests.conformance.targets import LibraryTarget
from tests.destinations.test_library_delivery import batch
from tests.destinations.parcels import a_job

root, scratch, event, nth = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
seen = 0

def die(name, args):
    global seen
    seen += name == event and ".transload" in str(args)
    if seen == nth:
        seen = -1000  # killing is an audited event too
        os.kill(os.getpid(), signal.SIGKILL)

target = LibraryTarget(root)
async def main():
    await target.destination.open(a_job())
    intents = batch(target, scratch)
    sys.addaudithook(die)
    await target.destination.deliver(a_job(), intents)
    os.kill(os.getpid(), signal.SIGKILL)
anyio.run(main)
"""


@pytest.mark.parametrize(
    ("event", "nth", "landed"),
    [
        ("os.utime", 2, 0),
        ("os.rename", 1, 0),
        ("os.rename", 2, 1),
        ("os.rename", 3, 2),
        ("none", 1, 3),
    ],
    ids=["half_staged", "all_staged", "one_renamed", "two_renamed", "receipt_missing"],
)
async def test_a_killed_put_is_continued(
    tmp_path: Path, scratch: Path, event: str, nth: int, landed: int
) -> None:
    """The library's own steps, each by the system call that ends it; other targets bring their own list."""
    again, root = LibraryTarget(tmp_path / "library"), tmp_path / "library"
    intents = batch(again, tmp_path / "again")  # the same names and bytes as the child's
    child = await anyio.run_process(
        [sys.executable, "-c", CRASHING_PUT, str(root), str(scratch), event, str(nth)],
        check=False,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    left = again.files()
    finals = {path: body for path, body in left.items() if not path.startswith(TEMP_FOLDER)}
    assert finals == dict(list(wanted(intents).items())[:landed])
    assert len(left) > landed or landed == len(intents)

    await again.destination.open(a_job())
    await again.destination.sweep(a_job())
    found = await again.destination.look_up(a_job(), as_open(intents))
    assert [one.item_id for one in found] == list(range(1, landed + 1))
    await again.destination.deliver(a_job(), intents[landed:])
    await again.destination.sweep(a_job())
    assert again.files() == wanted(intents)
    assert not (root / TEMP_FOLDER).exists()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a small file system of the test's own; skips only where mounting is not permitted."""
    points: list[Path] = []

    def mount(*options: str) -> Path:
        point = tmp_path / f"disk{len(points)}"
        point.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "transload-test", str(point)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting is not permitted here")
        points.append(point)
        return point

    yield mount
    for point in points:
        subprocess.run(["umount", str(point)], check=True)


async def test_a_full_disk_keeps_what_fits(mounted: Callable[..., Path], scratch: Path) -> None:
    target = LibraryTarget(mounted("size=1m"))
    await target.destination.open(a_job())
    bodies = [bytes([n]) * 400_000 for n in range(3)]
    shipments = [
        a_shipment(n, a_parcel(scratch, f"{n}.jpg", body)) for n, body in enumerate(bodies)
    ]
    intents = intents_for(target.destination, shipments)
    with pytest.raises(DiskFullError):
        await target.destination.deliver(a_job(), intents)
    assert target.files() == wanted(intents[:2])
    found = await target.destination.look_up(a_job(), as_open(intents))
    assert [one.item_id for one in found] == [0, 1]

    (target.root / paths_of(intents[0])[0]).unlink()
    assert len(await target.destination.deliver(a_job(), intents[2:])) == 1


async def test_a_disk_full_from_the_start(mounted: Callable[..., Path]) -> None:
    root = mounted("size=64k")
    (root / "ballast").write_bytes(bytes(64 << 10))
    with pytest.raises(DiskFullError):
        await Library(root).open(a_job())
    assert [path.name for path in root.iterdir()] == ["ballast"]


async def test_a_read_only_disk_is_denied(mounted: Callable[..., Path], scratch: Path) -> None:
    root = mounted("size=1m")
    target = LibraryTarget(root)
    await target.destination.open(a_job())
    intents = batch(target, scratch)
    await anyio.run_process(["mount", "-o", "remount,ro", str(root)])
    with pytest.raises(DeniedError) as caught:
        await target.destination.deliver(a_job(), intents)
    assert str(root) in caught.value.detail
    assert caught.value.suggestion
    with pytest.raises(DeniedError):
        await Library(root).open(a_job())
    assert target.files() == {}


async def test_put_delivers_and_answers_in_order(target: LibraryTarget, scratch: Path) -> None:
    await target.destination.open(a_job())
    intents = batch(target, scratch)
    answers = await target.destination.deliver(a_job(), intents)
    assert answers == [Landed(intent.shipment.item.id, outputs(intent)) for intent in intents]
    assert target.files() == wanted(intents)
    assert await target.destination.holds(outputs(intents[0]))


async def test_an_item_arrives_with_all_its_files_or_none(
    target: LibraryTarget, scratch: Path
) -> None:
    await target.destination.open(a_job())
    shown, kept = (
        a_parcel(scratch, "a.heic", b"jpeg"),
        a_parcel(scratch, "originals/a.heic", b"heic"),
    )
    (intent,) = intents_for(target.destination, [a_shipment(1, shown, kept, suffix=".jpg")])
    assert paths_of(intent) == ("trip/a.jpg", "trip/originals/a.heic")
    target.plant(paths_of(intent)[1], b"foreign")
    (answer,) = await target.destination.deliver(a_job(), [intent])
    assert isinstance(answer, Refusal)
    assert target.files() == {paths_of(intent)[1]: b"foreign"}


async def test_two_jobs_at_once(target: LibraryTarget, scratch: Path) -> None:
    jobs = [a_job(f"0{n}") for n in range(4)]
    await target.destination.open(jobs[0])
    work = [
        intents_for(
            target.destination,
            [a_shipment(n, a_parcel(scratch, f"{n}.jpg", b"%d" % n)) for n in range(8)],
            folder=f"trip {job.id}",
        )
        for job in jobs
    ]
    answers: list[Answer] = []

    async def deliver(job: Job, intents: list[Intent]) -> None:
        for intent in intents:
            answers.extend(await target.destination.deliver(job, [intent]))

    async with anyio.create_task_group() as group:
        for job, intents in zip(jobs, work, strict=True):
            group.start_soon(deliver, job, intents)
    assert all(isinstance(answer, Landed) for answer in answers)
    assert target.files() == {
        path: body for intents in work for path, body in wanted(intents).items()
    }
