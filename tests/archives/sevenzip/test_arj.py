"""ARJ: members cut over volumes are named, not given as whole; the others come."""

from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_image import arj_bytes
from transload.archives.open import Archives
from transload.entry import Limits
from transload.errors import TransloadError, UnsupportedError

TREE = {name: noise(3000, number) for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg"))}


def _read(path: Path, data: bytes) -> tuple[dict[str, object], str]:
    path.write_bytes(data)
    reader = Archives(Limits()).open(path)
    troubles = [one.trouble.kind if one.trouble else "" for one in reader.entries()]
    found: dict[str, object] = dict(outcomes(reader))
    fault = reader.finish().fault
    reader.close()
    assert [name for name, kind in zip(TREE, troubles, strict=True) if not kind] == list(found)
    return found, fault.kind if fault else ""


def test_a_whole_one_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path / "a.arj", arj_bytes(TREE)) == (TREE, "")


def test_a_member_that_goes_on_elsewhere_is_named(tmp_path: Path) -> None:
    found, fault = _read(tmp_path / "a.arj", arj_bytes(TREE, goes_on="c.jpg"))
    assert found == {name: TREE[name] for name in ("a.jpg", "b.jpg")}
    assert fault == UnsupportedError.kind.word


@pytest.mark.parametrize("name", ["a.a01", "a.arj"])
def test_a_member_that_began_elsewhere_is_named(tmp_path: Path, name: str) -> None:
    found, fault = _read(tmp_path / name, arj_bytes(TREE, goes_on="c.jpg", comes_from="a.jpg"))
    assert found == {"b.jpg": TREE["b.jpg"]}
    assert fault == UnsupportedError.kind.word


def test_a_cut_set_is_never_whole(tmp_path: Path) -> None:
    whole, path = arj_bytes(TREE, goes_on="c.jpg"), tmp_path / "cut.arj"
    for size in range(200, len(whole) - 4, 331):
        path.write_bytes(whole[:size])
        reader = Archives(Limits()).open(path)
        bodies = outcomes(reader).values()
        damaged = any(isinstance(body, TransloadError) for body in bodies)
        assert damaged or reader.finish().fault is not None, size
        reader.close()
