"""Films and sounds that damage inside made shorter: what is left arrives, and is told as partial."""

from array import array
from pathlib import Path

import pytest

from tests.media.samples import by_ffmpeg
from transload.errors import ConvertError
from transload.media.probe.packets import Holes
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

SECONDS = 12
KINDS: dict[str, str] = {
    "film.avi": "-c:v mpeg4 -c:a libmp3lame",
    "digicam.avi": "-c:v mjpeg -c:a pcm_s16le",
    "film.webm": "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -c:a libopus",
    "film.mkv": "-c:v libx264 -preset ultrafast -g 25 -c:a aac",
    "film.flv": "-c:v libx264 -preset ultrafast -g 25 -c:a aac",
    "film.wmv": "-c:v wmv2 -c:a wmav2",
    "film.mov": "-c:v mjpeg -c:a pcm_s16le",
    "film.ts": "-c:v libx264 -preset ultrafast -g 25 -c:a aac",
    "film.mpg": "-c:v mpeg2video -c:a mp2",
    "film.mxf": "-c:v mpeg2video -c:a pcm_s16le -ar 48000",
    "film.ogv": "-c:v libtheora -c:a libvorbis",
}
SOUNDS: dict[str, str] = {
    "song.flac": "-c:a flac",
    "song.mka": "-c:a libopus",
    "song.wma": "-c:a wmav2",
}


def made(into: Path, words: str) -> Path:
    """A film, or a sound, of twelve seconds."""
    picture = ("-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25:d={SECONDS}")
    sound = ("-f", "lavfi", "-i", f"anoisesrc=a=0.1:d={SECONDS}")
    inputs = (*picture, *sound) if "-c:v" in words else sound
    by_ffmpeg(*inputs, "-shortest", *words.split())(into)
    return into


def hurt(path: Path, how: str) -> Path:
    """The file with a fifth of its bytes zeroed, or a tenth taken out, or cut to a fifth."""
    whole = path.read_bytes()
    a, b = len(whole) * 2 // 5, len(whole) * 3 // 5
    kinds = {
        "zeroed": whole[:a] + bytes(b - a) + whole[b:],
        "taken out": whole[: len(whole) * 9 // 20] + whole[len(whole) * 11 // 20 :],
        "cut": whole[: len(whole) // 5],
    }
    path.write_bytes(kinds[how])
    return path


async def short_of(path: Path, into: Path, recipe: Recipe) -> tuple[bool, str]:
    """Whether the item is partial, and why, once it is made."""
    async with MediaToolbox() as toolbox:
        facts = (await toolbox.probe(path, path.name)).facts
        judged = toolbox.judge(facts, recipe, "keep")
        if judged.verdict is Verdict.AS_IS:
            return judged.partial, judged.why
        assert judged.verdict is not Verdict.UNSAVABLE, judged.why
        for way in (judged, *toolbox.judge_recovery(facts, recipe, judged)):
            try:
                result = await toolbox.convert(path, way, into, lambda _: None)
            except (
                ConvertError
            ):  # half a packet of sound in the middle cannot be copied: new sound is made
                continue
            return way.partial or bool(result.short), f"{way.why} {result.short}"
        raise AssertionError("no way is left")


@pytest.mark.anyio
@pytest.mark.parametrize("name", [*KINDS, *SOUNDS])
async def test_what_is_whole_is_not_called_partial(tmp_path: Path, name: str) -> None:
    source = made(tmp_path / name, (KINDS | SOUNDS)[name])
    partial, why = await short_of(source, tmp_path, Recipe.TELEGRAM)
    assert not partial, why


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["zeroed", "taken out"])
@pytest.mark.parametrize("name", [name for name in KINDS if name != "film.mov"])
async def test_a_film_hurt_inside_is_partial(tmp_path: Path, name: str, how: str) -> None:
    source = hurt(made(tmp_path / name, KINDS[name]), how)
    partial, why = await short_of(source, tmp_path, Recipe.PLAYABLE)
    assert partial, why
    assert "are there" in why or "missing" in why or "cannot be seen" in why


@pytest.mark.anyio
async def test_pictures_that_do_not_decode_are_missed(tmp_path: Path) -> None:
    source = hurt(made(tmp_path / "film.mov", KINDS["film.mov"]), "zeroed")
    partial, why = await short_of(source, tmp_path, Recipe.TELEGRAM)
    assert (partial, "of 300 frames cannot be seen" in why) == (True, True), why


@pytest.mark.anyio
async def test_pictures_of_zeros_are_missed_in_a_copy(tmp_path: Path) -> None:
    words = "-c:v libx264 -preset ultrafast -c:a aac"
    source = hurt(made(tmp_path / "film.mov", words), "zeroed")
    partial, why = await short_of(source, tmp_path, Recipe.TELEGRAM)
    assert (partial, "cannot be seen" in why) == (True, True), why


@pytest.mark.anyio
@pytest.mark.parametrize("recipe", [Recipe.TELEGRAM, Recipe.PLAYABLE, Recipe.MP3_128])
@pytest.mark.parametrize("name", [*SOUNDS])
async def test_a_sound_cut_to_a_fifth_is_partial(tmp_path: Path, name: str, recipe: Recipe) -> None:
    source = hurt(made(tmp_path / name, SOUNDS[name]), "cut")
    partial, why = await short_of(source, tmp_path, recipe)
    assert partial, why
    assert f"of {SECONDS}." in why


@pytest.mark.anyio
@pytest.mark.parametrize("left", [0.97, 0.999])
async def test_a_flac_that_lacks_its_last_second_is_partial(tmp_path: Path, left: float) -> None:
    source = made(tmp_path / "song.flac", SOUNDS["song.flac"])
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * left)])
    partial, _ = await short_of(source, tmp_path, Recipe.PLAYABLE)
    assert partial is (left < 0.98)


@pytest.mark.anyio
async def test_an_avi_that_lacks_its_index_alone_is_whole(tmp_path: Path) -> None:
    source = made(tmp_path / "film.avi", KINDS["film.avi"])
    whole = source.read_bytes()
    source.write_bytes(whole[: whole.rindex(b"idx1")])
    assert (await short_of(source, tmp_path, Recipe.TELEGRAM))[0] is False


@pytest.mark.parametrize(
    ("silent", "pictures", "missing_s"),
    [
        ([], [0.0, 9.0], 0.0),
        ([(1.0, 3.0)], [], 2.0),
        ([(1.0, 3.0)], [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0], 0.0),
        ([(1.0, 3.0)], [0.0, 1.5, 2.9, 3.0], 1.9),
        ([(1.0, 3.0), (5.0, 9.0)], [9.5, 0.0, 2.0, 2.4, 6.0], 5.6),
        (
            [(n + 0.1, n + 0.9) for n in range(100_000)],
            [float(n) for n in range(100_000)],
            79_999.2,
        ),
    ],
)
def test_holes_are_where_sound_and_pictures_are_gone(
    silent: list[tuple[float, float]], pictures: list[float], missing_s: float
) -> None:
    """However many there are, in one pass."""
    holes = Holes(array("d", pictures), silent)
    assert holes.missing_s == pytest.approx(missing_s)
