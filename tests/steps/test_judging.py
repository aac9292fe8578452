"""Judging ahead: several entries at once, each once, in their order."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tests.inputs import packed, photo
from tests.installation import SMALL, Home, Picky, finished, states
from transload.config import Media
from transload.errors import CorruptError
from transload.model import ItemState
from transload.ports import Probed

pytestmark = pytest.mark.anyio
TWO = replace(SMALL, media=Media(decoders=2))


async def test_entries_are_looked_at_side_by_side_and_sent_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(12)})
    picky, asked, second = Picky(tmp_path / "library"), list[str](), anyio.Event()
    async with Home(tmp_path, TWO).open(picky) as app:
        media = app.installation.media
        probe = media.probe

        async def first_after_second(local: Path, name: str) -> Probed:
            asked.append(name)
            if name == "0.jpg":
                await second.wait()
            elif name == "1.jpg":
                second.set()
            return await probe(local, name)

        monkeypatch.setattr(media, "probe", first_after_second)
        report = await finished(app, source, to="picky:")
    assert set(states(report).values()) == {ItemState.SENT}
    assert sorted(asked) == sorted(f"{n}.jpg" for n in range(12))  # each of them once
    assert [name for batch in picky.batches for name in batch] == [f"{n}.jpg" for n in range(12)]


async def test_one_that_kills_its_decoder_is_kept_and_the_others_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(6)})
    home = Home(tmp_path, TWO)
    async with home.open() as app:
        media = app.installation.media
        probe = media.probe

        async def deadly(local: Path, name: str) -> Probed:
            if name == "2.jpg":
                raise CorruptError("the decoder died on this file three times", stage="probe")
            return await probe(local, name)

        monkeypatch.setattr(media, "probe", deadly)
        report = await finished(app, source, to=home.to)
    expected = {f"{n}.jpg": ItemState.SENT for n in range(6)}
    assert states(report) == expected | {"2.jpg": ItemState.QUARANTINED}


async def test_what_was_delivered_before_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path, TWO)
    await home.send(packed(tmp_path / "a.zip", {"a.jpg": photo(1)}))
    asked: list[str] = []
    async with home.open() as app:
        media = app.installation.media
        probe = media.probe

        async def noted(local: Path, name: str) -> Probed:
            asked.append(name)
            return await probe(local, name)

        monkeypatch.setattr(media, "probe", noted)
        source = packed(tmp_path / "b.zip", {"same.jpg": photo(1), "new.jpg": photo(2)})
        report = await finished(app, source, to=home.to)
    assert states(report) == {"same.jpg": ItemState.DUPLICATE, "new.jpg": ItemState.SENT}
    assert asked == ["new.jpg"]
