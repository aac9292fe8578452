"""A running studio, and sample files made on first use."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest

from tests.media.rare_samples import ALL
from transload.conversions import Made
from transload.media.studio import Studio
from transload.model import Recipe, Verdict

BY_NAME = {sample.name: sample for sample in ALL}
CONVERTED = [
    sample
    for sample in ALL
    if sample.verdict not in (Verdict.AS_IS, Verdict.UNSAVABLE, Verdict.SKIP)
]
Samples = Callable[[str], Path]
Results = Callable[[str], Made]


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
def results(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Gives what a named sample is converted to for Telegram; each is made once. Not for async tests."""
    done: dict[str, Made] = {}

    def made(name: str) -> Made:
        if name not in done:
            done[name] = anyio.run(converted, samples(name), tmp_path_factory.mktemp("made"))
        return done[name]

    return made


async def converted(source: Path, into: Path) -> Made:
    """The result of what recipe `telegram` asks for."""
    async with Studio() as studio:
        probed = await studio.probe(source, source.name)
        judgement = studio.judge(probed.facts, Recipe.TELEGRAM, "keep")
        return await studio.convert(source, judgement, into, lambda _: None)


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    """A studio that ends its child after the test."""
    async with Studio() as open_studio:
        yield open_studio
