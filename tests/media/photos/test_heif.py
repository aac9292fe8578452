"""Files of several stills, of a sequence, and of both: what a viewer shows is what is delivered."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.media.heif_makers import PAGES, both, collection, page, sequence
from tests.media.samples import colour
from transload.facts import FileFacts, StreamFacts
from transload.media.photos.heif import facts_of_sequence, without_stills
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Judgement, Recipe, Verdict
from transload.plans import Converted

RECIPES = [Recipe.TELEGRAM, Recipe.PLAYABLE]
PLAIN = {"red": (254, 0, 0), "green": (0, 128, 1), "blue": (0, 0, 254)}
JUDGE = shutil.which("heif-dec") or shutil.which("heif-convert")
TRACK = StreamFacts(type="video", width=64, height=48, frames=10)
SEEN = FileFacts(streams=(TRACK,), frames_decoded=2, container="mov")


async def delivered(
    toolbox: MediaToolbox, path: Path, recipe: Recipe
) -> tuple[Judgement, Converted]:
    """What a file is judged and made under a recipe."""
    probed = await toolbox.probe(path, path.name)
    judged = toolbox.judge(probed.facts, recipe, "keep")
    into = path.parent / recipe.value
    into.mkdir()
    return judged, await toolbox.convert(path, judged, into, lambda _: None)


@pytest.mark.anyio
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    ("make", "primary"),
    [
        (collection, 0),
        (partial(collection, primary=1), 1),
        (partial(collection, primary=2), 2),
        (partial(both, major=b"heic", primary=1), 1),
        (partial(both, major=b"mif1", primary=2), 2),
    ],
)
async def test_of_several_stills_the_primary_one_is_the_photo(
    toolbox: MediaToolbox,
    tmp_path: Path,
    make: Callable[[Path], None],
    primary: int,
    recipe: Recipe,
) -> None:
    make(tmp_path / "a.heic")
    judged, made = await delivered(toolbox, tmp_path / "a.heic", recipe)
    name, size = PAGES[primary]
    assert (judged.kind, judged.verdict, made.local.suffix) == (
        ItemKind.PHOTO,
        Verdict.SHRINK,
        ".jpg",
    )
    with Image.open(made.local) as picture:
        assert picture.size == size
        seen = colour(picture, size[0] // 2, size[1] // 2)
    assert max(abs(one - other) for one, other in zip(seen, PLAIN[name], strict=True)) < 12


@pytest.mark.anyio
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    "make",
    [
        partial(sequence, major=b"hevc"),
        partial(sequence, major=b"msf1"),
        partial(both, major=b"msf1"),
        partial(both, major=b"hevc", primary=1),
    ],
)
async def test_a_sequence_with_its_own_brand_moves(
    toolbox: MediaToolbox, tmp_path: Path, make: Callable[[Path], None], recipe: Recipe
) -> None:
    make(tmp_path / "a.heics")
    judged, made = await delivered(toolbox, tmp_path / "a.heics", recipe)
    assert (judged.kind, judged.verdict) == (ItemKind.ANIMATION, Verdict.ANIMATION)
    found = (await toolbox.probe(made.local, "made.mp4")).facts.found
    assert (found.width, found.height, found.streams[0].frames) == (64, 48, 10)


@pytest.mark.anyio
async def test_the_brand_of_a_sequence_without_a_track_makes_no_animation(
    toolbox: MediaToolbox, tmp_path: Path
) -> None:
    collection(tmp_path / "a.heic", 2)
    content = bytearray((tmp_path / "a.heic").read_bytes())
    content[8:12] = b"msf1"
    (tmp_path / "a.heic").write_bytes(content)
    judged, made = await delivered(toolbox, tmp_path / "a.heic", Recipe.PLAYABLE)
    assert judged.kind is ItemKind.PHOTO
    with Image.open(made.local) as picture:
        assert picture.size == PAGES[2][1]


@pytest.mark.anyio
@pytest.mark.skipif(JUDGE is None, reason="no program of libheif here to judge by")
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_turns_and_mirrors_are_those_of_libheif(
    toolbox: MediaToolbox, tmp_path: Path, orientation: int
) -> None:
    pillow_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType]
    still = page(1, orientation)
    still.save(tmp_path / "a.heic", "HEIF", exif=still.info["exif"], quality=90)
    _, made = await delivered(toolbox, tmp_path / "a.heic", Recipe.PLAYABLE)
    command = [str(JUDGE), str(tmp_path / "a.heic"), str(tmp_path / "judge.png")]
    await anyio.run_process(command)
    with Image.open(made.local) as picture, Image.open(tmp_path / "judge.png") as judge:
        assert picture.size == judge.size
        apart = ImageChops.difference(picture.convert("RGB"), judge.convert("RGB"))
    assert max(ImageStat.Stat(apart).mean) < 4


@pytest.mark.parametrize(
    "less",
    [
        replace(SEEN, streams=()),
        replace(SEEN, streams=(replace(TRACK, frames=1),)),
        replace(SEEN, streams=(replace(TRACK, cover=True),)),
        replace(SEEN, frames_decoded=0),
    ],
)
def test_no_track_of_two_pictures_is_no_sequence(less: FileFacts) -> None:
    assert facts_of_sequence(SEEN) is not None
    assert facts_of_sequence(less) is None


def test_a_turned_track_has_its_sides_swapped() -> None:
    facts = facts_of_sequence(replace(SEEN, rotation=90))
    assert facts is not None
    assert (facts.width, facts.height) == (48, 64)


def test_only_the_box_of_the_stills_is_hidden(tmp_path: Path) -> None:
    both(tmp_path / "a.heic", b"msf1")
    without_stills(tmp_path / "a.heic", tmp_path / "b.heic")
    before, after = (tmp_path / name for name in ("a.heic", "b.heic"))
    assert after.read_bytes() == before.read_bytes().replace(b"meta", b"free", 1)
