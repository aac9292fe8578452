"""Files packed inside an ISO image are refused; what is not packed comes as it is, whatever its size."""

from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_image import iso_bytes
from transload.archives.open import Archives
from transload.archives.sevenzip.zisofs import refusing_zisofs
from transload.entry import Limits
from transload.errors import UnsupportedError

MARK = bytes.fromhex("37e45396c9dbd607")


@pytest.mark.parametrize(
    "content", [b"", MARK[:1], MARK[:7], MARK[:7] + b"x", noise(8), noise(3000)]
)
@pytest.mark.parametrize("step", [1, 3, 8, 4096])
def test_what_has_no_mark_comes_unchanged(content: bytes, step: int) -> None:
    left = bytearray(content)

    def pull(most: int) -> bytes:
        piece = bytes(left[: min(most, 3)])
        del left[: len(piece)]
        return piece

    looked = refusing_zisofs(pull)
    pieces = list(iter(lambda: looked(step), b""))
    assert b"".join(pieces) == content
    assert all(len(piece) <= step for piece in pieces)


def test_a_packed_file_of_an_image_is_named_and_costs_no_other(tmp_path: Path) -> None:
    tree = {"A.JPG": noise(5000, 1), "B.JPG": MARK + noise(3000, 2), "C.JPG": noise(10, 3)}
    path = tmp_path / "a.iso"
    path.write_bytes(iso_bytes(tree))
    reader = Archives(Limits()).open(path)
    found = outcomes(reader)
    reader.close()
    assert isinstance(found.pop("B.JPG"), UnsupportedError)
    assert found == {name: tree[name] for name in ("A.JPG", "C.JPG")}
