"""How many statements an entry costs the ledger: built once, run for many."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.inputs import packed, photo
from tests.installation import Home

pytestmark = pytest.mark.anyio
SKIPPED_MOST, DELIVERED_MOST = 0.2, 0.5  # executions an entry


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are run meanwhile; one for many rows is one."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def cost(home: Home, folder: Path, entries: dict[str, bytes], **options: object) -> float:
    """Executions for each further entry: what a job costs by itself is not counted."""
    counts: list[int] = []
    some = dict(list(entries.items())[: len(entries) // 4])
    for name, part in (("some", some), ("all", entries)):
        source = packed(folder / f"{name}.zip", part)
        async with home.open() as app:
            with counting() as seen:
                job = await app.send(source, **options)
                await app.wait(job.id)
        counts.append(len(seen))
    return (counts[1] - counts[0]) / (len(entries) - len(some))


async def test_skipped_entries(tmp_path: Path) -> None:
    texts = {f"{n}.txt": b"text %d" % n for n in range(4000)}
    assert await cost(Home(tmp_path), tmp_path, texts) < SKIPPED_MOST


async def test_small_files(tmp_path: Path) -> None:
    files = {f"{n % 7}/{n}.bin": b"\x00%d" % n for n in range(2000)}
    assert await cost(Home(tmp_path), tmp_path, files, files="all") < DELIVERED_MOST


async def test_photos(tmp_path: Path) -> None:
    photos = {f"{n}.jpg": photo(n) for n in range(400)}
    assert await cost(Home(tmp_path), tmp_path, photos) < DELIVERED_MOST
