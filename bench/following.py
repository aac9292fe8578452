"""What one command costs the ledger while it follows its own conversion: transactions a second, reading ones too."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio

from bench.figures import Room
from bench.table import Figure
from transload.media.encode.ffmpeg import find_ffmpeg

BOUND = 6
WARM_S = 2
"""Opening the ledger, making the job and probing are no following."""

COUNTED = """
import json, sys, time
from pathlib import Path
from sqlalchemy import Engine, event

begun = []
event.listen(Engine, "begin", lambda connection: begun.append(time.monotonic()))
since = time.monotonic()
try:
    from transload.main import main
    main(sys.argv[2:])
finally:
    Path(sys.argv[1]).write_text(json.dumps([at - since for at in (*begun, time.monotonic())]))
"""


def following(room: Room) -> Iterator[Figure]:
    """The mean over a conversion of about half a minute."""
    counted, source = room.own / "counted.json", film(room.own)
    command = [sys.executable, "-c", COUNTED, str(counted), "send", str(source)]
    command += ["--to", f"library:{room.own / 'library'}", "--data-dir", str(room.own / "data")]
    subprocess.run(command, check=True, capture_output=True)
    *begun, end = json.loads(counted.read_text())
    steady = [at for at in begun if WARM_S <= at <= end - WARM_S]
    mean = len(steady) / (end - 2 * WARM_S)
    yield Figure("transactions while a command follows its conversion", mean, BOUND, "/s")


def film(folder: Path) -> Path:
    """An AVI that takes long enough to convert."""
    path, ffmpeg = folder / "film.avi", str(anyio.run(find_ffmpeg, None).path)
    picture = ("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=60")
    words = ("-c:v", "mpeg4", "-q:v", "3", "-g", "25", path)
    subprocess.run([ffmpeg, "-v", "error", "-y", *picture, *words], check=True)
    return path
