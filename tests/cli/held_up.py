"""Two queued jobs that need the same server, which has asked one of them to wait."""

from pathlib import Path

from tests.inputs import packed, photo
from transload.app import App
from transload.errors import RemoteBusyError
from transload.model import Job

HOUR_S = 3600.0


async def two_for_one_server(app: App, folder: Path) -> tuple[Job, Job]:
    """The one that was asked, and the other: of a shorter wait it is only kept that it needs the server, too."""
    jobs: list[Job] = []
    for n, seconds in ((1, HOUR_S), (2, 1.0)):
        source = packed(folder / f"{n}.zip", {f"{n}.jpg": photo(n)})
        jobs.append(await app.send(source, to=f"library:{folder / 'library'}", detach=True))
        busy = RemoteBusyError("nas.example asks to wait").within("host:nas.example", seconds)
        await app.installation.waits.add(jobs[-1].id, busy, 0)
    return jobs[0], jobs[1]
