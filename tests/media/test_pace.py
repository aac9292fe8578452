"""The first part that is measured decides, once; what it decides is what every later run makes."""

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import anyio
import pytest

from tests.films import film, packets
from tests.media.parts import Shelf, bench
from transload.conversions import Choice, Made, Terms, part_file
from transload.errors import UnverifiedError
from transload.media.convert import Converter
from transload.media.decoder import Decoder
from transload.media.ffmpeg import EncoderLimits, wheel_binary
from transload.media.ladder import Effort, Step, steps
from transload.media.pace import Pace, TooSlowError
from transload.media.studio import Studio
from transload.model import Recipe
from transload.ports import Probed

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

LADDER = steps("medium", 1080)


class Hand:
    """A clock that is moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_film_in_time_stays_as_it_is_for_good(tmp_path: Path) -> None:
    shelf, clock = Shelf(tmp_path), Hand()
    pace = Pace(LADDER, 100.0, shelf, "film", clock)
    pace.begin()
    clock.now_s = 1.0
    await pace.made(10, 1000)
    clock.now_s = 1e6
    await pace.made(10, 1000)
    assert shelf.choices == {"film": Choice("medium", 1080, "")}
    assert (pace.step, pace.note) == (LADDER[0], "")


async def test_a_slow_film_begins_anew_and_the_next_run_knows(tmp_path: Path) -> None:
    shelf, clock = Shelf(tmp_path), Hand()
    pace = Pace(LADDER, 100.0, shelf, "film", clock)
    assert await pace.known() is None
    clock.now_s = 5.0  # spent before: it counts
    pace.begin()
    clock.now_s = 6.2
    with pytest.raises(TooSlowError):
        await pace.made(10, 1000)
    assert pace.step == Step("fast", 1080)
    later = Pace(LADDER, 100.0, shelf, "film", clock)
    assert await later.known() == pace.step
    assert later.note == pace.note == "1080 lines, fast: medium would have taken 125 s of 100"
    assert await Pace(LADDER, 100.0, shelf, "another", clock).known() is None


class Taken(Shelf):
    """Another task takes the parts as soon as the first choice is made."""

    async def choose(self, settings: str, choice: Choice) -> None:
        await super().choose(settings, choice)
        self.busy = True


SLOW = Effort("medium", 30.0)
QUICK = Effort("veryfast", 0.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "asp.avi")


async def judged_wrong(decoder: Decoder, source: Path, into: Path, shelf: Shelf) -> None:
    """A conversion whose every result is probed as if it were the source."""
    async with Studio() as studio:

        async def probe(path: Path, name: str) -> Probed:
            return await studio.probe(source, name)

        judgement = studio.judge((await probe(source, source.name)).facts, Recipe.TELEGRAM, "keep")
        converter = Converter(
            decoder, ffmpeg=None, effort=QUICK, limits=EncoderLimits(threads=2), probe=probe
        )
        await converter.convert(source, judgement, into, lambda _: None, Terms(shelf))


async def test_parts_of_a_film_that_is_judged_wrong_are_forgotten(
    tmp_path: Path, source: Path
) -> None:
    shelf = Shelf(tmp_path / "parts")
    async with bench() as decoder:
        with pytest.raises(UnverifiedError, match="still judged transcode"):
            await judged_wrong(decoder, source, tmp_path, shelf)
    assert (shelf.dropped, shelf.parts) == (1, {})


async def made(
    decoder: Decoder, files: tuple[Path, Path], effort: Effort, terms: Terms, clock: Iterator[float]
) -> Made:
    source, into = files
    await anyio.Path(into).mkdir()
    async with Studio() as studio:
        probed = await studio.probe(source, source.name)
        judgement = studio.judge(probed.facts, Recipe.TELEGRAM, "keep")
        converter = Converter(
            decoder,
            ffmpeg=None,
            effort=effort,
            limits=EncoderLimits(threads=2),
            probe=studio.probe,
            clock=clock.__next__,
        )
        return await converter.convert(source, judgement, into, lambda _: None, terms)


async def test_what_was_chosen_once_is_what_every_later_run_makes(
    tmp_path: Path, source: Path
) -> None:
    shelf, plain = Shelf(tmp_path / "parts"), Shelf(tmp_path / "plain")
    async with bench() as decoder:
        first = await made(decoder, (source, tmp_path / "a"), SLOW, Terms(shelf), count(0.0, 10.0))
        note = "64 lines, veryfast: medium would have taken 35 s of 30"
        assert first.note == f"{note}; took 40 s of 30, nothing cheaper was left"
        assert list(shelf.choices.values()) == [Choice("veryfast", 64, note)]
        assert shelf.dropped == 1
        shelf.parts = {n: part for n, part in shelf.parts.items() if n == 0}
        shelf.added.clear()
        later = await made(decoder, (source, tmp_path / "b"), SLOW, Terms(shelf), count())
        assert shelf.added == [1, 2, -1]
        quick = await made(decoder, (source, tmp_path / "c"), QUICK, Terms(plain), count())
    assert (later.note, quick.note) == (note, "")
    assert packets(first.local) == packets(later.local) == packets(quick.local)


async def test_a_film_that_does_not_fit_parts_is_made_as_it_was_chosen(
    tmp_path: Path, source: Path
) -> None:
    shelf = Taken(tmp_path / "parts")
    async with bench() as decoder:
        done = await made(decoder, (source, tmp_path / "a"), SLOW, Terms(shelf), count(0.0, 10.0))
        plain = await made(decoder, (source, tmp_path / "b"), QUICK, Terms(), count())
    assert done.note.startswith("64 lines, veryfast: medium would have taken 35 s of 30")
    assert shelf.added == [0]
    assert packets(done.local) == packets(plain.local)


async def test_one_piece_that_took_too_long_says_so(tmp_path: Path) -> None:
    short, notes = film(tmp_path / "asp.avi", seconds=2), []
    async with bench() as decoder:
        for preset in ("veryfast", "medium"):
            effort, files = Effort(preset, 2.0), (short, tmp_path / preset)
            notes.append((await made(decoder, files, effort, Terms(), count(0.0, 8.8))).note)
    assert notes == ["took 9 s of 2, nothing cheaper was left", "took 9 s of 2"]


async def test_in_time_nothing_changes(tmp_path: Path, source: Path) -> None:
    shelf = Shelf(tmp_path / "parts")
    async with bench() as decoder:
        done = await made(decoder, (source, tmp_path / "a"), SLOW, Terms(shelf), count(0.0, 1.0))
    assert done.note == ""
    assert list(shelf.choices.values()) == [Choice("medium", 64)]
    assert shelf.dropped == 0


async def test_parts_of_a_film_that_came_out_too_short_are_made_anew(tmp_path: Path) -> None:
    source, shelf = film(tmp_path / "asp.mkv", kind="asp.avi"), Shelf(tmp_path / "parts")
    async with bench() as decoder:
        whole = await made(decoder, (source, tmp_path / "a"), QUICK, Terms(shelf), count())
        hasten(next(shelf.root.glob(f"*/{part_file(2)}")))
        with pytest.raises(UnverifiedError, match="picture lasts"):
            await made(decoder, (source, tmp_path / "b"), QUICK, Terms(shelf), count())
        assert shelf.dropped == 1
        again = await made(decoder, (source, tmp_path / "c"), QUICK, Terms(shelf), count())
    assert packets(again.local) == packets(whole.local)


def hasten(part: Path) -> None:
    """The same pictures, each half as long."""
    fast = part.with_suffix(".fast")
    ts = "setts=pts=STARTPTS+(PTS-STARTPTS)/2:dts=STARTDTS+(DTS-STARTDTS)/2"
    words = ["-v", "error", "-copyts", "-i", str(part), "-c", "copy", "-bsf:v", ts]
    end = ["-avoid_negative_ts", "disabled", "-f", "nut", str(fast)]
    subprocess.run([str(wheel_binary()), *words, *end], check=True)
    fast.replace(part)


async def test_a_limit_bounds_the_rate_from_the_start(tmp_path: Path) -> None:
    loud = film(tmp_path / "asp.avi", size="640x480")
    sizes, notes = [], []
    async with bench() as decoder:
        for name, limit in (("free", None), ("bound", 1_500_000)):
            terms = Terms(Shelf(tmp_path / f"parts-{name}"), limit)
            done = await made(decoder, (loud, tmp_path / name), QUICK, terms, count())
            sizes.append(done.size_bytes)
            notes.append(done.note)
    assert sizes[1] < 1_500_000 < sizes[0]
    assert notes == ["", ""]
