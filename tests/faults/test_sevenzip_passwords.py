"""Passwords of 7z and zip: the right one among several, none, a wrong one that seems to fit, one for each entry."""

from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_7z import counting, make_by_7zz, seeming
from transload.archives.sevenzip.reader import SevenZipReader
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits, Secret
from transload.errors import PasswordNeededError, TransloadError, WrongPasswordError

TREE = {f"IMG_{n:02}.jpg": noise(4096, n) for n in range(16)}
ONE, TWO, OTHER = Secret("one"), Secret("two"), Secret("other")
WORDS = [Secret(f"word{n}") for n in range(5000)]


def _reader(path: Path, *passwords: Secret) -> SevenZipReader:
    return SevenZipReader(path, find_sevenzip(None), Limits(), passwords)


def _troubles(reader: SevenZipReader) -> dict[str, str]:
    return {entry.name: entry.trouble.kind for entry in reader.entries() if entry.trouble}


def _kinds(result: dict[str, bytes | TransloadError]) -> dict[str, str]:
    return {name: one.kind.word for name, one in result.items() if isinstance(one, TransloadError)}


LOCKED = {
    "7z": ("a.7z", "-pone"), "7z-names": ("names.7z", "-pone", "-mhe=on"), "7z-scattered": ("a.7z", "-pone", "-ms=off"),
    "aes": ("a.zip", "-pone", "-mem=AES256"), "aes128": ("a.zip", "-pone", "-mem=AES128", "-mm=Copy"),
    "crypto": ("a.zip", "-pone", "-mem=ZipCrypto"),
}  # fmt: skip


@pytest.fixture(params=LOCKED)
def locked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive whose entries open with `one`."""
    name, *words = LOCKED[request.param]
    return make_by_7zz(tmp_path / name, TREE, *words)


@pytest.mark.parametrize("passwords", [(ONE,), (OTHER, ONE), (OTHER, TWO, ONE), (ONE, OTHER)])
def test_the_right_one_among_passwords(locked: Path, passwords: tuple[Secret, ...]) -> None:
    reader = _reader(locked, *passwords)
    assert outcomes(reader) == TREE
    assert reader.listing().encrypted
    assert _troubles(reader) == {}
    reader.close()


@pytest.mark.parametrize(("passwords", "error"), [
    ((), PasswordNeededError), ((OTHER,), WrongPasswordError), ((OTHER, TWO), WrongPasswordError),
])  # fmt: skip
def test_none_that_fits(
    locked: Path, passwords: tuple[Secret, ...], error: type[TransloadError]
) -> None:
    if locked.name == "names.7z":
        with pytest.raises(error):
            _reader(locked, *passwords)
        return
    reader = _reader(locked, *passwords)
    assert outcomes(reader) == {}
    assert set(_troubles(reader).values()) == {error.kind.word}
    assert len(_troubles(reader)) == len(TREE)
    reader.close()


def test_plain_entries_beside_locked_ones_arrive(tmp_path: Path) -> None:
    for name in ("a.7z", "a.zip"):
        plain = {f"{n}.jpg": noise(99, n) for n in range(0, 9, 2)}
        secret = {f"{n}.jpg": noise(99, n) for n in range(1, 9, 2)}
        path = make_by_7zz(tmp_path / name, plain)
        make_by_7zz(path, secret, "-pone")
        reader = _reader(path)
        assert outcomes(reader) == plain
        assert _troubles(reader) == dict.fromkeys(secret, "input.password_needed")
        reader.close()
        reader = _reader(path, ONE)
        assert outcomes(reader) == plain | secret
        reader.close()


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
def test_two_passwords_in_one_zip(tmp_path: Path, method: str) -> None:
    first = {f"{n}.jpg": noise(2000, n) for n in range(0, 8, 2)}
    second = {f"{n}.jpg": noise(2000, n) for n in range(1, 8, 2)}
    path = make_by_7zz(tmp_path / "a.zip", second, "-ptwo", f"-mem={method}")
    one = next(word for word in WORDS if not seeming(path, word)) if method == "ZipCrypto" else ONE
    make_by_7zz(path, first, f"-p{one.text}", f"-mem={method}")
    reader = _reader(path, one, TWO)
    assert outcomes(reader) == first | second
    reader.close()
    result = outcomes(_reader(path, one))
    assert {name: one for name, one in result.items() if isinstance(one, bytes)} == first
    assert _kinds(result) == dict.fromkeys(second, "input.wrong_password")


@pytest.mark.parametrize("size", [2000, (4 << 20) + 1])
def test_a_wrong_password_that_seems_to_fit(tmp_path: Path, size: int) -> None:
    """ZipCrypto checks eight bits of a password: one wrong one of 256 gives bytes, which are noise."""
    first, second = {"a.jpg": noise(size, 1)}, {"b.jpg": noise(size, 2)}
    path = make_by_7zz(tmp_path / "a.zip", second, "-ptwo", "-mem=ZipCrypto", "-mx0")
    lucky = next(word for word in WORDS if seeming(path, word))
    make_by_7zz(path, first, f"-p{lucky.text}", "-mem=ZipCrypto", "-mx0")
    for passwords in ((lucky, TWO), (TWO, lucky), (OTHER, lucky, TWO)):
        reader = _reader(path, *passwords)
        assert outcomes(reader) == first | second
        reader.close()
    reader = _reader(path, lucky)
    result = outcomes(reader)
    assert result["a.jpg"] == first["a.jpg"]
    assert _kinds(result) == {"b.jpg": "input.corrupt"}
    assert "or locked with another one" in str(result["b.jpg"])
    reader.close()


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
def test_unwanted_entries_of_another_password_shift_nothing(tmp_path: Path, method: str) -> None:
    first = {f"{n}.jpg": noise(2000, n) for n in (0, 2, 5, 6)}
    second = {f"{n}.jpg": noise(2000, n) for n in (1, 3, 4)}
    path = make_by_7zz(tmp_path / "a.zip", first, "-pone", f"-mem={method}")
    make_by_7zz(path, second, "-ptwo", f"-mem={method}")
    plain = {"35.jpg": b"plain", "7.jpg": b"plain too"}
    make_by_7zz(path, plain)
    expected = plain | {name: first[name] for name in ("0.jpg", "2.jpg", "6.jpg")}
    for passwords in ((ONE, TWO), (ONE,)):
        reader = _reader(path, *passwords)
        found = reader.stream(lambda one: one.name in expected, 0, Limits())
        assert {entry.name: body.read() for entry, body in found} == expected
        reader.close()


def test_unwanted_locked_entries_are_passed_over_in_one_run(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.zip", TREE, "-pone", "-mem=ZipCrypto")
    work = counting(tmp_path)
    reader = SevenZipReader(path, work.tool, Limits(), (ONE,))
    probed = work.runs
    names = list(TREE)[::3]
    found = {
        entry.name: body.read()
        for entry, body in reader.stream(lambda one: one.name in names, 0, Limits())
    }
    assert found == {name: TREE[name] for name in names}
    assert work.runs == probed + 1
    reader.close()


def test_a_password_of_any_letters(tmp_path: Path) -> None:
    for number, text in enumerate(("пароль", "日本 語", "-oX", 'q"\\', "$(id)")):
        path = make_by_7zz(tmp_path / f"{number}.7z", {"a": b"1"}, f"-p{text}", "-mhe=on")
        assert outcomes(_reader(path, Secret(text))) == {"a": b"1"}
