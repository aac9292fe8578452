"""The same command again: told once more only when nothing could change."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home, states
from transload.config import Archive, Settings
from transload.model import ItemState

pytestmark = pytest.mark.anyio

PHOTOS = {"a.jpg": inputs.photo(1), "b.jpg": inputs.photo(2)}


async def test_a_finished_job_is_told_once_more(tmp_path: Path) -> None:
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    first, second = await home.send(source), await home.send(source)
    assert second.job.id == first.job.id
    assert set(states(second).values()) == {ItemState.SENT}


async def test_a_changed_source_is_a_new_job(tmp_path: Path) -> None:
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    first = await home.send(source)
    inputs.packed(source, PHOTOS | {"c.jpg": inputs.photo(3)})
    second = await home.send(source)
    assert second.job.id != first.job.id
    assert states(second)["c.jpg"] is ItemState.SENT
    assert second.totals.duplicate == 2


async def test_a_file_that_is_gone_from_the_library_is_delivered_again(tmp_path: Path) -> None:
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    await home.send(source)
    (home.library / "a" / "b.jpg").unlink()
    second = await home.send(source)
    assert states(second) == {"a.jpg": ItemState.DUPLICATE, "b.jpg": ItemState.SENT}


async def test_other_options_are_a_new_job(tmp_path: Path) -> None:
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    first = await home.send(source, include=["a*"])
    second = await home.send(source)
    assert second.job.id != first.job.id
    assert states(second) == {"a.jpg": ItemState.DUPLICATE, "b.jpg": ItemState.SENT}


async def test_what_could_be_mended_is_tried_again(tmp_path: Path) -> None:
    source = inputs.packed(tmp_path / "a.zip", PHOTOS | {"c.jpg": inputs.photo(3, (600, 400))})
    home = Home(tmp_path, Settings(min_free_bytes=0, archive=Archive(max_entry_bytes=2_000)))
    first, second = await home.send(source), await home.send(source)
    assert first.totals.failed == 1
    assert second.job.id != first.job.id
