"""How fast a film is made, measured on its first segment, and what follows from that: decided once, kept as a row."""

from collections.abc import Callable, Sequence

from transload.conversions import QualityChoice, SegmentStore
from transload.errors import PermanentError, UnverifiedError
from transload.media.encode import quality
from transload.media.encode.quality import MeasuredSpeed, QualityStep

Clock = Callable[[], float]
"""Seconds that only go forward."""


class TooSlowError(PermanentError):
    """The film would not be ready in time; it begins anew with what was chosen."""

    kind = UnverifiedError.kind


class SpeedProbe:
    """Watches one film until its first segment is there. `quality_steps` are what can be chosen, the present one first.

    `step` and `note` are what was chosen and why.
    """

    def __init__(
        self,
        steps: Sequence[QualityStep],
        deadline_s: float,
        segments: SegmentStore,
        key: str,
        clock: Clock,
    ) -> None:
        self._steps = steps
        self._deadline_s = deadline_s
        self._segments = segments
        self._key = key
        self._clock = clock
        self._began_s = self._run_s = clock()
        self._decided = False
        self.step = steps[0]
        self.note = ""

    async def known(self) -> QualityStep | None:
        """What an earlier run has chosen; None: this one measures."""
        choice = await self._segments.chosen(self._key)
        if choice is None:
            return None
        self.step, self.note = QualityStep(choice.preset, choice.lines), choice.note
        return self.step

    def begin(self) -> None:
        """A run of the encoder begins."""
        self._run_s = self._clock()

    async def made(self, frames: int, total: int) -> None:
        """A segment of so many pictures has been made; of the first of them something follows.

        Raises TooSlowError when another step was chosen: by then the choice is a row.
        """
        if self._decided:
            return
        self._decided = True
        now_s = self._clock()
        speed = MeasuredSpeed(now_s - self._run_s, frames, total, now_s - self._began_s)
        step, need_s = quality.fastest_fitting(self._steps, speed, self._deadline_s)
        note = quality.lowered_note(self._steps[0], step, need_s, self._deadline_s)
        await self._segments.choose(self._key, QualityChoice(step.preset, step.lines, note))
        self.step, self.note = step, note
        if step != self._steps[0]:
            raise TooSlowError(note)
