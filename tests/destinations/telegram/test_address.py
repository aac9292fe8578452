"""What a person may write for a chat, and that equal chats have equal texts."""

import pytest

from transload.destinations.telegram.address import Address, parse
from transload.errors import UsageError


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("@Family", "@family"),
        ("family", "@family"),
        ("https://t.me/Family", "@family"),
        ("t.me/family/", "@family"),
        ("@family/12", "@family/12"),
        ("https://t.me/family/12", "@family/12"),
        ("-1001234567890", "-1001234567890"),
        ("-1001234567890/7", "-1001234567890/7"),
        ("https://t.me/c/1234567890/7", "-1001234567890/7"),
        ("https://t.me/c/1234567890", "-1001234567890"),
        ("-55", "-55"),
        ("777", "777"),
        ("me", "me"),
        ("https://t.me/+AbC-dEf_12", "+AbC-dEf_12"),
        ("+AbC-dEf_12/5", "+AbC-dEf_12/5"),
        ("https://telegram.me/joinchat/AbC-dEf_12", "+AbC-dEf_12"),
        ("work@@family", "work@@family"),
        ("work@-100123/4", "work@-100123/4"),
        ("work@me", "work@me"),
        ("main@@family", "@family"),
    ],
)
def test_equal_chats_have_equal_texts(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


@pytest.mark.parametrize(
    "text", ["", "@", "a b", "@ab", "@x/y/z", "+", "https://example.org/a", "@family/0"]
)
def test_what_names_no_chat_is_told_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="names no Telegram chat"):
        parse(text)


def test_an_invite_is_shown_to_nobody() -> None:
    invited = parse("work@+AbC-dEf_12")
    assert "AbC" not in invited.shown
    assert invited.shown.startswith("work@invite-")
    assert invited.shown != parse("work@+other-invite").shown


def test_numbers_are_numbers_to_a_client() -> None:
    assert (Address("main", "-100123").peer, Address("main", "@a").peer) == (-100123, "@a")
