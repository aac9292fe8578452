"""Photos and videos as people pack them, against a script that extracts all, asks ffprobe, runs ffmpeg and moves."""

import io
import json
import os
import random
import shutil
import statistics
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio
from PIL import Image, ImageFilter

from bench.figures import TURNS, Room, script, send
from bench.plain import found
from bench.table import Figure
from bench.watch import MIB_BYTES, Watched, run
from transload.media.encode import ffmpeg_args
from transload.media.encode.ffmpeg import EncoderLimits, find_ffmpeg
from transload.media.encode.quality import USUAL
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe
from transload.plans import TranscodePlan

PHOTOS, PLAYABLE, FOREIGN = 200, 10, 8
"""Foreign are AVI and MKV in turn, of codecs that must be encoded again."""
FILM_S, FILM_SIZE, FILM_RATE = 20, "1280x720", "1M"
ALBUM = "album"
SENDABLE_FACTOR, WHOLE_FACTOR, FIRST_S = 1.0, 0.8, 1

SCRIPT = """
import json, shutil, subprocess, sys, time, zipfile
from pathlib import Path

archive, work, library, ffprobe, orders, moment = sys.argv[1:]
conversions = json.loads(Path(orders).read_text())
with zipfile.ZipFile(archive) as z:
    z.extractall(work)
videos = []
for path in sorted(Path(work).rglob("*.*")):
    if path.suffix == ".jpg":
        shutil.move(path, library)
    else:
        videos.append(path)
for path in videos:
    asked = [ffprobe, "-v", "error", "-show_format", "-show_streams", "-of", "json", path]
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    if path.name not in conversions:
        shutil.move(path, library)
Path(moment).write_text(str(time.time()))
for words in conversions.values():
    subprocess.run(words, check=True)
    shutil.move(words[-1].removeprefix("file:"), library)
"""
"""It writes down when all that needs no conversion was there, in seconds since 1970."""


@dataclass(frozen=True)
class Turn:
    """One run of a job or of the script, and the seconds after which all was there that goes as it is."""

    watched: Watched
    sendable_s: float


def mixed(room: Room) -> Iterator[Figure]:
    """A job and the script in turn."""
    ffprobe, films = found("ffprobe"), made_films(room.kept / "mixed-films")
    archive = packed(room.kept / f"mixed-{PHOTOS}-{len(films)}.zip", films)
    ours: list[Turn] = []
    plain: list[Turn] = []
    for _ in range(TURNS):
        ours.append(job(room, archive))
        if ffprobe is not None:
            plain.append(scripted(room.own / "script", archive, films, ffprobe))
    if plain:
        yield from ratios(ours, plain)
    yield from alone(room, ours)


def ratios(ours: list[Turn], plain: list[Turn]) -> Iterator[Figure]:
    """The job over the script."""
    sendable, their_sendable = sendable_s(ours), sendable_s(plain)
    whole, their_whole = whole_s(ours), whole_s(plain)
    name = f"{PHOTOS} photos, {PLAYABLE + FOREIGN} videos"
    yield Figure(f"{name}: sendable sent / script", sendable / their_sendable, SENDABLE_FACTOR)
    yield Figure(f"{name}: whole job, wall / script", whole / their_whole, WHOLE_FACTOR)
    cpu = [statistics.median(one.watched.cpu_s for one in turns) for turns in (ours, plain)]
    yield Figure(f"{name}: whole job, CPU / script", cpu[0] / cpu[1])
    yield Figure("the script: first file after", first_s(plain), unit="s")
    yield Figure("the script: sendable there after", their_sendable, unit="s")
    yield Figure("the script: all there after", their_whole, unit="s")
    yield Figure("the script: temporary disk", held_mib(plain), unit="MiB")


def alone(room: Room, ours: list[Turn]) -> Iterator[Figure]:
    """The job itself."""
    report = json.loads((room.own / "report.json").read_text())
    total, untouched = PHOTOS + PLAYABLE + FOREIGN, PHOTOS + PLAYABLE
    yield Figure("the job: not delivered", total - report["totals"]["sent"], 0)
    yield Figure("the job: sendable, but not sent as they are", untouched - len(sent(report)), 0)
    yield Figure("the job: first file after", first_s(ours), FIRST_S, "s")
    yield Figure("the job: sendable there after", sendable_s(ours), unit="s")
    yield Figure("the job: all there after", whole_s(ours), unit="s")
    yield Figure("the job: scratch held", held_mib(ours), unit="MiB")


def job(room: Room, archive: Path) -> Turn:
    """One `send`. Its start counts, as the script's does."""
    os.sync()
    watched = send(room, archive)
    if watched.status != 0:
        raise RuntimeError(f"the job ended with status {watched.status}")
    report = json.loads((room.own / "report.json").read_text())
    return Turn(watched, max(sent(report), default=0.0) - watched.began_at)


def sent(report: dict[str, list[dict[str, str]]]) -> list[float]:
    """When each item was sent that goes as it is, in seconds since 1970."""
    items = [one for one in report["items"] if one["verdict"] == "as_is" and one["sent_at"]]
    return [datetime.fromisoformat(one["sent_at"]).timestamp() for one in items]


def scripted(own: Path, archive: Path, films: list[Path], ffprobe: str) -> Turn:
    """One run of the script; the settings of its ffmpeg are those of the recipe."""
    shutil.rmtree(own, ignore_errors=True)
    work, library = own / "work", own / "library"
    library.mkdir(parents=True)
    orders, moment = own / "orders.json", own / "moment"
    orders.write_text(json.dumps(anyio.run(conversions, films, work)))
    os.sync()
    words = (archive, work, library, ffprobe, orders, moment)
    watched = run(script(SCRIPT, *words), scratch=work, out=library)
    if watched.status != 0:
        raise RuntimeError(f"the script ended with status {watched.status}")
    return Turn(watched, float(moment.read_text()) - watched.began_at)


async def conversions(films: list[Path], work: Path) -> dict[str, list[str]]:
    """By name of a film that must be encoded: the command, as a job would run it in one piece."""
    tool = await find_ffmpeg(None)
    threads = EncoderLimits().threads
    style = ffmpeg_args.EncodeStyle(USUAL.preset, threads, tool.filters, tool.source_clock)
    commands: dict[str, list[str]] = {}
    async with MediaToolbox() as toolbox:
        for film in films:
            probed = await toolbox.probe(film, film.name)
            plan = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep").plan
            if isinstance(plan, TranscodePlan):
                source, target = work / ALBUM / film.name, work / f"{film.stem}.mp4"
                words = ffmpeg_args.arguments(plan, source, target, style)
                commands[film.name] = [str(tool.path), *words]
    return commands


def sendable_s(turns: list[Turn]) -> float:
    """Until all was there that goes as it is, the median."""
    return statistics.median(one.sendable_s for one in turns)


def whole_s(turns: list[Turn]) -> float:
    """Until the end, the median."""
    return statistics.median(one.watched.wall_s for one in turns)


def first_s(turns: list[Turn]) -> float:
    """Until the first file was there, the median."""
    return statistics.median(one.watched.first_s or 99 for one in turns)


def held_mib(turns: list[Turn]) -> float:
    """Most bytes of temporary files in any turn."""
    return max(one.watched.held_bytes for one in turns) / MIB_BYTES


# -- inputs ----------------------------------------------------------------------------------------------------------


def packed(path: Path, films: list[Path]) -> Path:
    """The photos with the films among them, as a stored zip, unless it is there already."""
    if not path.exists():
        rough = path.with_suffix(".tmp")
        with zipfile.ZipFile(rough, "w", zipfile.ZIP_STORED) as archive:
            for name, body in woven(films):
                archive.writestr(f"{ALBUM}/{name}", body)
        rough.replace(path)
    return path


def woven(films: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Every so many photos a film, the first at the begin."""
    step = max(1, PHOTOS // len(films))
    for n, photo in enumerate(photos()):
        if n % step == 0 and n // step < len(films):
            one = films[n // step]
            yield one.name, one.read_bytes()
        yield f"IMG_{n:04d}.jpg", photo


def photos() -> Iterator[bytes]:
    """JPEGs of 12 megapixels and about 2.4 MB, no two alike: windows of a field of noise that is so much blurred."""
    rng = random.Random(14)
    noise = Image.frombytes("RGB", (2200, 1650), rng.randbytes(2200 * 1650 * 3))
    field = noise.resize((4400, 3300), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
    for n in range(PHOTOS):
        left, top = n % 400, n % 300
        out = io.BytesIO()
        field.crop((left, top, left + 4000, top + 3000)).save(out, "JPEG", quality=84)
        yield out.getvalue()


def made_films(folder: Path) -> list[Path]:
    """Playable and foreign ones in turn as long as there are both, each of about 3 MB with its own colours and tone."""
    folder.mkdir(exist_ok=True)
    foreign = [f"VID_{n:02d}.{('avi', 'mkv')[n % 2]}" for n in range(FOREIGN)]
    playable = [f"MOV_{n:02d}.mp4" for n in range(PLAYABLE)]
    woven = [name for pair in zip(playable, foreign, strict=False) for name in pair]
    names = [*woven, *playable[len(foreign) :], *foreign[len(playable) :]]
    ffmpeg = str(anyio.run(find_ffmpeg, None).path)
    return [film(folder / name, ffmpeg, n) for n, name in enumerate(names)]


def film(path: Path, ffmpeg: str, n: int) -> Path:
    """A moving test picture with a tone, unless it is there already; the same bytes from the same ffmpeg."""
    if not path.exists():
        codecs = {
            ".mp4": ("libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
            ".avi": ("mpeg4", "-c:a", "mp3"),
            ".mkv": ("mpeg2video", "-c:a", "ac3"),
        }
        picture = f"testsrc2=s={FILM_SIZE}:r=25:d={FILM_S},hue=h={20 * n}"
        tone = f"sine={220 + 20 * n}:d={FILM_S}"
        exact = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")
        rough = path.with_name(f"rough-{path.name}")
        command = [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi"]
        command += ["-i", tone, "-c:v", *codecs[path.suffix], "-b:v", FILM_RATE, *exact]
        subprocess.run([*command, "-movflags", "+faststart", str(rough)], check=True)
        rough.replace(path)
    return path
