"""Names: the table of known tricks, and properties over any text."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transload.destinations.library import (
    COMPONENT_MAX_BYTES,
    DEPTH_MAX,
    PATH_MAX_BYTES,
    key,
    numbered,
    safe_parts,
    with_suffix,
)

HOSTILE = st.text(
    st.one_of(
        st.sampled_from('/\\.:*?<>|" \t\n\x00~-_aAÿé\u0301\u202e\u2066\ud800con1'),
        st.characters(),
    ),
    max_size=400,
)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.jpg", ("a.jpg",)),
        ("DCIM/100/IMG 1.JPG", ("DCIM", "100", "IMG 1.JPG")),
        ("../../etc/passwd", ("etc", "passwd")),
        ("/etc/passwd", ("etc", "passwd")),
        ("..\\..\\x.exe", ("x.exe",)),
        ("C:\\Users\\me\\a.png", ("Users", "me", "a.png")),
        ("c:a.png", ("a.png",)),
        ("trip a:b.jpg", ("trip a_b.jpg",)),
        ("//server/share/a", ("server", "share", "a")),
        ("a/./b/../c", ("a", "b", "c")),
        ("", ("file",)),
        ("...", ("file",)),
        ("/", ("file",)),
        ("a\x00b\nc.jpg", ("a_b_c.jpg",)),
        ('<i>:"|?*.jpg', ("_i______.jpg",)),
        ("CON", ("_CON",)),
        ("nul.txt", ("_nul.txt",)),
        ("com1 .jpg", ("_com1 .jpg",)),
        ("Lpt9.tar.gz", ("_Lpt9.tar.gz",)),
        ("console.jpg", ("console.jpg",)),
        ("photo\u202egpj.exe", ("photogpj.exe",)),
        ("a\udcff.jpg", ("a_.jpg",)),
        ("e\u0301.jpg", ("é.jpg",)),
        ("name. . ", ("name",)),
        ("  leading.jpg", ("leading.jpg",)),
        ("👨\u200d👩\u200d👧.jpg", ("👨\u200d👩\u200d👧.jpg",)),
    ],
)
def test_known_tricks(name: str, parts: tuple[str, ...]) -> None:
    assert safe_parts(name) == parts


def test_long_name_keeps_its_ending() -> None:
    (name,) = safe_parts("й" * 300 + ".jpeg")
    assert name.endswith("й.jpeg")
    assert len(name.encode()) in (COMPONENT_MAX_BYTES, COMPONENT_MAX_BYTES - 1)


def test_deep_path_keeps_the_file_and_its_outer_folders() -> None:
    parts = safe_parts("/".join(f"d{n}" for n in range(100)) + "/a.jpg")
    assert len(parts) == DEPTH_MAX
    assert (parts[0], parts[-2], parts[-1]) == ("d0", "d30", "a.jpg")


def test_long_path_keeps_the_file() -> None:
    parts = safe_parts("/".join(["x" * 190] * 20) + "/a.jpg")
    assert parts[-1] == "a.jpg"
    assert len("/".join(parts)) <= PATH_MAX_BYTES


@given(HOSTILE)
@example("/" * 50 + "C:" * 9 + "..")
@example("a" * 199 + " .b")
@example("con" + "\u202e" + ".x")
def test_any_name_becomes_a_safe_path(name: str) -> None:
    parts = safe_parts(name)
    assert 1 <= len(parts) <= DEPTH_MAX
    assert len("/".join(parts).encode()) <= PATH_MAX_BYTES
    for part in parts:
        assert part not in ("", ".", "..")
        assert not set(part) & set('/\\<>:"|?*')
        assert part == part.rstrip(". ") == unicodedata.normalize("NFC", part)
        assert len(part.encode()) <= COMPONENT_MAX_BYTES
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in part)


@given(HOSTILE)
def test_a_safe_path_stays_as_it_is(name: str) -> None:
    parts = safe_parts(name)
    assert safe_parts("/".join(parts)) == parts


@given(HOSTILE, st.integers(2, 10**6), st.integers(2, 10**6))
def test_numbers_tell_equal_names_apart(name: str, one: int, two: int) -> None:
    path = "/".join(safe_parts(name))
    first, second = numbered(path, one), numbered(path, two)
    assert safe_parts(first)[:-1] == safe_parts(path)[:-1]
    assert path not in (first, second)
    assert (first == second) == (one == two)
    assert len(first.rsplit("/", 1)[-1].encode()) <= 255


@pytest.mark.parametrize(
    ("name", "number", "wanted"),
    [
        ("a.jpg", 1, "a.jpg"),
        ("a.jpg", 2, "a (2).jpg"),
        ("x.d/a", 3, "x.d/a (3)"),
        (".hidden", 2, ".hidden (2)"),
        ("x/.hidden", 2, "x/.hidden (2)"),
        ("Mr. Smith goes", 2, "Mr. Smith goes (2)"),
        ("a.tar.gz", 2, "a.tar (2).gz"),
    ],
)
def test_numbered(name: str, number: int, wanted: str) -> None:
    assert numbered(name, number) == wanted


@pytest.mark.parametrize(
    ("name", "suffix", "wanted"),
    [
        ("IMG.HEIC", ".jpg", "IMG.jpg"),
        ("IMG.JPG", ".jpg", "IMG.JPG"),
        ("notes.v2", ".mp4", "notes.v2.mp4"),
        ("clip", ".mp4", "clip.mp4"),
        ("a.avi/clip", ".mp4", "a.avi/clip.mp4"),
        (".jpg", ".mp4", ".jpg.mp4"),
    ],
)
def test_with_suffix(name: str, suffix: str, wanted: str) -> None:
    assert with_suffix(name, suffix) == wanted


def test_key_ignores_case_and_composition() -> None:
    assert key("Straße/E\u0301.JPG") == key("STRASSE/é.jpg")
    assert key("a.jpg") != key("b.jpg")
