"""Whether a converted file is what was planned. Pure: measurements in, a fault or None out."""

import errno
import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from transload.errors import (
    ConvertError,
    DiskFullError,
    MemoryLimitError,
    TransloadError,
    UnverifiedError,
)
from transload.facts import FileFacts, StreamFacts, picture_of
from transload.media import failures
from transload.media.judge.audio import SHORT_TOLD_S
from transload.media.judge.verdict import judge
from transload.model import Facts, Recipe, Verdict
from transload.plans import (
    EncodePlan,
    M4aPlan,
    Measurement,
    Mp3Plan,
    NewSoundPlan,
    Plan,
    RewrapPlan,
    StreamPlan,
    TranscodePlan,
)

EXIT_ENOMEM = 256 - errno.ENOMEM  # ffmpeg >= 6 ends with the low byte of AVERROR.
EXIT_ENOSPC = 256 - errno.ENOSPC
EXIT_EAGAIN = 256 - errno.EAGAIN
EXIT_EXTERNAL = 256 - ord("E")  # AVERROR_EXTERNAL: x264 says no more to ffmpeg, whatever it lacked.
KILLED = (
    -9
)  # Not by us: our own kills end in other errors. The kernel does it when memory is short.
SHORT_OF_MEMORY = frozenset({EXIT_ENOMEM, EXIT_EAGAIN, KILLED})
"""Ends of an encoder that had no memory for its data or for the stack of another thread."""
X264_COMPLAINT = "malloc of size"
FULL_BELOW_BYTES = 1 << 20
SOUND_FRAME_S = 0.064  # 1024 samples of AAC at the lowest usual rate, 16 kHz.
COPY_LOSS = 0.01  # Frames before the first keyframe are dropped by copying.
FIELDS_SHARE = 0.45  # Interlaced sources may hold two packets a frame, VP9 and AV1 hold frames that are never shown.
DRIFT_SHARE = 0.01
CUT_SHARE = 0.1
REORDERED_MAX = (
    4  # frames shown before one that is stored first: x264 has three B-frames in a row at most
)
UNSEEN_MAX, UNSEEN_SHARE, HIDDEN_SHARE = 2, 0.01, 0.15
"""Frames that may be lost untold, in number and as a share; of codecs that hide some, one in seven are hidden."""

_NO_PICTURE = StreamFacts(type="none")


def check_facts(made: Facts, plan: Plan) -> None:
    """Raise UnverifiedError unless the result, judged anew, needs nothing more."""
    judged = judge(_of_any_level(made, plan), Recipe(plan.recipe), "keep")
    if judged.verdict is not Verdict.AS_IS:
        raise UnverifiedError(
            f"the result is still judged {judged.verdict}: {judged.why}", stage="convert"
        )


def _of_any_level(made: Facts, plan: Plan) -> Facts:
    """The facts without the levels of what was encoded here: the encoder counts by the rate that the source claims."""
    if not isinstance(plan, EncodePlan):
        return made
    streams = tuple(replace(one, level=None) for one in made.found.streams)
    return replace(made, found=replace(made.found, streams=streams))


def shortfall(plan: StreamPlan, source: Measurement, made: Sequence[FileFacts]) -> str:
    """What is missing: of the time that the source's header promises, and in its middle; "" for nothing.

    By the measured source and the facts of the files made. What lies before the first frame counts apart.
    """
    pictures = [picture_of(facts.streams) or _NO_PICTURE for facts in made]
    whole = _early_end(plan, plan.promised_s, [facts.duration_s for facts in made])
    if source.end_s >= (plan.promised_s or 0.0) - SHORT_TOLD_S:
        whole = ""  # what lasts longer stays behind: subtitles, another audio track
    seen = [one.duration_s for one in pictures]
    picture = _early_end(plan, plan.promised_picture_s, seen)
    missing_s = source.missing_s
    said = [
        whole,
        f"of the video {picture}" if picture and not whole else "",
        f"{missing_s:.1f} s in the middle are missing" if missing_s else "",
        _unseen(plan, source, sum(one.frames for one in pictures)),
    ]
    return "; ".join(word for word in said if word)


def _early_end(plan: StreamPlan, promised_s: float | None, lengths: Sequence[float | None]) -> str:
    """A file that is cut at its end was already called so when it was judged."""
    if promised_s is None or None in lengths or plan.partial:
        return ""
    got_s = sum(length for length in lengths if length)
    if got_s + plan.lost_s >= promised_s - SHORT_TOLD_S:
        return ""
    return f"{got_s:.1f} s of {promised_s:.1f} s are there"


def _unseen(plan: StreamPlan, source: Measurement, frames: int) -> str:
    """How many frames are not to be seen: those that do not decode, and those that are only zeros."""
    wanted = _decodable(plan, source)
    lost = wanted - frames if isinstance(plan, TranscodePlan) else source.empty
    share = lost / wanted if wanted else 0.0
    usual = HIDDEN_SHARE if plan.hides else UNSEEN_SHARE
    fields = plan.hides and abs(share - 0.5) < UNSEEN_SHARE  # each picture in two packets
    if lost <= UNSEEN_MAX or share <= usual or fields:
        return ""
    return f"{lost} of {wanted} frames cannot be seen"


def end_error(status: int, said: str, free_bytes: int, frames: int | None = None) -> TransloadError:
    """Why an encoder ended, by its status, the room left on the disk, and the frames it made (None: no matter).

    What it said is evidence.
    """
    evidence = failures.evidence_of_ffmpeg(status, said)
    if status == EXIT_ENOSPC or free_bytes < FULL_BELOW_BYTES:
        return DiskFullError(stage="convert", evidence=evidence)
    starved = status == EXIT_EXTERNAL and X264_COMPLAINT in said
    if starved or status in SHORT_OF_MEMORY:
        return MemoryLimitError(
            "the encoder reached its memory limit", stage="convert", evidence=evidence
        )
    return ConvertError(failures.of_ffmpeg(status, frames), stage="convert", evidence=evidence)


def length_fault(
    plan: StreamPlan, source: Measurement, result: Measurement, frames_written: int
) -> str | None:
    """Why the result is too short or holds too few frames; None when it is right."""
    if isinstance(plan, M4aPlan | Mp3Plan):
        return _span_fault(plan, source.audio_span_s, result.audio_span_s, "audio")
    got, wanted = result.frames, _decodable(plan, source)
    if not got:
        return "the result holds no frames"
    copied = isinstance(plan, RewrapPlan | NewSoundPlan)
    least = wanted - max(2, round(wanted * (CUT_SHARE if plan.partial else COPY_LOSS)))
    if copied and got < least:
        return f"{got} of {wanted} frames were copied"
    if not copied and (got < frames_written or got < wanted * FIELDS_SHARE):
        return (
            f"{got} frames in the result, {frames_written} were encoded, {wanted} packets were read"
        )
    wanted_s = max(0.0, source.span_s - plan.lost_s)
    if isinstance(plan, TranscodePlan) and plan.by_order and not source.span_s:
        # A raw stream: only the rate says how long.
        wanted_s = (got - 1) / float(Fraction(plan.rate or 0) or math.inf)
    return _span_fault(plan, wanted_s, result.span_s, "video")


def _decodable(plan: StreamPlan, source: Measurement) -> int:
    """Packets of the source without those before its first keyframe, which no decoder and no copy keeps."""
    lost = plan.lost_s / source.span_s if source.span_s else 0.0
    return round(source.frames * max(0.0, 1 - lost))


def _span_fault(plan: StreamPlan, wanted_s: float, got_s: float, what: str) -> str | None:
    """Ends may differ by a frame of video and one of audio, and by the drift of rounded packet times."""
    frame_s = 1 / plan.fps if plan.fps else 0.1
    cut = plan.partial
    frames = REORDERED_MAX if cut else 1
    allowed = frames * frame_s + SOUND_FRAME_S + wanted_s * (CUT_SHARE if cut else DRIFT_SHARE)
    if wanted_s and got_s < wanted_s - allowed:
        return f"the {what} lasts {got_s:.2f} s instead of {wanted_s:.2f} s"
    return None
