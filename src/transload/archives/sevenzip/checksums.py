"""Which members are right where the listing has no sums: 7zz checks what the format holds, and names what is wrong.

A cabinet has a sum over each block, a xar a digest of each file, encrypted RAR 5 one that only the password opens: none
of them is listed. A run over all of them ends with the names of those that are not right.
"""

import re
from collections.abc import Collection, Sequence

from transload.archives.limits import CHUNK
from transload.archives.sevenzip.access import ArchiveAccess
from transload.archives.sevenzip.listing import Member

_NAME = re.compile(rb"(?= : )...")


def named_wrong(
    door: ArchiveAccess, members: Sequence[Member], names: list[bytes] | None, *, apart: bool
) -> Collection[int]:
    """The members that a run over `names` (None: over all) calls wrong; 7zz's own test is silent, as a hang is.

    All of them where it does not say which, or where they cannot be left out of a run: `apart` says that they can.
    """
    with door.run("x", names) as run:
        while run.skip(CHUNK):
            pass
        if run.is_sound():
            return ()
        ends = {line[at.end() :] for line in run.errors() for at in _NAME.finditer(line)}
    named = {index for index, one in enumerate(members) if one.raw in ends}
    return named if named and apart else range(len(members))
