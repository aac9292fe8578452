"""What the decoder child does, one function for each operation.

A library is imported by the operation that needs it: a child that only ever sees photos holds no video library.
"""

import base64
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from transload.facts import FileFacts, combined
from transload.json_codec import JsonObject, from_json, to_json
from transload.media.photos import heif
from transload.media.probe import sniff
from transload.media.requests import (
    BARE_TRACK,
    CHECK_ORDER,
    COUNT_SEGMENT,
    JOIN_SEGMENTS,
    LOOK,
    MEASURE,
    PLAN_PIECES,
    PLAN_SEGMENTS,
    PROBE,
    PROBE_ROOMY,
    SHRINK,
    TO_APNG,
    A,
    CopyPictures,
    CountSegment,
    Done,
    Found,
    Joined,
    JoinSegments,
    Measure,
    Operation,
    Order,
    Pieces,
    PlanPieces,
    PlanSegments,
    Probe,
    R,
    SegmentCount,
    SegmentPlan,
    Shrink,
)
from transload.plans import Measurement

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Beat = Callable[[], None]


def _look(request: Probe, beat: Beat) -> Found:
    """A photo is probed; films and audio are left for the child that has the video library."""
    facts = _begin(request)
    if _is_opened(facts) and (facts.sniffed_kind != "photo" or facts.sniffed == "heifs"):
        return Found(facts=facts, thumb=None, unopened=True)
    return _found(facts, request, beat)


def _probe(request: Probe, beat: Beat) -> Found:
    return _found(_begin(request), request, beat)


def _begin(request: Probe) -> FileFacts:
    """What the name and the first bytes say."""
    path = Path(request.path)
    with path.open("rb") as file:
        found = sniff.recognise_file(file, request.name)
    return FileFacts(
        name=request.name,
        suffix=PurePosixPath(request.name).suffix.lower(),
        size=path.stat().st_size,
        sniffed=found.format,
        sniffed_kind=found.kind.value,
        sure=found.sure,
        denied=found.denied,
    )


def _is_opened(facts: FileFacts) -> bool:
    return not facts.denied and facts.sniffed_kind not in ("document", "archive", "junk")


def _found(facts: FileFacts, request: Probe, beat: Beat) -> Found:
    path = Path(request.path)
    thumb: bytes | None = None
    if not _is_opened(facts):
        pass
    elif facts.sniffed == "heifs":
        facts, thumb = _probe_sequence(path, facts, request, beat)
    elif facts.sniffed_kind == "photo":
        facts, thumb = _probe_photo(path, facts, request.pixel_bytes)
    else:
        facts, thumb = _probe_stream(path, facts, request, beat)
    shown = base64.b64encode(thumb).decode("ascii") if thumb else None
    return Found(facts=facts, thumb=shown)


def _probe_sequence(
    path: Path, facts: FileFacts, request: Probe, beat: Beat
) -> tuple[FileFacts, bytes | None]:
    """An image sequence by its track; without one that moves it is a still whatever its brand says."""
    seen, thumb = _probe_stream(path, facts, request, beat)
    if (moving := heif.facts_of_sequence(seen)) is not None:
        return moving, thumb
    return _probe_photo(path, replace(facts, sniffed="heif"), request.pixel_bytes)


def _probe_photo(path: Path, facts: FileFacts, pixel_bytes: int) -> tuple[FileFacts, bytes | None]:
    from transload.media.photos import photo

    found, thumb = photo.probe_photo(path, facts.sniffed, pixel_bytes)
    return combined(facts, found), thumb


def _probe_stream(
    path: Path, facts: FileFacts, request: Probe, beat: Beat
) -> tuple[FileFacts, bytes | None]:
    found, frame = _backend(request.ffprobe).probe_video(path, facts.sniffed, beat)
    facts = combined(facts, found)
    facts = replace(facts, sniffed=facts.sniffed or facts.container.split(",")[0])
    if frame is None:
        return facts, None
    from transload.media.photos.thumbnails import thumbnail_of_frame

    return facts, thumbnail_of_frame(frame, facts.rotation or 0)


class _Backend(Protocol):
    """What PyAV and ffprobe both give; `frame` is a decoded picture or None."""

    def probe_video(
        self, path: Path, sniffed: str, beat: Beat
    ) -> "tuple[FileFacts, VideoFrame | None]": ...

    def measure(self, path: Path, sniffed: str, beat: Beat, sound_n: int) -> Measurement: ...


def _backend(program: str | None = None) -> _Backend:
    """PyAV where its wheel is installed, else the ffprobe program; a named one is asked for."""
    if not program and importlib.util.find_spec("av") is not None:
        from transload.media.probe import video

        return video
    from transload.media.probe import ffprobe

    return ffprobe.Ffprobe(Path(program or "ffprobe"))


def _shrink(request: Shrink, _beat: Beat) -> Done:
    from transload.media.photos import photo

    shape = photo.JpegTarget(request.side, request.quality, request.reader, request.exif)
    photo.shrink(Path(request.path), request.sniffed, shape, Path(request.into))
    return Done()


def _to_apng(request: CopyPictures, _beat: Beat) -> Done:
    from transload.media.photos import photo

    photo.to_apng(Path(request.path), request.sniffed, Path(request.into))
    return Done()


def _bare_track(request: CopyPictures, _beat: Beat) -> Done:
    heif.without_stills(Path(request.path), Path(request.into))
    return Done()


def _measure(request: Measure, beat: Beat) -> Measurement:
    return _backend().measure(Path(request.path), request.sniffed, beat, request.sound_n)


def _check_order(request: Measure, beat: Beat) -> Order:
    """Asked only of copies that PyAV was unsure of."""
    from transload.media.probe import video

    return Order(rises=video.rises(Path(request.path), request.sniffed, beat))


def _plan_segments(request: PlanSegments, beat: Beat) -> SegmentPlan:
    """No cuts where PyAV is missing."""
    if importlib.util.find_spec("av") is None:
        return SegmentPlan()
    from transload.media.segments import remux

    return remux.plan(request, beat)


def _count_segment(request: CountSegment, beat: Beat) -> SegmentCount:
    from transload.media.segments import remux

    return remux.count(Path(request.path), request.clock, beat)


def _join_segments(request: JoinSegments, beat: Beat) -> Joined:
    from transload.media.segments import remux

    return remux.join(request, beat)


def _plan_pieces(request: PlanPieces, beat: Beat) -> Pieces:
    """No cuts where PyAV is missing."""
    if importlib.util.find_spec("av") is None:
        return Pieces()
    from transload.media.encode import keyframes

    return keyframes.plan(Path(request.path), request.sniffed, request.most, beat)


def _act(
    operation: Operation[R, A], act: Callable[[R, Beat], A]
) -> tuple[str, Callable[[JsonObject, Beat], JsonObject]]:
    """The word of an operation, and what answers it in JSON."""
    kind = operation.request
    return operation.word, lambda document, beat: to_json(act(from_json(kind, document), beat))


ACTS: dict[str, Callable[[JsonObject, Beat], JsonObject]] = dict(
    (
        _act(LOOK, _look),
        _act(PROBE, _probe),
        _act(PROBE_ROOMY, _probe),
        _act(SHRINK, _shrink),
        _act(TO_APNG, _to_apng),
        _act(BARE_TRACK, _bare_track),
        _act(MEASURE, _measure),
        _act(CHECK_ORDER, _check_order),
        _act(PLAN_SEGMENTS, _plan_segments),
        _act(COUNT_SEGMENT, _count_segment),
        _act(JOIN_SEGMENTS, _join_segments),
        _act(PLAN_PIECES, _plan_pieces),
    )
)
