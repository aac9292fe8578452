import pytest

from transload.archives.charset_letters import (
    CENTRAL,
    CYRILLIC,
    CYRILLIC_ALONE,
    CYRILLIC_PAIRS,
    HANGUL,
    KANJI,
    SIMPLIFIED,
    TRADITIONAL,
    WESTERN,
)


def test_russian_and_ukrainian_are_whole() -> None:
    assert set("абвгдеёжзийклмнопрстуфхцчшщъыьэюяґєії") == set(CYRILLIC)
    assert set(CYRILLIC_ALONE) <= set(CYRILLIC)
    assert all(len(pair) == 2 and set(pair) <= set(CYRILLIC) for pair in CYRILLIC_PAIRS)


@pytest.mark.parametrize(
    ("letters", "codec"), [(WESTERN, "cp1252"), (CENTRAL, "cp1250")], ids=["western", "central"]
)
def test_letters_with_accents_are_in_their_code_page(
    letters: dict[str, tuple[float, str, str]], codec: str
) -> None:
    for letter, (cost, _, _) in letters.items():
        assert letter == letter.lower()
        assert len(letter.encode(codec)) == 1
        assert 4 < cost <= 8


@pytest.mark.parametrize(
    ("characters", "codec", "least"),
    [
        (SIMPLIFIED, "gb2312", 450),
        (TRADITIONAL, "cp950", 450),
        (KANJI, "cp932", 330),
        (HANGUL, "euc_kr", 200),
    ],
    ids=["simplified", "traditional", "kanji", "hangul"],
)
def test_frequent_characters_are_in_their_code_page(
    characters: str, codec: str, least: int
) -> None:
    assert len(set(characters)) >= least
    assert all(len(character.encode(codec)) == 2 for character in set(characters))
