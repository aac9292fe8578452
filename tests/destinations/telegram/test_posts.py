"""Albums as posts: at most ten media each, what does not mix apart, every medium under an id of its own."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from tests.destinations.parcels import a_parcel, a_shipment
from transload.clients.outcomes import Staged
from transload.destinations.telegram.media import Group
from transload.destinations.telegram.posts import (
    Medium,
    Note,
    laid_out,
    media_of,
    new_random_id,
    note_of,
    note_row,
    staged_row,
)
from transload.model import Intent


def an_intent(folder: Path, item_id: int, groups: Sequence[Group]) -> Intent:
    media = [
        Medium.of(group, Staged("document", 100 * item_id + n, 7, b"\0ref"), 5)
        for n, group in enumerate(groups)
    ]
    shipment = a_shipment(item_id, a_parcel(folder, "a", b"x"))
    return Intent(shipment, 1, (), staged_row(media))


def test_what_does_not_mix_is_posted_apart(tmp_path: Path) -> None:
    groups: Sequence[Sequence[Group]] = (
        ("seen", "file"),
        ("looped",),
        ("seen",),
        ("heard",),
        ("looped", "file"),
    )
    intents = [an_intent(tmp_path / "s", n, one) for n, one in enumerate(groups, 1)]
    ids = count(1)
    found = [
        (one.post, one.item_id, one.n, one.random_id)
        for one in laid_out(intents, lambda: next(ids))
    ]
    assert found == [
        (0, 1, 0, 1), (0, 3, 0, 2), (1, 2, 0, 3), (2, 5, 0, 4), (3, 4, 0, 5), (4, 1, 1, 6), (4, 5, 1, 7),
    ]  # fmt: skip


def test_a_post_has_ten_media_at_most(tmp_path: Path) -> None:
    intents = [an_intent(tmp_path / "s", n, ["seen"] * 3) for n in range(1, 8)]
    posts = [one.post for one in laid_out(intents)]
    assert [posts.count(n) for n in range(3)] == [10, 10, 1]


def test_ids_are_never_zero_and_never_equal() -> None:
    ids = {new_random_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(0 < one < 1 << 63 for one in ids)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    intent = an_intent(tmp_path / "s", 1, ["seen", "file"])
    (first, _) = media_of(intent)
    assert first.staged == Staged("document", 100, 7, b"\0ref")
    assert (first.group, first.staged_ms) == ("seen", 5)
    note = Note(-1001, None, laid_out([intent]))
    assert note_of(Intent(intent.shipment, 1, (), note=note_row(note))) == note
    assert note_of(intent) is None
    assert media_of(Intent(intent.shipment, 1, ())) == ()
