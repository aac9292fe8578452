"""What is sent of an item."""

from dataclasses import replace
from pathlib import Path

from transload.conversions import Converted, OutputFile
from transload.model import (
    Held,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Recipe,
    Shipment,
    Verdict,
)
from transload.steps.shipment import UNTOUCHED, as_it_is, equals_apart, parcels_of

HELD = Held(Path("/s/1.in"), 10, 1, "aa")
MADE = Converted(Path("/s/1.out/a.mp4"), 7, "bb")
COPY = Judgement(ItemKind.VIDEO, Verdict.REWRAP, "copied")
REWRAP = Judgement(ItemKind.VIDEO, Verdict.REWRAP, "copied", suffix=".mp4")


def item(n: int = 1, sha: str = "aa") -> Item:
    return Item(n, "j", n, f"in/{n}.mkv", 10, ItemState.PENDING, sha256=sha, mtime_ms=5)


def job(recipe: Recipe, originals: str = "keep") -> Job:
    return Job("j", "/a", "library:/o", recipe, "a", JobState.RUNNING, originals=originals)  # type: ignore[arg-type]


def test_untouched_bytes_keep_name_hash_and_time() -> None:
    (parcel,) = as_it_is(item(), HELD, UNTOUCHED).parcels
    assert (parcel.local, parcel.name, parcel.sha256, parcel.mtime_ms) == (
        HELD.path,
        "in/1.mkv",
        "aa",
        5,
    )


def test_only_playable_keeps_the_original_beside_the_copy() -> None:
    both = parcels_of(job(Recipe.PLAYABLE), item(), HELD, MADE, COPY)
    assert [parcel.name for parcel in both] == ["in/1.mkv", "originals/in/1.mkv"]
    assert [parcel.sha256 for parcel in both] == ["bb", "aa"]
    assert len(parcels_of(job(Recipe.PLAYABLE, "drop"), item(), HELD, MADE, COPY)) == 1
    assert len(parcels_of(job(Recipe.TELEGRAM), item(), HELD, MADE, COPY)) == 1


def test_an_original_that_holds_more_goes_beside_its_copy_in_every_recipe() -> None:
    more = replace(COPY, plan={"original": "beside"})
    both = parcels_of(job(Recipe.TELEGRAM), item(), HELD, MADE, more)
    assert [parcel.sha256 for parcel in both] == ["bb", "aa"]
    assert len(parcels_of(job(Recipe.TELEGRAM, "drop"), item(), HELD, MADE, more)) == 1


def test_equal_contents_never_share_a_batch() -> None:
    batch = [
        as_it_is(item(n, sha), HELD, UNTOUCHED)
        for n, sha in enumerate(["a", "b", "a", "c", "c", "b"])
    ]
    parts = list(equals_apart(batch))
    assert [[one.item.sha256 for one in part] for part in parts] == [
        ["a", "b"],
        ["a", "c"],
        ["c", "b"],
    ]
    flat: list[Shipment] = [one for part in parts for one in part]
    assert flat == batch


def test_a_split_film_is_numbered_before_its_ending() -> None:
    made = replace(MADE, rest=(OutputFile(Path("/s/1.out/b.mp4"), 5, "cc"),))
    both = parcels_of(job(Recipe.PLAYABLE), item(), HELD, made, replace(COPY, suffix=".mp4"))
    names = ["in/1 (1 of 2).mp4", "in/1 (2 of 2).mp4", "originals/in/1.mkv"]
    assert [parcel.name for parcel in both] == names
    assert [parcel.sha256 for parcel in both] == ["bb", "cc", "aa"]
    bare = replace(item(), name="a.b/film")
    assert [one.name for one in parcels_of(job(Recipe.TELEGRAM), bare, HELD, made, COPY)] == [
        "a.b/film (1 of 2)",
        "a.b/film (2 of 2)",
    ]
    told = parcels_of(job(Recipe.TELEGRAM), replace(item(), name="F.M4V"), HELD, made, COPY)
    assert told[0].name == "F (1 of 2).M4V"
