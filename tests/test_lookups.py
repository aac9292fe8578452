"""Looking through the Python API leaves nothing behind."""

from pathlib import Path

import pytest

from tests.inputs import packed, photo
from tests.installation import Home
from transload.app import App
from transload.errors import UsageError
from transload.listing import Wanted
from transload.model import Recipe, Verdict

pytestmark = pytest.mark.anyio


async def test_looking_needs_no_ledger_and_makes_none(tmp_path: Path) -> None:
    home, source = Home(tmp_path), packed(tmp_path / "a.zip", {"a.jpg": photo(1)})
    large = tmp_path / "large.jpg"
    large.write_bytes(photo(1, (6000, 5000)))
    async with App(home.settings, home.data, ledger=False) as app:
        assert [entry.name for entry in (await app.list(source)).entries] == ["a.jpg"]
        request = app.dry_run_request(source, home.to)
        seen = [one.judgement.verdict async for one in app.rehearse(source, request)]
        assert (request.recipe, seen) == (Recipe.PLAYABLE, [Verdict.AS_IS])
        assert (await app.inspect(large)).judgement.verdict is Verdict.AS_IS
        assert (await app.inspect(large, "telegram")).judgement.verdict is Verdict.SHRINK
        assert await app.scratch_need(source) > 0
    assert not home.data.ledger.exists()


async def test_a_listing_is_narrowed_as_a_job_would_be(tmp_path: Path) -> None:
    home = Home(tmp_path)
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b/c.jpg": photo(2), "d.txt": b"1"})
    async with App(home.settings, home.data, ledger=False) as app:

        async def names(wanted: Wanted) -> list[str]:
            return [entry.name for entry in (await app.list(source, wanted=wanted)).entries]

        assert await names(Wanted()) == ["a.jpg", "b/c.jpg", "d.txt"]
        assert await names(Wanted("media")) == ["a.jpg", "b/c.jpg"]
        assert await names(Wanted(include=("*.jpg",), exclude=("b/*",))) == ["a.jpg"]
        with pytest.raises(UsageError, match=r"\*\.png"):
            await names(Wanted(include=("*.png",)))
