"""The meaning of a DEST text."""

from pathlib import Path

import pytest

from transload.destinations.library import Library
from transload.destinations.registry import Destinations
from transload.errors import BugError, UsageError
from transload.faults import NextStep, Step


@pytest.fixture
def destinations() -> Destinations:
    known = Destinations()
    known.add("library", lambda folder: Library(Path(folder)))
    return known


def test_library_folder_becomes_absolute(
    destinations: Destinations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert destinations.parse("library:out/../out", tmp_path) == f"library:{tmp_path / 'out'}"
    assert destinations.parse(" LIBRARY:out ", tmp_path) == f"library:{tmp_path / 'out'}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("library:out", True),
        (" LIBRARY:", True),
        ("library", False),
        ("a/library:out", False),
        ("far:x", False),
    ],
)
def test_what_begins_with_a_known_scheme_is_meant(
    destinations: Destinations, text: str, *, meant: bool
) -> None:
    assert destinations.is_meant(text) is meant


def test_home_is_expanded(
    destinations: Destinations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert destinations.parse("library:~/photos", tmp_path) == f"library:{tmp_path / 'photos'}"


def test_bare_library_is_the_default_folder(destinations: Destinations, tmp_path: Path) -> None:
    assert destinations.parse("library:", tmp_path / "own") == f"library:{tmp_path / 'own'}"


def test_parsed_text_is_stable_and_can_be_made(destinations: Destinations, tmp_path: Path) -> None:
    text = destinations.parse(f"library:{tmp_path}/a:b", tmp_path)
    assert destinations.parse(text, Path("/elsewhere")) == text
    made = destinations.of(text)
    assert isinstance(made, Library)
    assert made.root == tmp_path / "a:b"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("libary:/x", "library:/x"),
        ("/photos", "library:/photos"),
        ("photos/2024", "library:photos/2024"),
        ("telegrm:@me", "telegram:@me"),
    ],
)
def test_unknown_scheme_names_the_known_and_the_nearest(
    destinations: Destinations, text: str, meant: str
) -> None:
    destinations.add("telegram", lambda folder: Library(Path(folder)))
    with pytest.raises(UsageError) as caught:
        destinations.parse(text, Path("/default"))
    assert "library:, telegram:" in caught.value.detail
    assert caught.value.suggestion == Step(NextStep.CORRECT_DESTINATION, meant)


def test_a_folder_nobody_can_have(destinations: Destinations) -> None:
    with pytest.raises(UsageError):
        destinations.parse("library:a\0b", Path("/default"))


def test_a_scheme_has_one_factory(destinations: Destinations) -> None:
    with pytest.raises(BugError):
        destinations.add("library", lambda folder: Library(Path(folder)))


class Connected(Library):
    """A library that counts how often it is closed."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1
        await super().close()


@pytest.mark.anyio
async def test_a_process_has_one_adapter_for_each_destination_and_closes_it(tmp_path: Path) -> None:
    destinations = Destinations()
    destinations.add("library", lambda folder: Connected(Path(folder)))
    one, other = destinations.of(f"library:{tmp_path}/a"), destinations.of(f"library:{tmp_path}/b")
    assert destinations.of(f"library:{tmp_path}/a") is one is not other
    await destinations.close()
    await destinations.close()
    assert isinstance(one, Connected)
    assert isinstance(other, Connected)
    assert (one.closed, other.closed) == (1, 1)
    assert destinations.of(f"library:{tmp_path}/a") is not one
