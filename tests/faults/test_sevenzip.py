"""7z through the command: one damaged entry, the disk it takes, ends in the middle of a solid block."""

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.archives.makers import noise
from tests.archives.makers_7z import make_by_7zz, wrapper
from tests.faults.desk import Desk, hashes
from tests.inputs import photo
from tests.process_table import left_after, working_on

STOP_S = 4.0
ALBUM = 10
SLACK_BYTES = 16 << 20
ENDLESS_BYTES = 200_000_000_000
SIGNATURE_BYTES = 32
ZEROS = Path("/dev/zero")


def test_one_flipped_byte_costs_one_of_64_entries(desk: Desk) -> None:
    tree = {f"trip/{n:02}.jpg": photo(n, (320, 240)) for n in range(64)}
    source = make_by_7zz(desk.inputs / "trip.7z", tree, "-ms=off")
    data = bytearray(source.read_bytes())
    packed = int.from_bytes(data[12:20], "little")  # the index lies behind all packed data
    data[SIGNATURE_BYTES + random.Random(64).randrange(packed)] ^= 0x10
    source.write_bytes(data)
    said = desk.send(source)
    assert said.status == 3
    (lost,) = [item for item in said.report["items"] if item["state"] != "sent"]
    assert said.fault(lost["name"]) in ("input.corrupt", "input.truncated")
    assert lost["name"] in said.out
    good = [content for name, content in tree.items() if name != lost["name"]]
    assert sorted(desk.delivered().values()) == hashes(*good)
    assert working_on(source) == set()


def test_a_solid_7z_takes_an_album_of_disk(desk: Desk) -> None:
    tree = {f"{n:02}.jpg": photo(n) + noise(1 << 20, n) for n in range(30)}
    size = max(map(len, tree.values()))
    said = desk.send(make_by_7zz(desk.inputs / "trip.7z", tree, "-ms=on", "-mx=0"))
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(*tree.values())
    assert size <= said.report["totals"]["peak_scratch_bytes"] <= ALBUM * size + SLACK_BYTES


@pytest.mark.parametrize("way", ["cancel", "signal"])
def test_no_decoder_outlives_a_job_that_is_ended_while_it_skips(desk: Desk, way: str) -> None:
    tree = {"a.jpg": photo(1), "b.bin": noise(5001), "z.jpg": photo(2)}
    source = make_by_7zz(desk.inputs / "trip.7z", tree, "-ms=on")
    tool = _endless_behind(desk.inputs, len(tree["a.jpg"]))
    process = desk.begin(source, TRANSLOAD_ARCHIVE__TOOL=str(tool))
    decoders = _until_skipping(desk, process, source)
    (job,) = desk.json_of(desk.run("jobs", "--json"))
    assert left_after(decoders, 0) == decoders
    since = time.monotonic()
    if way == "signal":
        process.send_signal(signal.SIGTERM)
    else:
        assert desk.run("cancel", job["job"]).status == 0
    assert left_after(decoders, STOP_S - (time.monotonic() - since)) == set()
    said = desk.finish(process, source)
    assert said.status == (130 if way == "signal" else 4)
    assert working_on(source) == set()
    assert sorted(desk.delivered().values()) == hashes(photo(1))
    again = desk.send(source)
    assert again.status == 0
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(2))


def _endless_behind(folder: Path, size: int) -> Path:
    """A 7zz that lists the middle entry as huge, and gives nothing but zeros behind the first `size` bytes."""
    listing = (
        f'[ "$1" = l ] && {{ $REAL "$@" | sed "s/^Size = 5001$/Size = {ENDLESS_BYTES}/"; exit; }}'
    )
    bodies = f'$REAL "$@" | head -c {size}\nfor last; do :; done\nexec cat {ZEROS} "$last"'
    return wrapper(folder, f"{listing}\n{bodies}")


def _until_skipping(desk: Desk, process: subprocess.Popen[str], source: Path) -> set[int]:
    """Come back with what decodes, once the first photo stands under its name and zeros run past."""
    while True:
        assert process.poll() is None, process.communicate()
        decoders = working_on(source) & working_on(ZEROS)
        if (desk.library / "trip" / "a.jpg").exists() and decoders:
            return decoders
