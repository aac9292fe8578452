"""A running toolbox, and sample files made on first use."""

import contextlib
import os
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.media.rare_samples import ALL
from transload.media.toolbox import MediaToolbox
from transload.model import Hevc, Recipe, Verdict
from transload.plans import Converted
from transload.ports import Probed

BY_NAME = {sample.name: sample for sample in ALL}
CONVERTED = [
    sample
    for sample in ALL
    if sample.verdict not in (Verdict.AS_IS, Verdict.UNSAVABLE, Verdict.SKIP)
]
Samples = Callable[[str], Path]
Results = Callable[[str], Converted]
Probe = Callable[[Path, str], Probed]


@dataclass(frozen=True, slots=True)
class Row:
    """A conversion that recipe `telegram` with its defaults does not ask for; `again` is a second chance."""

    name: str
    recipe: Recipe
    hevc: Hevc = "keep"
    again: bool = False


FURTHER = {
    "hevc made H.264": Row("hevc.mp4", Recipe.TELEGRAM, "convert"),
    "a good film again": Row("plain.mp4", Recipe.TELEGRAM, again=True),
    "a turned film again": Row("turned.mp4", Recipe.PLAYABLE, again=True),
    "a photo again": Row("photo.jpg", Recipe.TELEGRAM, again=True),
    "a film made smaller": Row("eight_k.mp4", Recipe.MP4_360),
    "a gif for browsers": Row("moving.gif", Recipe.MP4_720),
    "a large HEIC kept large": Row("apple.heic", Recipe.PLAYABLE),
    "sound of a film": Row("plain.mp4", Recipe.MP3_128),
    "sound with its cover": Row("cover.mp4", Recipe.MP3_320),
    "sound of a song": Row("song.flac", Recipe.MP3_192),
    "sound of a trimmed film": Row("trimmed.mp4", Recipe.MP3_128),
    "an hour of silence": Row("silence.flac", Recipe.MP3_128),
}
"""The rows of the other recipes, of the HEVC policy and of recovery."""


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Gives the path of a named sample."""
    folder = tmp_path_factory.mktemp("samples")

    def made(name: str) -> Path:
        target = folder / name
        if not target.exists():
            BY_NAME[name].make(target)
        return target

    return made


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """A loop beside the tests, for studios that many of them share: a start of the decoder costs more than a probe."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def probe(portal: BlockingPortal) -> Iterator[Probe]:
    """Gives what a toolbox that has made nothing finds in a file. Not for async tests."""
    with portal.wrap_async_context_manager(MediaToolbox()) as open_studio:
        yield partial(portal.call, open_studio.probe)


@pytest.fixture(scope="session")
def results(
    samples: Samples, portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Results]:
    """Gives what a sample (for Telegram) or a further row is converted to, each made once. Not for async tests.

    Also once for all workers: what one has made lies where the others find it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "results"
    shared.mkdir(exist_ok=True)

    def made(name: str) -> Converted:
        done = shared / name.replace(" ", "_")
        if not done.exists():
            into = tmp_path_factory.mktemp("made")
            (into / "file").mkdir()
            row = FURTHER.get(name, Row(name, Recipe.TELEGRAM))
            result = portal.call(converted, open_studio, samples(row.name), row, into / "file")
            there = replace(result, local=done / "file" / result.local.name)
            (into / "made").write_bytes(pickle.dumps(there))
            with contextlib.suppress(OSError):  # somebody else was faster
                into.rename(done)
        result = pickle.loads((done / "made").read_bytes())
        assert isinstance(result, Converted)
        return result

    with portal.wrap_async_context_manager(MediaToolbox()) as open_studio:
        yield made


async def converted(toolbox: MediaToolbox, source: Path, row: Row, into: Path) -> Converted:
    """The result of what a row asks for."""
    probed = await toolbox.probe(source, source.name)
    judgement = toolbox.judge(probed.facts, row.recipe, row.hevc)
    if row.again:
        (judgement,) = toolbox.judge_recovery(probed.facts, row.recipe)
    return await toolbox.convert(source, judgement, into, lambda _: None)


@pytest.fixture
async def toolbox() -> AsyncIterator[MediaToolbox]:
    """A toolbox that ends its child after the test."""
    async with MediaToolbox() as open_studio:
        yield open_studio
