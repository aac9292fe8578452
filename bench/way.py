"""How far one album and one conversion walk through the house: files and functions of ours that run for them.

Counted in the process of the command, all its threads; what merely is imported does not count, nor what the decoder's
process does. A newcomer who follows one job has so much to read.
"""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import anyio

from bench import inputs
from bench.figures import Room
from bench.table import Figure
from transload.media.encode.ffmpeg import find_ffmpeg

FILES = {"album": 55, "conversion": 64}
"""Two thirds of the 83 and 96 files that an inspection counted before the rooms were moved."""
FUNCTIONS = {"album": 556, "conversion": 727}
"""What the same inspection counted."""

TRACED = """
import sys, threading
from pathlib import Path
import transload

home, seen, FUNCTION = str(Path(transload.__file__).parent), set(), 1  # CO_OPTIMIZED: no class body, no module

def note(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_flags & FUNCTION and code.co_filename.startswith(home):
        seen.add((code.co_filename, code.co_qualname))

threading.setprofile(note)
sys.setprofile(note)
try:
    from transload.main import main
    main(sys.argv[2:])
finally:
    sys.setprofile(None)
    named = {one for one in seen if "<" not in one[1].replace("<locals>", "")}
    Path(sys.argv[1]).write_text("\\n".join(sorted(f"{file}:{name}" for file, name in named)))
"""


def ways(room: Room) -> Iterator[Figure]:
    """Files and functions for a zip of three photos, and for an AVI of 25 seconds."""
    for name, source in (("album", album(room.own)), ("conversion", film(room.own))):
        walked = way(room.own / name, source)
        files = len({line.partition(":")[0] for line in walked})
        yield Figure(f"files that one {name} walks through", files, FILES[name])
        yield Figure(f"functions that run for one {name}", len(walked), FUNCTIONS[name])


def way(folder: Path, source: Path) -> list[str]:
    """`file:function` of all that ran, in alphabetical order."""
    folder.mkdir()
    seen = folder / "seen.txt"
    command = [sys.executable, "-c", TRACED, str(seen), "send", str(source)]
    command += ["--to", f"library:{folder / 'library'}", "--data-dir", str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)
    return seen.read_text().splitlines()


def album(folder: Path) -> Path:
    """A zip of three photos."""
    path = folder / "album.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}.jpg", inputs.jpeg(320, 240, n))
    return path


def film(folder: Path) -> Path:
    """An AVI that plays in no browser, long enough for parts."""
    path, ffmpeg = folder / "film.avi", str(anyio.run(find_ffmpeg, None).path)
    picture = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=25")
    words = ("-c:v", "mpeg4", "-g", "25", path)
    subprocess.run([ffmpeg, "-v", "error", "-y", *picture, *words], check=True)
    return path
