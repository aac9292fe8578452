"""Looking through the Python API leaves nothing behind."""

from pathlib import Path

import pytest

from tests.inputs import packed, photo
from tests.installation import Home
from transload.app import App
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
