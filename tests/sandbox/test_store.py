"""State on disk: the same folder again is the same server."""

from pathlib import Path

import pytest

from transload.sandbox.store import LATER, Store, User


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.run("insert into users(id, phone, name) values(7, '49', 'Ann')")
    secret, known = first.secret, first.hash_of(7)
    first.close()
    again = Store(tmp_path)
    user = again.user(7)
    assert user is not None
    assert (user.name, again.secret, again.hash_of(7)) == ("Ann", secret, known)
    again.close()


def test_half_a_change_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ZeroDivisionError):
        _broken(store)
    assert store.box(1) == (1, 0)
    with store.writing():
        assert store.happened(1, "new", 5) == 2
    assert store.box(1) == (2, 5)
    store.close()


def _broken(store: Store) -> None:
    with store.writing():
        store.happened(1, "new", 5)
        raise ZeroDivisionError


def test_a_marked_number_names_its_kind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for ident, kind in ((5, "group"), (6, "channel")):
        store.run(
            "insert into chats(id, kind, title, invite) values(?, ?, 't', ?)", ident, kind, kind
        )
    assert [chat.marked for chat in store.chats()] == [-5, -1_000_000_000_006]
    assert store.marked(-5) == store.chat(5)
    assert store.marked(-1_000_000_000_006) == store.chat(6)
    assert store.marked(5) is None
    store.close()


def test_the_folder_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(User(1, "Ann"))
    for table, (column, _) in LATER.items():
        store.run(f"alter table {table} drop column {column}")
    store.close()
    again = Store(tmp_path)
    assert again.user(1) == User(1, "Ann", premium=False)
    again.close()
