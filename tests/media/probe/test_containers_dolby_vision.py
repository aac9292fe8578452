"""Dolby Vision: what only its own players show in right colours is never encoded, and never loses its record."""

import io
import subprocess
from pathlib import Path

import pytest

from tests.kept import encode
from tests.media.decoded import program
from tests.media.dolby_makers import film, record
from tests.media.probe.test_mp4_boxes import FTYP, box
from transload.media.probe.containers import dolby_alone_in_boxes, dolby_alone_in_matroska
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict


def moov(entry: bytes, *boxes: bytes) -> bytes:
    """An index of one picture whose description holds these boxes."""
    described = box(b"stsd", bytes(4) + b"\0\0\0\1" + box(entry, bytes(78) + b"".join(boxes)))
    return box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", described)))))


def in_matroska(content: bytes) -> bytes:
    """The head of a file whose track has that record (RFC 9559, 5.1.4.1.17)."""
    named = b"\x41\xa4\x98Dolby Vision configuration"[:10]
    return b"\x1a\x45\xdf\xa3" + bytes(200) + named + b"\x41\xe7\x84dvcC\x41\xed\x98" + content


@pytest.mark.parametrize(
    ("boxes", "only"),
    [
        ((record(5, 0),), True),
        ((record(10, 0),), True),
        ((record(8, 1),), False),
        ((record(8, 4),), False),
        ((box(b"hvcC", bytes(30)), record(5, 0)), True),
        ((box(b"colr", b"nclx" + record(5, 0)),), False),
        ((box(b"dvcC", b"\1\0\x0a"),), False),
        ((), False),
    ],
)
def test_the_record_of_an_mp4(boxes: tuple[bytes, ...], only: bool) -> None:
    index = moov(b"hvc1", *boxes)
    file = io.BytesIO(FTYP + index)
    assert dolby_alone_in_boxes(file, len(FTYP), len(index)) is only


@pytest.mark.parametrize(("profile", "compatible", "only"), [(5, 0, True), (8, 1, False)])
def test_the_record_of_a_matroska_file(profile: int, compatible: int, only: bool) -> None:
    content = in_matroska(record(profile, compatible)[8:])
    assert dolby_alone_in_matroska(io.BytesIO(content)) is only
    assert not dolby_alone_in_matroska(io.BytesIO(content[:-22]))


@pytest.mark.anyio
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
async def test_a_copy_keeps_the_record_and_the_tag(
    tmp_path: Path, toolbox: MediaToolbox, ending: str
) -> None:
    source = film(tmp_path / "film.mp4", 5, 0, b"dvh1" if ending == "mp4" else b"hvc1")
    if ending == "mkv":
        source = copied(source, tmp_path / "film.mkv")
    facts = (await toolbox.probe(source, source.name)).facts
    for recipe in (Recipe.PLAYABLE, Recipe.TELEGRAM):
        judged = toolbox.judge(facts, recipe, "keep")
        assert (judged.verdict, judged.partial) == (Verdict.REWRAP, False)
        assert "Dolby Vision" in judged.why
    made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    content = made.local.read_bytes()
    assert (content.count(b"dvh1"), content.count(record(5, 0))) == (1, 1)
    assert packets(made.local) == packets(source)
    again = (await toolbox.probe(made.local, "made.mp4")).facts
    assert toolbox.judge(again, Recipe.TELEGRAM, "keep").verdict is Verdict.AS_IS


@pytest.mark.anyio
async def test_unknown_colours_are_never_encoded(tmp_path: Path, toolbox: MediaToolbox) -> None:
    source = film(tmp_path / "film.mp4", 5, 0)
    facts = (await toolbox.probe(source, source.name)).facts
    assert toolbox.judge_recovery(facts, Recipe.TELEGRAM) == []
    judged = toolbox.judge(facts, Recipe.TELEGRAM, "convert")
    assert judged.verdict is Verdict.UNSAVABLE
    assert judged.fault is not None
    assert judged.fault.kind == "input.unsupported"
    assert "recipe original" in str(judged.fault.suggestion)


@pytest.mark.anyio
async def test_a_base_layer_that_all_know_is_treated_as_such(
    tmp_path: Path, toolbox: MediaToolbox
) -> None:
    source = film(tmp_path / "film.mp4", 8, 4, b"hvc1")
    facts = (await toolbox.probe(source, source.name)).facts
    assert toolbox.judge(facts, Recipe.TELEGRAM, "keep").verdict is Verdict.REWRAP
    assert toolbox.judge(facts, Recipe.TELEGRAM, "convert").verdict is Verdict.TRANSCODE


def copied(source: Path, target: Path) -> Path:
    """The same streams, and the record, in another container."""
    return encode(target, ("-i", source, "-c", "copy", "-strict", "unofficial", "-bitexact"))


def packets(path: Path) -> list[str]:
    """Sums of all pictures as they are stored."""
    words = ["-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "framehash", "-"]
    done = subprocess.run([program(), *words], check=True, capture_output=True, text=True)
    rows = (line.split(",") for line in done.stdout.splitlines() if not line.startswith("#"))
    return [row[-1].strip() for row in rows]
