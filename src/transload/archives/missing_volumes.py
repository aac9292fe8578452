"""Which volumes of a set are not there, as the archive itself tells: names tell of the gaps alone."""

from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from transload.archives.blob import CountedFile
from transload.archives.sevenzip.listing import START_BYTES, SevenZipListing
from transload.archives.sevenzip.listing_errors import size_of_7z
from transload.archives.volumes import JoinedBlob, VolumeSet, volume_number
from transload.archives.zip.directory import find_end
from transload.errors import MissingVolumeError


def missing_of_zip(volumes: VolumeSet) -> tuple[str, ...]:
    """Names of the missing volumes of a split zip: its end record says how many there are. Raises UnreadableError."""
    with closing(CountedFile(volumes.first)) as file:
        end = find_end(file, file.size)
    return volumes.missing if end is None else volumes.missing_up_to(end.disk)


def with_lost_members(told: SevenZipListing, missing: tuple[str, ...]) -> SevenZipListing:
    """The listing of a split zip in which every member with bytes on a missing volume is said to go on there.

    A member reaches to where the next one begins: how long its header is stands on the volumes alone.
    """
    numbers = {volume_number(name) for name in missing}
    starts = sorted((one.place, index) for index, one in enumerate(told.members) if one.place)
    members = list(told.members)
    for (place, index), (following, _) in pairwise([*starts, ((told.volumes - 1, 1), -1)]):
        disks = range(place[0], following[0] + (following[1] > 0))
        if any(disk + 1 in numbers for disk in disks):
            members[index] = replace(members[index], continues=True)
    return replace(told, members=members)


def check_end_of_7z(volumes: VolumeSet, joined: JoinedBlob) -> None:
    """Raise MissingVolumeError where the start of a 7z in pieces tells of more than they can hold together.

    A last piece that is shorter than the first was cut: that is damage. Raises UnreadableError, too.
    """
    with closing(joined.open()) as file:
        told = size_of_7z(file.read_at(0, START_BYTES))
        there = file.size
    pieces = len(volumes.parts)
    if told is None or told <= max(there, pieces * _size(volumes.first)):
        return
    following = volumes.missing_up_to(pieces + 1)[0]
    raise MissingVolumeError(
        f"{volumes.title}: {following} is missing, and perhaps others after it"
    )


def _size(path: Path) -> int:
    with closing(CountedFile(path)) as file:
        return file.size
