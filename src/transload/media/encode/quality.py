"""How good a transcode may be: presets and sizes give way to the deadline and to the limit on a file. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transload.errors import PermanentError, UnverifiedError
from transload.plans import QualityChoice, SegmentStore

PRESET_WORK = {"slow": 1.6, "medium": 1.0, "fast": 0.68, "faster": 0.54, "veryfast": 0.34}
"""Processor time of x264 with decoding, medium = 1: at crf 23 on film; slow and faster on a drawn picture, to scale."""
PRESET_BYTES = {"slow": 270, "medium": 230, "fast": 185, "faster": 150, "veryfast": 110}
"""What x264 holds for a pixel of the picture, its look-ahead most of all, measured at 720p; at 360p a fifth more."""
BESIDE_MAX = 12
RUN_ADDRESS_BYTES, RUN_PIXEL_BYTES = 400 << 20, 60
"""Address space of ffmpeg itself, and what decoding and filters add for a pixel."""
ENCODER_ADDRESS_BYTES, ADDRESS_SHARE = 48 << 20, 1.65
"""Address space of an encoder's threads, and of the rest for each byte that it holds."""
DECODE_WORK = 0.14
"""The share of it that decoding takes; only the rest shrinks with the video."""
CHEAPER = ("fast", "veryfast")
SIZES = (1080, 720, 480)
LATE_SIZES = (*SIZES, 360, 240)
"""For a film that is late, even those that nobody would choose: better than none, or one that comes in hours."""
USUAL_BITS = 0.08
"""Bits that a pixel takes at the usual quality, at most; a bound below `GENEROUS` times as many is handed to x264."""
GENEROUS = 4
POOR_BITS = 0.03
"""With less than this a smaller picture looks better."""
USED_SHARE = 0.95
SOUND_BITS_S, SURROUND_BITS_S, SOUND_KEPT_BITS_S = 128_000, 320_000, 192_000
STEREO = 2
BUFFER_S = 2
"""x264 may run ahead of its bound by so many seconds (`-bufsize`), and does so at the begin of every segment."""
PART_LEAST_S, PART_LONG_LEAST_S, LONG_ABOVE_S = 8.0, 24.0, 3600.0
"""How long the segments of a video are on average, at least."""
PIECE_S = 36.0
"""The longest segment (30 s and a fifth): what is split is split between two of them, so each must fit by itself."""
FPS_UNKNOWN = 25.0


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """`preset` is x264's; `deadline_s` is what the conversion of one video may take, 0: as long as it does."""

    preset: str = "veryfast"
    deadline_s: float = 0.0


USUAL = EncoderSettings()


@dataclass(frozen=True, slots=True)
class QualityStep:
    """A preset, and how many lines the short side of the picture has at most."""

    preset: str
    lines: int


@dataclass(frozen=True, slots=True)
class VideoSize:
    """What is encoded: pixels of a picture, those of its short side, frames a second; `duration_s` None: unknown."""

    pixels: int
    lines: int
    fps: float = FPS_UNKNOWN
    duration_s: float | None = None

    def pixels_at(self, lines: int) -> float:
        """Pixels of a picture whose short side has so many lines; never more than there are."""
        return self.pixels * min(1.0, lines / self.lines) ** 2


@dataclass(frozen=True, slots=True)
class MeasuredSpeed:
    """A measured segment: its seconds and frames, frames of the whole film, and seconds spent until it was done."""

    seconds: float
    frames: int
    total: int
    spent_s: float


@dataclass(frozen=True, slots=True)
class SizeBound:
    """What a limit on the size asks for: lines of the short side, bits a second at most (None: no bound).

    `split` says that no size would do: the film becomes several files.
    """

    lines: int
    bits_s: int | None = None
    split: bool = False


def quality_steps(preset: str, lines: int) -> list[QualityStep]:
    """What there is to choose from, dearest first; the first is what was asked for."""
    cheaper = [word for word in CHEAPER if PRESET_WORK[word] < PRESET_WORK[preset]]
    presets = [preset, *cheaper]
    smaller = [size for size in LATE_SIZES if size < lines]
    return [QualityStep(word, lines) for word in presets] + [
        QualityStep(presets[-1], size) for size in smaller
    ]


def fastest_fitting(
    ladder: Sequence[QualityStep], speed: MeasuredSpeed, deadline_s: float
) -> tuple[QualityStep, float]:
    """The dearest step that ends in time, the last one if none does, and the seconds that the first would take.

    Any other than the first begins anew.
    """
    first, *others = ladder
    pace_s = speed.seconds / speed.frames
    need_s = speed.spent_s + pace_s * (speed.total - speed.frames)
    if need_s <= deadline_s or not others:
        return first, need_s
    for step in others:
        share = _work(step, first.lines) / _work(first, first.lines)
        if speed.spent_s + pace_s * share * speed.total <= deadline_s:
            return step, need_s
    return others[-1], need_s


def _work(step: QualityStep, lines: int) -> float:
    pixels = (step.lines / lines) ** 2
    return DECODE_WORK + (PRESET_WORK[step.preset] - DECODE_WORK) * pixels


def encoders_at_once(preset: str, pixels: int, held_bytes: int, address_bytes: int) -> int:
    """How many encoders may run side by side: ffmpeg frees them at the end of a run only. At least one."""
    each = max(1, pixels * PRESET_BYTES[preset])
    free = address_bytes - RUN_ADDRESS_BYTES - pixels * RUN_PIXEL_BYTES
    fit = free / (ENCODER_ADDRESS_BYTES + each * ADDRESS_SHARE)
    return max(1, min(BESIDE_MAX, held_bytes // each, int(fit)))


def lowered_note(first: QualityStep, step: QualityStep, need_s: float, deadline_s: float) -> str:
    """Why a film is less good than it was asked for, as its report says it; "" where it is not."""
    if step == first:
        return ""
    unit, name = (60, "min") if deadline_s >= 600 else (1, "s")
    dear = f"{first.lines}p" if step.preset == first.preset else first.preset
    return (
        f"{step.lines}p, {step.preset}: {dear} would have taken"
        f" {need_s / unit:.0f} {name} of {deadline_s / unit:.0f}"
    )


def late_note(first: QualityStep, step: QualityStep, took_s: float, deadline_s: float) -> str:
    """That a film took longer than it was given, as its report says it; "" where it did not, or was given forever."""
    if not deadline_s or took_s <= deadline_s:
        return ""
    unit, name = (60, "min") if deadline_s >= 600 else (1, "s")
    none_left = step == quality_steps(first.preset, first.lines)[-1]
    why = ", nothing cheaper was left" if none_left else ""
    return f"took {math.ceil(took_s / unit)} {name} of {deadline_s / unit:g}{why}"


def size_bound(shape: VideoSize, limit_bytes: int | None, audio_bits_s: int) -> SizeBound:
    """What keeps a film of this shape below the limit of its destination."""
    if limit_bytes is None or not shape.duration_s:
        return SizeBound(shape.lines)
    bits_s = USED_SHARE * limit_bytes * 8 / shape.duration_s - audio_bits_s
    part_s = PART_LONG_LEAST_S if shape.duration_s > LONG_ABOVE_S else PART_LEAST_S
    bits_s /= 1 + BUFFER_S / part_s
    if bits_s >= GENEROUS * USUAL_BITS * shape.pixels * shape.fps:
        return SizeBound(shape.lines)
    for lines in (shape.lines, *(size for size in SIZES if size < shape.lines)):
        if bits_s >= POOR_BITS * shape.pixels_at(lines) * shape.fps:
            return SizeBound(lines, int(bits_s))
    most = USED_SHARE * limit_bytes * 8 / PIECE_S - audio_bits_s
    return SizeBound(shape.lines, int(most) if most > 0 else None, split=True)


def audio_bits_s(*, channels: int, kept: bool) -> int:
    """Bits a second that the audio takes: ours, or as much as copied audio usually has."""
    if not channels:
        return 0
    if channels > STEREO:
        return SURROUND_BITS_S
    return SOUND_KEPT_BITS_S if kept else SOUND_BITS_S


# How fast a film is made, measured on its first segment, and what follows from that: decided once, kept as a row.


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
        """A segment of so many frames has been made; of the first of them something follows.

        Raises TooSlowError when another step was chosen: by then the choice is a row.
        """
        if self._decided:
            return
        self._decided = True
        now_s = self._clock()
        speed = MeasuredSpeed(now_s - self._run_s, frames, total, now_s - self._began_s)
        step, need_s = fastest_fitting(self._steps, speed, self._deadline_s)
        note = lowered_note(self._steps[0], step, need_s, self._deadline_s)
        await self._segments.choose(self._key, QualityChoice(step.preset, step.lines, note))
        self.step, self.note = step, note
        if step != self._steps[0]:
            raise TooSlowError(note)
