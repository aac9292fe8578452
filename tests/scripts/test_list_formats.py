"""The list of formats in the documentation is what the program knows."""

import subprocess
import sys
from pathlib import Path

from transload.media.photos import jpeg_xl, photo
from transload.media.probe import containers, sniff
from transload.model import ItemKind

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_as_written_by_the_program() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "list_formats.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0


def test_what_is_recognised_has_a_reader() -> None:
    films = [*sniff.formats_of(ItemKind.VIDEO), *sniff.formats_of(ItemKind.AUDIO)]
    assert [word for word in films if word not in containers.DEMUXERS] == []
    photos = sniff.formats_of(ItemKind.PHOTO)
    by_others = {*containers.DEMUXERS, *jpeg_xl.DEMUXERS}
    assert [word for word in photos if word not in photo.READERS and word not in by_others] == []
