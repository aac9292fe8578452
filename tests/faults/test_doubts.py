"""What was delivered before the sum over it proved wrong says so: in the report, on the page, and after another run."""

import gzip
import io
import zipfile

import pytest

from tests.archives.makers import tar_bytes
from tests.faults.desk import Desk
from tests.inputs import photo

TREE = {f"{number}.jpg": photo(number) for number in range(1, 5)}
WHY = "the archive's sum was wrong after this was sent"


def _wrong_at_the_end(data: bytes) -> bytes:
    broken = bytearray(gzip.compress(data))
    broken[-6] ^= 1
    return bytes(broken)


@pytest.mark.timeout(180)
def test_a_wrong_sum_marks_what_was_sent_before_it(desk: Desk) -> None:
    data = tar_bytes(TREE)
    half = data.index(b"3.jpg\0")
    source = desk.inputs / "a.tar.gz"
    source.write_bytes(gzip.compress(data[:half]) + _wrong_at_the_end(data[half:]))
    said = desk.send(source)
    assert said.status == 3
    told = {name: (said.item(name)["partial"], said.item(name)["why"] == WHY) for name in TREE}
    assert told == {
        "1.jpg": (False, False),
        "2.jpg": (False, False),
        "3.jpg": (True, True),
        "4.jpg": (True, True),
    }
    assert {said.item(name)["state"] for name in TREE} == {"sent"}
    again = desk.send(source)
    assert again.status == 3


@pytest.mark.timeout(180)
def test_only_the_archive_inside_is_in_doubt(desk: Desk) -> None:
    source = desk.inputs / "a.zip"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("0.jpg", photo(7))
        archive.writestr("in.tar.gz", _wrong_at_the_end(tar_bytes(TREE)))
        archive.writestr("z.jpg", photo(8))
    source.write_bytes(packed.getvalue())
    said = desk.send(source)
    assert said.status == 3
    partial = {item["name"] for item in (said.report or {})["items"] if item["partial"]}
    assert partial == {f"in.tar.gz/{name}" for name in TREE}
