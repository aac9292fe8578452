"""The decoder child: a program of its own that reads hostile bytes under limits and answers in JSON lines.

Run as `python -I -m transload.media.decoder_child PARENT_PID PROBE_BYTES SHRINK_BYTES`. Requests come on the descriptor
that was stdin, answers go to the one that was stdout; both numbers are then given to /dev/null, so that nothing a
library prints can be taken for an answer. A request has `id`, `op` and the op's fields; an answer has `id` and
`beat` (still moving), `ok` (the result) or `fault` ("memory", "disk", "damaged", "io") with `detail` and perhaps
`evidence`.
"""

import ctypes
import errno
import functools
import json
import os
import resource
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO, cast

from transload.errors import is_disk_full
from transload.json_codec import JsonObject
from transload.media.decoder_acts import ACTS, Beat
from transload.media.failures import DamagedError
from transload.processes.launcher import die_with_parent
from transload.units import MIB

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h


def main(arguments: list[str]) -> None:
    """Serve requests until the parent closes its end."""
    parent, probe_bytes, shrink_bytes = (int(word) for word in arguments)
    _die_with(parent)
    _keep_small_memory()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = _own_descriptors()
    for line in requests:
        request: JsonObject = json.loads(line)
        resource.setrlimit(
            resource.RLIMIT_AS, (shrink_bytes if request["heavy"] else probe_bytes, shrink_bytes)
        )
        ident = cast("int", request["id"])
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
    die_with_parent()
    if os.getppid() != parent:
        sys.exit(0)


def _keep_small_memory() -> None:
    """Keep the memory of a thumbnail for the next one, and give that of a picture back at once (glibc alone).

    By its own choice it gives both back and takes them anew for each photo, 340 pages to be zeroed: half a millisecond.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 2 * MIB)
        mallopt(_TRIM_THRESHOLD, 4 * MIB)


def _own_descriptors() -> tuple[TextIO, TextIO]:
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _say(answers: TextIO, answer: JsonObject) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _rss_bytes() -> int:
    """Memory held now; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _answer(request: JsonObject, beat: Beat) -> JsonObject:
    try:
        return {"ok": ACTS[str(request["op"])](request, beat)}
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


_NO_MEMORY: JsonObject = {"fault": "memory", "detail": "the decoder reached its memory limit"}


def _system_fault(error: OSError) -> JsonObject:
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


if __name__ == "__main__":
    main(sys.argv[1:])
