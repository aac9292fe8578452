"""Small members without a listed sum: several come out of one run, and are given when its end says they are right."""

from collections.abc import Callable, Sequence

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
