"""What an operating system's refusal means for a delivery, in our words."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from transload.errors import (
    DeniedError,
    DiskFullError,
    RejectedError,
    TransloadError,
    UnreachableError,
)

STAGE = "send"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# The file system takes files, but not this one: its name or its size (FAT32: 4 GiB).
_THIS_ONE = frozenset(
    {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EFBIG, errno.ELOOP, errno.EXDEV}
)


def translated(error: OSError, root: Path) -> TransloadError:
    """The error of ours that says the same; never raises."""
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return DiskFullError(f"the disk of {root} is full", stage=STAGE, evidence=str(error))
    if error.errno in _DENIED:
        return DeniedError(
            f"{root} may not be written: {reason}",
            stage=STAGE,
            suggestion=f"Make {root} writable (its owner, its mount) or choose another --to.",
            evidence=str(error),
        )
    if error.errno in _THIS_ONE:
        return RejectedError(
            f"the file system of {root} cannot hold this file: {reason}",
            stage=STAGE,
            evidence=str(error),
        )
    return UnreachableError(
        f"{root} cannot be reached: {reason}",
        stage=STAGE,
        suggestion=f"Mount or create {root}, then run the same command again: it continues.",
        evidence=str(error),
    )


@contextmanager
def translating(root: Path) -> Generator[None]:
    """Turn every OSError of the block into one of ours."""
    try:
        yield
    except OSError as error:
        raise translated(error, root) from error
