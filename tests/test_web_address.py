"""What of an address people see."""

import pytest

from transload.web_address import is_address, shown, without_login


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("https://host/a.zip", "https://host/a.zip"),
        ("https://me:secret@host:81/a.zip", "https://host:81/a.zip"),
        ("https://me@host/a.zip", "https://host/a.zip"),
        ("HTTPS://me:secret@host/a.zip", "HTTPS://host/a.zip"),
        ("http://me:se@cret@host/a.zip", "http://host/a.zip"),
        ("http://me:se/cret@host/a.zip", "http://host/a.zip"),
        ("http://me:secret@[::1]:80/a", "http://[::1]:80/a"),
        ("http://host/@user/a.zip", "http://host/@user/a.zip"),
        ("http://host:80/@user/a.zip", "http://host:80/@user/a.zip"),
        ("http://[::1]/@user/a.zip", "http://[::1]/@user/a.zip"),
        ("https://host/a.zip?X-Signature=abc", "https://host/a.zip?***"),
        ("https://host?token=abc", "https://host?***"),
        ("https://host/a.zip?#part", "https://host/a.zip?***"),
        ("https://host/a.zip#secret", "https://host/a.zip"),
        ("http://me:sec\nret@host/a", "http://host/a"),
        ("webdavs://me:secret@host/a", "webdavs://host/a"),
        ("/home/me/a@b?.zip", "/home/me/a@b?.zip"),
        ("C:\\photos\\a@b.zip", "C:\\photos\\a@b.zip"),
        ("", ""),
    ],
)
def test_users_passwords_queries_and_fragments_are_hidden(ref: str, told: str) -> None:
    assert shown(ref) == told


@pytest.mark.parametrize(
    ("ref", "left"),
    [
        ("https://me:secret@host:81/a.zip?key=1#part", "https://host:81/a.zip?key=1#part"),
        ("https://host/@user/a.zip?key=1", "https://host/@user/a.zip?key=1"),
        ("http://me:se@cret@[::1]/a", "http://[::1]/a"),
        ("/home/me/a@b.zip", "/home/me/a@b.zip"),
    ],
)
def test_only_the_login_is_taken_out_of_an_address(ref: str, left: str) -> None:
    assert without_login(ref) == left


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://host/a.zip", True),
        ("webdav://host", True),
        ("gopher://", True),
        ("library:out", False),
        ("a/https://b", False),
        ("C:\\photos", False),
        ("", False),
    ],
)
def test_an_address_begins_as_one(text: str, *, told: bool) -> None:
    assert is_address(text) is told
