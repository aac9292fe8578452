"""Each film of the matrix as it arrives: pictures, their times, the sound beside them, length, what is left out."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.kept import encode
from tests.matrix import judge
from tests.matrix.films import FLASH_S, SECONDS, Film, films
from tests.media.browser import played
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Judgement, Recipe, Verdict
from transload.plans import Plan

ALIKE_DB, ALIKE_OF_FIELDS_DB = 35.0, 27.0
"""Pictures of two fields are made whole, so that half of their lines are others."""
OFFSET_S, LENGTH_S = 0.045, 0.2
RECIPES = (Recipe.PLAYABLE, Recipe.TELEGRAM)
DEMUXERS = {"m1v": "mpegvideo", "m2v": "mpegvideo"}
ROWS = films()
PLAYED = ROWS[:: len(ROWS) // 25]


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a film became: the file, whether it is told as partial, and the reason."""

    path: Path
    partial: bool
    why: str


def made(row: Film, room: Path) -> Path:
    """The source of a row."""
    path = room / f"source.{row.ending}"
    flash = f"drawbox=c=white:t=fill:enable='between(t,{FLASH_S - 0.001},{FLASH_S + 0.02})'"
    chain = ",".join(word for word in (flash, row.chain) if word)
    picture = f"testsrc2=s={row.size}:r={row.rate}:d={SECONDS},{chain}"
    tone = f"0.02*sin(880*t*6.28)+0.7*sin(1760*t*6.28)*between(t,{FLASH_S},{FLASH_S + 0.3})"
    sound = f"aevalsrc='{tone}':s=48000:d={SECONDS}"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *row.inputs.split()]
    encode(path, (*inputs, *row.words.split(), "-bitexact"))
    return path


def told_apart(judged: Judgement) -> Plan:
    """What of a plan decides the bytes of its result."""
    return replace(judged.plan, recipe="")


async def arrived(path: Path, name: str, room: Path) -> dict[Recipe, Arrived]:
    """What becomes of a film by both recipes; where they ask for the same, it is made once."""
    found: dict[Recipe, Arrived] = {}
    plans: dict[Recipe, Plan] = {}
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(path, name)).facts
        for recipe in RECIPES:
            judged = toolbox.judge(facts, recipe, "keep")
            assert judged.kind is ItemKind.VIDEO
            assert judged.verdict is not Verdict.UNSAVABLE, judged.why
            twin = next((one for one, plan in plans.items() if plan == told_apart(judged)), None)
            plans[recipe] = told_apart(judged)
            if judged.verdict is Verdict.AS_IS:
                found[recipe] = Arrived(path, judged.partial, judged.why)
            elif twin is not None:
                found[recipe] = Arrived(found[twin].path, found[twin].partial, judged.why)
            else:
                result = await toolbox.convert(path, judged, room, lambda _: None)
                into = result.local.rename(room / f"{recipe.name}.mp4")
                partial = judged.partial or bool(result.short)
                found[recipe] = Arrived(into, partial, f"{judged.why} {result.short}")
    return found


@pytest.mark.media
@pytest.mark.anyio
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_film_arrives_as_it_is(tmp_path: Path, row: Film) -> None:
    path = made(row, tmp_path)
    source = judge.seen(path, tmp_path, DEMUXERS.get(row.ending))
    for recipe, one in (await arrived(path, f"film.{row.ending}", tmp_path)).items():
        if one.path == path:
            continue
        result = judge.seen(one.path, tmp_path)
        faults = judged_faults(row, source, result)
        faults += [f"{word} is not told" for word in row.told if word not in one.why]
        faults += ["it is called partial"] * one.partial
        assert not faults, (recipe.value, one.why, faults)


def judged_faults(row: Film, source: judge.Film, result: judge.Film) -> list[str]:
    """What is wrong with a result; empty when nothing is."""
    faults: list[str] = []
    apart = len(source.shown) - len(result.shown)
    if abs(apart) > max(2, len(source.shown) // 50):
        faults.append(f"{len(result.shown)} of {len(source.shown)} pictures")
    least = ALIKE_OF_FIELDS_DB if row.fields else ALIKE_DB
    if (alike := judge.least_likeness(source, result, ordered=row.ordered)) < least:
        faults.append(f"a picture is only {alike:.1f} dB like its source")
    if (
        not row.ordered
        and not apart
        and (late_s := judge.latest(source, result)) > judge.FRAME_S / 2
    ):
        faults.append(f"a picture is {late_s * 1000:.0f} ms off")
    if (source.burst_s is None) != (result.burst_s is None):
        faults.append(f"the sound is at {source.burst_s} and {result.burst_s}")
    if source.burst_s is not None and result.burst_s is not None:
        apart_s = (
            result.burst_s - result.flash_s
        )  # made at one moment; AVI shows the judge another one
        moved_s = apart_s - (source.burst_s - source.flash_s)
        if min(abs(apart_s), abs(moved_s)) > OFFSET_S:
            faults.append(f"the sound moved by {moved_s * 1000:.0f} ms, to {apart_s * 1000:.0f} ms")
    lengths = (
        source.duration_s,
        SECONDS,
    )  # raw streams do not know theirs, padded sound says too much
    if min(abs(result.duration_s - length) for length in lengths) > LENGTH_S:
        faults.append(f"{result.duration_s:.2f} of {source.duration_s:.2f} s")
    return faults


def test_the_matrix_is_as_large_as_it_says() -> None:
    assert len(ROWS) >= 250
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.media
@pytest.mark.timeout(300)
@pytest.mark.anyio
async def test_a_tenth_of_them_plays_in_a_browser(tmp_path: Path) -> None:
    results: list[Path] = []
    for n, row in enumerate(PLAYED):
        room = tmp_path / str(n)
        room.mkdir()
        one = (await arrived(made(row, room), f"film.{row.ending}", room))[Recipe.PLAYABLE]
        if "hevc" not in row.name:  # this browser has no decoder for it
            results.append(one.path.rename(tmp_path / f"{n}.mp4"))
    found = played(results, tmp_path)
    assert len(found) >= 20
    assert {name: one.error for name, one in found.items() if one.error} == {}
    assert all(one.contrast > 30 for one in found.values())
