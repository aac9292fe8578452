from pathlib import Path

import pytest

from transload.archives.open import Archives
from transload.entry import Limits, Opening
from transload.errors import BugError, TransloadError, UsageError
from transload.faults import NextStep, Step
from transload.sources.local import LocalSources
from transload.sources.registry import SourceRegistry


def _registry(made: list[str]) -> SourceRegistry:
    def factory(name: str) -> LocalSources:
        made.append(name)
        return LocalSources(name, Archives(Limits()))

    registry = SourceRegistry(lambda: factory("here"))
    registry.add("far", lambda: factory("there"))
    return registry


def test_paths_go_to_local_and_adapters_are_made_once_when_needed(tmp_path: Path) -> None:
    made: list[str] = []
    registry = _registry(made)
    assert made == []
    (tmp_path / "a:b.jpg").write_bytes(b"x")
    assert registry.resolve(str(tmp_path)).identity == f"local:here:{tmp_path}"
    ref = registry.resolve(str(tmp_path / "a:b.jpg")).ref
    source = registry.open(ref, Opening())
    assert source.title == "a:b"
    source.close()
    assert made == ["here"]


def test_a_known_scheme_goes_to_its_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "far:1").write_bytes(b"x")
    assert _registry(made).resolve("far:1").identity.startswith("local:there:")
    assert made == ["there"]


def test_unknown_schemes_and_doubles() -> None:
    registry = _registry([])
    with pytest.raises(UsageError, match=r"gopher://.*far, local"):
        registry.resolve("gopher://example.org/1")
    with pytest.raises(BugError):
        registry.add("far", lambda: LocalSources("m", Archives(Limits())))
    with pytest.raises(BugError):
        registry.add("local", lambda: LocalSources("m", Archives(Limits())))


def test_a_destination_is_no_source_and_is_told_without_its_login() -> None:
    registry = SourceRegistry(
        lambda: LocalSources("here", Archives(Limits())), lambda text: text.startswith("box:")
    )
    for act in (registry.check, registry.resolve):
        with pytest.raises(UsageError, match="box://nas/a is a destination") as caught:
            act("box://me:secret@nas/a")
        assert caught.value.suggestion == Step(NextStep.CORRECT_DESTINATION, "box://nas/a")
    registry.check("box/a:b")


def test_shapes_are_checked_without_looking() -> None:
    registry = _registry([])
    registry.check("/nowhere/at all.zip")
    for text in ("", "a\0b", "gopher://example.org/1"):
        with pytest.raises(UsageError):
            registry.check(text)


def test_a_scheme_may_be_written_in_capitals() -> None:
    made: list[str] = []
    registry = _registry(made)
    with pytest.raises(TransloadError):
        registry.open("FAR:/nowhere", Opening())
    assert made == ["there"]
    with pytest.raises(UsageError, match="ftp://"):
        registry.resolve("FTP://host/a")
