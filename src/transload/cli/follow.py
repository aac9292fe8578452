"""Following a job to its end, or to the point where it waits for something that only a person can give."""

import time
from typing import TYPE_CHECKING

from transload.cli.display import Display
from transload.cli.view import View
from transload.model import Event, Job, JobState
from transload.states import needs_password

if TYPE_CHECKING:
    from transload.app import App

LATE = 0.8
"""Part of the time between two looks of the engine: "still waiting" this late is the answer of a second one."""


class Patience:
    """How long a command without a person before it waits for room: until the engine has looked once more.

    It looks every `look_s`. `spent` is then true. Items that arrive in between start it anew.
    """

    def __init__(self, look_s: float) -> None:
        self._look_s = look_s
        self._since: float | None = None
        self.spent = False

    def take(self, event: Event, now_s: float) -> None:
        """Take an event in; `now_s` is monotonic."""
        if event.what == "items":
            self._since = None
        elif event.what == "state" and event.data.get("reason") == "space":
            if self._since is None:
                self._since = now_s
            elif now_s - self._since >= LATE * self._look_s:
                self.spent = True


async def follow(app: "App", job: Job, display: Display) -> Job:
    """The job once it has ended; as it waits for a password; or for room, when nobody is there to make some."""
    view, patience = View.of(job), Patience(app.settings.retry.space_s)
    told = set[str]()
    async for event in app.events(job.id):
        # Numbered events begin behind the snapshot: a wait may have begun just before it.
        if event.what in ("snapshot", "state") and needs_password(await app.job(job.id)):
            break
        if event.what == "items":
            told.clear()  # a wait after new deliveries is news, the same wait once more is not
        changed = view.take(event) and view.state in _TOLD and view.doing not in told
        display.show(view, changed=changed)
        if changed:
            told.add(view.doing)
        patience.take(event, time.monotonic())
        if patience.spent and not display.waits:
            break
    return await app.job(job.id)


_TOLD = frozenset({JobState.RUNNING, JobState.WAITING})
"""States worth a line of their own: how a job ended is told by its summary."""
