"""A running studio, and sample files made on first use."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.media.rare_samples import ALL
from transload.media.studio import Studio

BY_NAME = {sample.name: sample for sample in ALL}
Samples = Callable[[str], Path]


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


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    """A studio that ends its child after the test."""
    async with Studio() as open_studio:
        yield open_studio
