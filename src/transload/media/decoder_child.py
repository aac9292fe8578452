"""The decoder child: a program of its own that reads hostile bytes under limits and answers in JSON lines.

Run as `python -I -m transload.media.decoder_child PARENT_PID PROBE_BYTES SHRINK_BYTES`. Requests come on the descriptor
that was stdin, answers go to the one that was stdout; both numbers are then given to /dev/null, so that nothing a
library prints can be taken for an answer. A request has `id`, `op` and the op's fields; an answer has `id` and
`beat` (still moving), `ok` (the result) or `fault` ("memory", "disk", "damaged", "io") with `detail` and perhaps
`evidence`.
"""

import base64
import ctypes
import errno
import functools
import importlib.util
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TextIO

from transload.errors import is_disk_full
from transload.facts import FileFacts, combined
from transload.json_codec import to_json
from transload.media.failures import DamagedError
from transload.media.photos import heif
from transload.media.probe import sniff
from transload.media.probe.containers import after_id3
from transload.model import ItemKind
from transload.plans import Measurement

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PHOTO_PROBE_BYTES = 160 << 20
"""Pixels that may be decoded while probing; the rest of the address space is libraries."""

Beat = Callable[[], None]
Answer = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Serve requests until the parent closes its end."""
    parent, probe_bytes, shrink_bytes = (int(word) for word in arguments)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = _own_descriptors()
    for line in requests:
        request: dict[str, Any] = json.loads(line)
        heavy = request["op"] in ("shrink", "to_apng") or bool(request.get("roomy"))
        resource.setrlimit(
            resource.RLIMIT_AS, (shrink_bytes if heavy else probe_bytes, shrink_bytes)
        )
        ident = request["id"]
        beat = functools.partial(_say, answers, {"id": ident, "beat": True})
        sys.excepthook = functools.partial(_confess, answers, ident)
        _say(answers, {"id": ident, **_answer(request, beat), "rss": _rss_bytes()})


def _confess(
    answers: TextIO,
    ident: int,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Last words on an error that no damaged file explains: our bug, which must not be blamed on the file."""
    where = traceback.extract_tb(trace)[-1:]
    place = f" at {Path(where[0].filename).name}:{where[0].lineno}" if where else ""
    _say(answers, {"id": ident, "fault": "bug", "detail": f"{kind.__name__}: {error}{place}"[:300]})


def _die_with(parent: int) -> None:
    """Ask the kernel for death with the parent, and make sure it was not too late to ask."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _own_descriptors() -> tuple[TextIO, TextIO]:
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _say(answers: TextIO, answer: Answer) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _rss_bytes() -> int:
    """Memory held now; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _answer(request: dict[str, Any], beat: Beat) -> Answer:
    try:
        return {"ok": _OPS[request["op"]](request, beat)}
    except MemoryError:
        return _NO_MEMORY
    except ImportError as error:
        if error.path is None or not Path(error.path).exists():
            raise
        return _NO_MEMORY  # the module is there but cannot be mapped: the address space is used up
    except OSError as error:
        return _system_fault(error)
    except DamagedError as error:
        return {"fault": "damaged", "detail": str(error), "evidence": error.evidence}


_NO_MEMORY: Answer = {"fault": "memory", "detail": "the decoder reached its memory limit"}


def _system_fault(error: OSError) -> Answer:
    if is_disk_full(error):
        return {"fault": "disk", "detail": os.strerror(error.errno or errno.ENOSPC)}
    return (
        _NO_MEMORY
        if error.errno == errno.ENOMEM
        else {
            "fault": "io",
            "detail": "its working copy cannot be read or written",
            "evidence": str(error)[:200],
        }
    )


def _probe(request: dict[str, Any], beat: Beat) -> Answer:
    path = Path(request["path"])
    with path.open("rb") as file:
        found = _recognised(file, request["name"])
    facts = FileFacts(
        name=request["name"],
        suffix=PurePosixPath(request["name"]).suffix.lower(),
        size=path.stat().st_size,
        sniffed=found.format,
        sniffed_kind=found.kind.value,
        sure=found.sure,
        denied=found.denied,
    )
    thumb: bytes | None = None
    if found.denied or found.kind.value in ("document", "archive", "junk"):
        pass
    elif found.format == "heifs":
        facts, thumb = _probe_sequence(path, facts, request, beat)
    elif found.kind.value == "photo":
        facts, thumb = _probe_photo(path, facts, request)
    else:
        facts, thumb = _probe_stream(path, facts, request, beat)
    shown = base64.b64encode(thumb).decode("ascii") if thumb else None
    return {"facts": to_json(facts), "thumb": shown}


def _recognised(file: BinaryIO, name: str) -> sniff.Sniffed:
    """What the file is by its first bytes, or by those after an ID3 tag: AAC and FLAC have such tags, too."""
    found = sniff.recognise(file.read(sniff.HEAD_BYTES), name)
    file.seek(0)
    if found.format != "mp3" or not (start := after_id3(file)):
        return found
    file.seek(start)
    tagged = sniff.recognise(file.read(sniff.HEAD_BYTES), name)
    return tagged if tagged.kind is ItemKind.AUDIO and tagged.format else found


def _probe_sequence(
    path: Path, facts: FileFacts, request: Answer, beat: Beat
) -> tuple[FileFacts, bytes | None]:
    """An image sequence by its track; without one that moves it is a still whatever its brand says."""
    seen, thumb = _probe_stream(path, facts, request, beat)
    if (moving := heif.facts_of_sequence(seen)) is not None:
        return moving, thumb
    return _probe_photo(path, replace(facts, sniffed="heif"), request)


def _probe_photo(path: Path, facts: FileFacts, request: Answer) -> tuple[FileFacts, bytes | None]:
    from transload.media.photos import photo

    limit = int(request.get("photo_bytes", PHOTO_PROBE_BYTES))
    found, thumb = photo.probe_photo(path, facts.sniffed, limit)
    return combined(facts, found), thumb


def _probe_stream(
    path: Path, facts: FileFacts, request: Answer, beat: Beat
) -> tuple[FileFacts, bytes | None]:
    found, frame = _backend(request).probe_video(path, facts.sniffed, beat)
    facts = combined(facts, found)
    facts = replace(facts, sniffed=facts.sniffed or facts.container.split(",")[0])
    if frame is None:
        return facts, None
    from transload.media.photos.photo import thumbnail_of_frame

    return facts, thumbnail_of_frame(frame, facts.rotation or 0)


class _Backend(Protocol):
    """What PyAV and ffprobe both give; `frame` is a decoded picture or None."""

    def probe_video(
        self, path: Path, sniffed: str, beat: Beat
    ) -> "tuple[FileFacts, VideoFrame | None]": ...

    def measure(self, path: Path, sniffed: str, beat: Beat, sound_n: int) -> Measurement: ...


def _backend(request: dict[str, Any]) -> _Backend:
    """PyAV where its wheel is installed, else the ffprobe program; `ffprobe` in the request asks for the latter."""
    if not request.get("ffprobe") and importlib.util.find_spec("av") is not None:
        from transload.media.probe import video

        return video
    from transload.media.probe import ffprobe

    return ffprobe.Ffprobe(Path(request.get("ffprobe") or "ffprobe"))


def _shrink(request: dict[str, Any], _beat: Beat) -> Answer:
    from transload.media.photos import photo

    shape = photo.JpegTarget(
        request["side"], request["quality"], request["reader"], request.get("exif", "date")
    )
    width, height = photo.shrink(
        Path(request["path"]), request["sniffed"], shape, Path(request["into"])
    )
    return {"width": width, "height": height}


def _to_apng(request: dict[str, Any], _beat: Beat) -> Answer:
    from transload.media.photos import photo

    return {
        "frames": photo.to_apng(Path(request["path"]), request["sniffed"], Path(request["into"]))
    }


def _bare_track(request: dict[str, Any], _beat: Beat) -> Answer:
    heif.without_stills(Path(request["path"]), Path(request["into"]))
    return {}


def _measure(request: dict[str, Any], beat: Beat) -> Answer:
    path, sound_n = Path(request["path"]), int(request.get("sound_n", 0))
    return to_json(_backend(request).measure(path, request["sniffed"], beat, sound_n))


def _rises(request: dict[str, Any], beat: Beat) -> Answer:
    """Asked only of copies that PyAV was unsure of."""
    from transload.media.probe import video

    return {"rises": video.rises(Path(request["path"]), request["sniffed"], beat)}


def _plan_segments(request: dict[str, Any], beat: Beat) -> Answer:
    """The cuts under "plan"; None there where PyAV is missing or the video is not fit for segments."""
    if importlib.util.find_spec("av") is None:
        return {"plan": None}
    from transload.media.segments import remux

    path, sniffed = Path(request["path"]), request["sniffed"]
    by_order, sound_n = bool(request.get("by_order")), int(request.get("sound_n", 0))
    found = remux.plan(path, sniffed, beat, by_order=by_order, sound_n=sound_n)
    return {"plan": found}


def _count_segment(request: dict[str, Any], beat: Beat) -> Answer:
    from transload.media.segments import remux

    clock = (request["numerator"], request["denominator"])
    return remux.count(Path(request["path"]), clock, beat)


def _join_segments(request: dict[str, Any], beat: Beat) -> Answer:
    from transload.media.segments import remux

    return remux.join(request, beat)


def _plan_pieces(request: dict[str, Any], beat: Beat) -> Answer:
    """Where to cut under "cuts"; None there where PyAV is missing or no keyframes are near enough."""
    if importlib.util.find_spec("av") is None:
        return {"cuts": None}
    from transload.media.encode import keyframes

    path, most = Path(request["path"]), int(request["most"])
    return keyframes.plan(path, request["sniffed"], most, beat)


_OPS: dict[str, Callable[[dict[str, Any], Beat], Answer]] = {
    "probe": _probe,
    "shrink": _shrink,
    "to_apng": _to_apng,
    "bare_track": _bare_track,
    "measure": _measure,
    "rises": _rises,
    "plan_segments": _plan_segments,
    "count_segment": _count_segment,
    "join_segments": _join_segments,
    "plan_pieces": _plan_pieces,
}

if __name__ == "__main__":
    main(sys.argv[1:])
