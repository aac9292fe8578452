"""Each errno that a disk answers with, and what it means to a user."""

import errno
import os
from pathlib import Path

import pytest

from transload.destinations.faults import translating
from transload.errors import (
    DeniedError,
    DiskFullError,
    RejectedError,
    TransloadError,
    UnreachableError,
)


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EACCES, DeniedError),
        (errno.EPERM, DeniedError),
        (errno.EROFS, DeniedError),
        (errno.ENAMETOOLONG, RejectedError),
        (errno.EFBIG, RejectedError),
        (errno.EILSEQ, RejectedError),
        (errno.ENOENT, UnreachableError),
        (errno.EIO, UnreachableError),
        (errno.ESTALE, UnreachableError),
    ],
)
def test_meaning(number: int, meant: type[TransloadError]) -> None:
    error = OSError(number, os.strerror(number), "/lib/x")
    with pytest.raises(meant) as caught, translating(Path("/lib")):
        raise error
    assert "/lib" in caught.value.detail
    assert caught.value.__cause__ is error


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), translating(Path("/lib")):
        raise KeyError
