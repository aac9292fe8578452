"""Media cut, locked, empty, huge, silent, slow or fast, sent by the command: each arrives or is kept, and why."""

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk, Said
from tests.media.rare_samples import ALL

MAKERS = {sample.name: sample.make for sample in ALL}
ARRIVE = {
    "cut_front.mp4": ("rewrap", True),
    "cut.mkv": ("rewrap", True),
    "cut.avi": ("transcode", True),
    "cut.wmv": ("transcode", True),
    "cut.flv": ("rewrap", True),
    "cut.jpg": ("shrink", True),
    "begun.ts": ("rewrap", True),
    "begun_422.ts": ("transcode", True),
    "rotten.mp4": ("as_is", False),
    "eight_k.mp4": ("transcode", False),
    "silence.m4a": ("as_is", False),
    "silence.flac": ("audio", False),
    "slow.mp4": ("as_is", False),
    "slow.avi": ("transcode", False),
    "fast.mp4": ("as_is", False),
    "fast.avi": ("transcode", False),
    "two_pictures.mp4": ("rewrap", False),
}
"""Name -> verdict, and whether only a part of it is there."""
KEPT = {
    "empty.mp4": ("input.truncated", "0 bytes"),
    "empty.jpg": ("input.truncated", "0 bytes"),
    "no_index.mp4": ("input.truncated", "moov"),
    "locked.mp4": ("input.unsupported", "DRM"),
    "shop.m4p": ("input.unsupported", "DRM"),
    "no_size.y4m": ("input.corrupt", "header makes no sense"),
    "no_size.mkv": ("input.corrupt", "0 x 0"),
    "no_size.jpg": ("input.corrupt", "no picture"),
    "only_titles.mkv": ("input.not_media", "neither video nor audio"),
}
"""Name -> the kind of its error, and a word of the reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all of them in one send."""

    desk: Desk
    inputs: dict[str, bytes]
    said: Said


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    desk = Desk(tmp_path_factory.mktemp("bad"))
    made = tmp_path_factory.mktemp("made")
    inputs = {name: _content(made, name) for name in (*ARRIVE, *KEPT)}
    source = desk.inputs / "bad.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for name, content in inputs.items():
            archive.writestr(name, content)
    yield Outcome(desk, inputs, desk.send(source, "--recipe", "telegram"))
    assert desk.children() == []
    assert desk.left_behind() == []


def _content(folder: Path, name: str) -> bytes:
    """A sample, or one of those that are made of another by turning a few bytes over."""
    of, old, new = {
        "shop.m4p": ("locked.mp4", b"enca", b"drms"),
        "no_size.mkv": ("still.mkv", b"\xb0\x81\x40\xba\x81\x30", b"\xb0\x81\x00\xba\x81\x00"),
        "no_size.jpg": ("photo.jpg", b"\x00\x11\x08\x00\x40\x00\x60", b"\x00\x11\x08" + bytes(4)),
    }.get(name, (name, b"", b""))
    target = folder / of
    MAKERS[of](target)
    content = target.read_bytes()
    assert old in content
    return content.replace(old, new) if old else content


def test_one_send_tells_of_each_and_ends_with_partial_success(outcome: Outcome) -> None:
    assert outcome.said.status == 3
    totals = outcome.said.report["totals"]
    assert (totals["sent"], totals["quarantined"]) == (len(ARRIVE), len(KEPT))
    assert outcome.said.report["state"] == "partial"


@pytest.mark.parametrize("name", ARRIVE)
def test_what_can_be_saved_arrives(outcome: Outcome, name: str) -> None:
    item = outcome.said.item(name)
    assert item["state"] == "sent"
    assert (item["verdict"], item["partial"]) == ARRIVE[name]
    assert item["sha256"] == hashlib.sha256(outcome.inputs[name]).hexdigest()
    assert (" are there" in item["why"]) is item["partial"]
    made, *originals = item["outputs"]
    assert len(originals) == (name == "cut.jpg")  # it holds what no reader can show
    path = outcome.desk.library / made["path"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made["sha256"]
    if item["verdict"] == "as_is":
        assert made["sha256"] == item["sha256"]


@pytest.mark.parametrize("name", KEPT)
def test_what_cannot_be_saved_is_named_and_kept_untouched(outcome: Outcome, name: str) -> None:
    item = outcome.said.item(name)
    kind, word = KEPT[name]
    assert (item["state"], item["verdict"]) == ("quarantined", "unsavable")
    assert outcome.said.fault(name) == kind
    assert word in item["error"]["detail"]
    assert item["error"]["detail"] in outcome.said.out
    (kept,) = [one for one in _kept(outcome.desk) if one["name"] == name]
    content = Path(kept["path"]).read_bytes()
    assert content == outcome.inputs[name]
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()
    assert kept["error"]["kind"] == kind


def _kept(desk: Desk) -> Any:  # noqa: ANN401  JSON
    return desk.json_of(desk.run("quarantine", "list", "--json"))


@pytest.mark.parametrize("name", ["empty.mp4", "locked.mp4"])
def test_one_alone_that_cannot_be_saved_fails_the_job(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path)
    source = desk.inputs / name
    MAKERS[name](source)
    before = source.read_bytes()
    said = desk.send(source)
    assert (said.status, said.fault(name)) == (4, KEPT[name][0])
    assert source.read_bytes() == before
