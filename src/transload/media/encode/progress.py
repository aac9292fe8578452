"""How far a conversion is, for those who watch it."""

import anyio

from transload.media.encode.ffmpeg import Counters
from transload.model import Progress
from transload.ports import Moved


class ProgressReporter:
    """Counters of the encoder as progress of the item; it never goes back."""

    def __init__(self, duration_s: float | None, moved: Moved, started: float) -> None:
        self._total = round(duration_s * 1_000_000) if duration_s else None
        self._moved = moved
        self._started = started
        self._done = 0
        self._taken_over: int | None = None

    def tell(self, counters: Counters) -> None:
        """Pass on how far the output has come; never beyond the total."""
        self._taken_over = 0
        self.reached(counters.out_us)

    def reached(self, done_us: int) -> None:
        """Pass on how much of the whole is done; what was done at the first call is no work of this run."""
        total = self._total
        self._done = max(self._done, done_us if total is None else min(done_us, total))
        if self._taken_over is None:
            self._taken_over = self._done
        spent_s = anyio.current_time() - self._started
        made = self._done - self._taken_over
        rate = made / spent_s if spent_s > 0 and made else None
        eta_s = (total - self._done) / rate if total is not None and rate else None
        self._moved(Progress("convert", self._done, total, "us", rate=rate, eta_s=eta_s))
