"""The blocking hand of the library: temporaries, links, looks at what lies there."""

import errno
import os
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from tests.destinations.parcels import a_parcel, a_shipment, local
from transload.destinations import delivery
from transload.destinations.delivery import translating
from transload.errors import (
    DeniedError,
    DiskFullError,
    RejectedError,
    TransloadError,
    UnreachableError,
)
from transload.model import Intent, Output, Placement
from transload.ports import Landed


def test_temporaries_of_one_item_differ() -> None:
    names = {delivery.temp_name("J", 1, 0) for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("J.1.0.") for name in names)


def test_bytes_are_linked_not_copied_on_one_disk(tmp_path: Path) -> None:
    parcel = a_parcel(tmp_path / "scratch", "a.jpg", b"a")
    root = tmp_path / "library"
    root.mkdir()
    intent = Intent(a_shipment(1, parcel), 1, (Placement("trip/a.jpg"),))
    answers = delivery.Delivery(root, "J", None).run([intent])
    assert answers == [Landed(1, delivery.outputs(intent))]
    assert (root / "trip/a.jpg").samefile(local(parcel))


def test_two_intents_for_one_path_give_one_refusal(tmp_path: Path) -> None:
    scratch, root = tmp_path / "scratch", tmp_path / "library"
    root.mkdir()
    intents = [
        Intent(a_shipment(n, a_parcel(scratch, "a.jpg", b"%d" % n)), 1, (Placement("a.jpg"),))
        for n in (1, 2)
    ]
    answers = to_answers(root, intents)
    assert [type(answer).__name__ for answer in answers] == ["Landed", "Refusal"]
    assert (root / "a.jpg").read_bytes() == b"1"
    assert list((root / delivery.TEMP_FOLDER).iterdir()) == []


def to_answers(root: Path, intents: list[Intent]) -> list[object]:
    async def run() -> list[object]:
        return list(await to_thread.run_sync(delivery.Delivery(root, "J", None).run, intents))

    return anyio.run(run)


def test_holds_wants_a_real_file_of_that_size(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "a").symlink_to(tmp_path / "real" / "a")
    assert delivery.holds(tmp_path, Output("real/a", 3, ""))
    assert not delivery.holds(tmp_path, Output("real/a", 2, ""))
    assert not delivery.holds(tmp_path, Output("link/a", 3, ""))
    assert not delivery.holds(tmp_path, Output("a", 3, ""))
    assert not delivery.holds(tmp_path, Output("real/a/b", 3, ""))
    assert not delivery.holds(tmp_path / "real", Output("../real/a", 3, ""))


def test_a_new_temporary_is_empty_and_swept(tmp_path: Path) -> None:
    temp = delivery.new_temp(tmp_path, "J")
    assert temp.read_bytes() == b""
    delivery.sweep(tmp_path, "J")
    assert list(tmp_path.iterdir()) == []


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
