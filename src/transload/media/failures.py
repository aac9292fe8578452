"""Why a tool gave up, in words for people: by its status or the type of its error, never by its text. Pure.

The tool's own text and its status are evidence, for whoever looks into a case.
"""

import errno
import signal

_TAG_SIGNS = {
    "I": "what is inside makes no sense to the decoder",
    "P": "it uses a feature that the decoder does not know",
    "\xf8": "a decoder, encoder or filter that it needs is not in this ffmpeg",
    "B": "the converter met a fault of its own",
    "E": "it ends early, or the encoder gave up on it",
}
"""First sign of libav's error tags (libavutil/error.h): INDA, PAWE, \\xf8DEC and its like, BUG!, EOF and EXT."""
_NUMBERS = {
    errno.EINVAL: "the converter does not take the format of its video or audio",
    errno.EIO: "reading or writing it broke off",
    errno.ENOENT: "the working copy is gone",
    errno.EACCES: "the working folder may not be written",
    errno.ENOSYS: "a feature that it needs is not in this ffmpeg",
    errno.ERANGE: "a number in it is beyond what the converter takes",
}
_BY_STATUS = {256 - ord(sign): words for sign, words in _TAG_SIGNS.items()} | {
    256 - number: words for number, words in _NUMBERS.items()
}
"""ffmpeg since 6 ends with the low byte of AVERROR; older ones with 1."""
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
GAVE_UP = "the converter gave up on it"


def of_ffmpeg(status: int, frames: int | None) -> str:
    """Why ffmpeg ended with this status, not 0 (below: a signal), after so many pictures (None: no matter)."""
    if -status in _CRASHES:
        return "the converter crashed on it"
    if status < 0:
        return "the converter was ended from outside"
    words = _BY_STATUS.get(status, GAVE_UP)
    return f"not one frame could be converted: {words}" if frames == 0 else words


def evidence_of_ffmpeg(status: int, said: str) -> str:
    """The status with ffmpeg's last lines."""
    ending = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"ffmpeg {ending}\n{said}".rstrip()


def evidence_of(error: BaseException) -> str:
    """The type and the text of an error that a library raised, without the path of our working copy."""
    # libav's errors have a `strerror`, as those of the system do.
    words = getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {words}"[:400]


class DamagedError(Exception):
    """The file's bytes do not decode; the text says how, in words for people, without naming our paths.

    `evidence` is what the library said.
    """

    def __init__(self, detail: str, evidence: str | None = None) -> None:
        super().__init__(detail)
        self.evidence = evidence
