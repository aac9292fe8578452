"""Members without a listed sum: 7zz checks what the format holds, and says at the end of a run what was wrong.

A cabinet has a sum over each block, a xar a digest of each file, encrypted RAR 5 one that only the password opens: none
of them is listed. Several small members come out of one run, and are given when its end says they are right; a run
over all of them ends with the names of those that are not.
"""

import re
from collections.abc import Callable, Collection, Sequence

from transload.archives.limits import CHUNK
from transload.archives.sevenzip.access import ArchiveAccess
from transload.archives.sevenzip.listing import Member
from transload.archives.sevenzip.single_members import pieces
from transload.units import MIB

BATCH_BYTES = 4 * MIB
"""What is held in memory; a larger member comes alone, as it is read."""
BATCH_MEMBERS = 256


def neighbours(
    members: Sequence[Member], index: int, can_be_read: Callable[[int], bool]
) -> list[int]:
    """This member and the next ones of its kind, as many as a batch may hold."""
    batch, size = [index], members[index].size or 0
    for one in range(index + 1, min(index + BATCH_MEMBERS, len(members))):
        member = members[one]
        if not can_be_read(one):
            continue
        size += member.size or 0
        if member.crc is not None or member.size is None or size > BATCH_BYTES:
            break
        batch.append(one)
    return batch


def sealed(
    door: ArchiveAccess, members: Sequence[Member], batch: Sequence[int], given: Sequence[int]
) -> dict[int, bytes]:
    """The members' bytes out of a run of their own, nothing when it did not end well.

    `given` are the members that such a run gives, in order: those of equal names come, too.
    """
    names = [members[one].raw for one in batch]
    found: dict[int, bytes] = {}
    with door.run("x", names) as run:
        for one in given:
            size = members[one].size or 0
            data = b"".join(pieces(run, size))
            if one in batch and len(data) == size:
                found[one] = data
        whole = not run.read(1)
        return found if whole and run.is_sound() else {}


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
