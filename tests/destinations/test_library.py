"""What is the library's own, beside the conformance suite: folders, disks that go away, links planted in it."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tests.destinations.parcels import (
    HeldClaims,
    a_job,
    a_parcel,
    a_shipment,
    intents_for,
    local,
    paths_of,
)
from transload.destinations import delivery, gallery
from transload.destinations.delivery import TEMP_FOLDER
from transload.destinations.library import Library
from transload.errors import DeniedError, UnreachableError
from transload.model import Intent, ItemKind, ItemRecord, ItemState, Placement
from transload.ports import Holder, Refusal

pytestmark = pytest.mark.anyio


@pytest.fixture
async def library(tmp_path: Path) -> Library:
    made = Library(tmp_path / "library")
    await made.open(a_job())
    return made


JPEG = b"\xff\xd8small\xff\xd9"


async def again(_record: ItemRecord, _local: Path) -> bytes | None:
    """A small picture of anything."""
    return JPEG


async def no_records() -> AsyncIterator[ItemRecord]:
    nothing: tuple[ItemRecord, ...] = ()
    for record in nothing:
        yield record


async def test_open_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    library = Library(tmp_path / "new" / "library")
    await library.open(a_job())
    assert list(library.root.iterdir()) == []


@pytest.mark.parametrize("below", ["/mnt", "/media"])
async def test_a_disk_that_is_not_mounted_is_not_made(below: str) -> None:
    root = Path(below) / "transload-no-such-disk" / "photos"
    if not root.parent.parent.is_dir() or root.parent.parent.is_mount():
        pytest.skip(f"{below} is nothing to mount in here")
    try:
        with pytest.raises(UnreachableError) as caught:
            await Library(root).open(a_job())
        assert "Mount the disk" in str(caught.value.suggestion)
        assert not root.parent.exists()
    finally:
        shutil.rmtree(root.parent, ignore_errors=True)


async def test_a_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnreachableError, match="is a file"):
        await Library(tmp_path / "file").open(a_job())


async def test_a_planted_temp_folder_is_denied(library: Library, tmp_path: Path) -> None:
    (library.root / TEMP_FOLDER).symlink_to(tmp_path)
    with pytest.raises(DeniedError):
        await library.open(a_job())


async def test_a_removed_library_is_unreachable(library: Library, tmp_path: Path) -> None:
    intents = intents_for(library, [a_shipment(1, a_parcel(tmp_path / "scratch", "a.jpg", b"a"))])
    library.root.rmdir()
    with pytest.raises(UnreachableError) as caught:
        await library.deliver(a_job(), intents)
    assert caught.value.suggestion
    assert not library.root.exists()


async def test_another_disk_in_its_place_gets_nothing(library: Library, tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "transload-test", str(library.root)]
    if (await anyio.run_process(mount, check=False, stderr=subprocess.PIPE)).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        intents = intents_for(
            library, [a_shipment(1, a_parcel(tmp_path / "scratch", "a.jpg", b"a"))]
        )
        with pytest.raises(UnreachableError):
            await library.deliver(a_job(), intents)
        assert list(library.root.iterdir()) == []
    finally:
        await anyio.run_process(["umount", str(library.root)])


@pytest.mark.parametrize(
    ("title", "folder"),
    [
        ("Summer 2024", "Summer 2024"),
        ("../../etc", "_.._etc"),
        (".transload", "transload"),
        ("...", "untitled"),
        ("", "untitled"),
        ("a/b", "a_b"),
        ("NUL", "_NUL"),
    ],
)
def test_a_title_becomes_one_safe_folder(tmp_path: Path, title: str, folder: str) -> None:
    job = replace(a_job(), title=title)
    assert Library(tmp_path).claim_folder(job, "me", HeldClaims()) == folder


def test_folders_of_others_are_passed_by(tmp_path: Path) -> None:
    library = Library(tmp_path)
    (tmp_path / "trip (3)").mkdir()
    (tmp_path / "trip (3)" / "mine").touch()
    (tmp_path / "trip (4)").mkdir()
    claims = HeldClaims()
    claims.given |= {"trip": "claim", "trip (2)": "output"}
    assert library.claim_folder(a_job(), "me", claims) == "trip (4)"
    assert library.claim_folder(a_job(), "me", claims) == "trip (4)"  # once for good
    assert library.claim_folder(a_job(), "another", claims) == "trip (5)"


async def test_a_planted_link_leads_nowhere(library: Library, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (library.root / "trip").mkdir()
    (library.root / "trip" / "day").symlink_to(outside)
    (library.root / "trip" / "a.jpg").symlink_to(outside / "a.jpg")
    scratch = tmp_path / "scratch"
    through = a_shipment(1, a_parcel(scratch, "day/b.jpg", b"b"))
    over = a_shipment(2, a_parcel(scratch, "a.jpg", b"a"))
    placed = [paths_of(intent) for intent in intents_for(library, [through, over])]
    assert placed == [("trip/day (2)/b.jpg",), ("trip/a (2).jpg",)]

    forced = [
        Intent(through, 1, (Placement("trip/day/b.jpg"),)),
        Intent(over, 1, (Placement("trip/a.jpg"),)),
    ]
    answers = await library.deliver(a_job(), forced)
    assert all(isinstance(answer, Refusal) for answer in answers)
    assert list(outside.iterdir()) == []


async def test_the_first_file_gets_the_judged_ending(library: Library, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    shipment = a_shipment(
        1,
        a_parcel(scratch, "a.heic", b"a"),
        a_parcel(scratch, "originals/a.heic", b"b"),
        suffix=".jpg",
    )
    (intent,) = intents_for(library, [shipment])
    assert paths_of(intent) == ("trip/a.jpg", "trip/originals/a.heic")


async def test_thousands_of_equal_names_stay_cheap(library: Library, tmp_path: Path) -> None:
    class CountedClaims(HeldClaims):
        asked = 0

        def holder(self, claim: str) -> Holder | None:
            CountedClaims.asked += 1
            return super().holder(claim)

    claims = CountedClaims()
    shipment = a_shipment(1, a_parcel(tmp_path / "scratch", "a.jpg", b"a"))
    paths: set[str | None] = set()
    for _ in range(500):
        ((placed,),) = library.plan(a_job(folder="trip"), [shipment], claims)
        paths.add(placed.claim)
        claims.given[placed.claim or ""] = "output"
    assert len(paths) == 500
    assert CountedClaims.asked <= 3 * 500


async def test_delivered_files_have_the_users_mode(library: Library, tmp_path: Path) -> None:
    parcel = a_parcel(tmp_path / "scratch", "a.jpg", b"a")
    local(parcel).chmod(0o600)
    await library.deliver(a_job(), intents_for(library, [a_shipment(1, parcel)]))
    plain = tmp_path / "plain"
    plain.touch()
    assert (library.root / "trip/a.jpg").stat().st_mode == plain.stat().st_mode


async def test_closing_writes_the_gallery_again_and_again(library: Library, tmp_path: Path) -> None:
    (library.root / TEMP_FOLDER).mkdir()
    (library.root / TEMP_FOLDER / "01JOB.1.0.00c0ffee.part").touch()
    parcel = a_parcel(tmp_path / "scratch", "a.jpg", b"a")
    shipment = replace(a_shipment(1, parcel), thumb=JPEG)
    (intent,) = intents_for(library, [shipment])
    await library.deliver(a_job(folder="trip"), [intent])
    item = replace(shipment.item, state=ItemState.SENT, kind=ItemKind.PHOTO)
    record = ItemRecord(item, delivery.outputs(intent))

    async def records() -> AsyncIterator[ItemRecord]:
        yield record

    for _ in range(2):
        await library.close_job(a_job(folder="trip"), records, again)
        found = sorted(str(path.relative_to(library.root)) for path in library.root.rglob("*"))
        assert found == ["trip", "trip/a.jpg", "trip/gallery.html"]
        assert "data:image/jpeg" in (library.root / "trip" / "gallery.html").read_text("utf-8")


async def test_small_pictures_wait_until_they_are_many(library: Library, tmp_path: Path) -> None:
    few = b"\xff\xd8" + bytes(gallery.INSIDE_MAX_BYTES // 2) + b"\xff\xd9"
    for number, shown in ((1, False), (2, True)):
        parcel = a_parcel(tmp_path / f"{number}", f"{number}.jpg", b"%d" % number)
        intents = intents_for(library, [replace(a_shipment(number, parcel), thumb=few)])
        await library.deliver(a_job(folder="trip"), intents)
        assert (library.root / "trip" / ".gallery").exists() is shown
        assert not (library.root / TEMP_FOLDER).exists()


async def test_a_job_without_a_folder_gets_no_gallery(library: Library) -> None:
    await library.close_job(a_job(), no_records, again)
    assert list(library.root.iterdir()) == []
