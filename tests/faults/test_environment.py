"""An environment that is not fit: disks, permissions, tools, the ledger, settings. Nothing is lost, nothing twice."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.archives.makers import noise
from tests.faults.desk import COMMAND, Desk, hashes
from tests.inputs import clip, packed, photo

BIG = [photo(n) + noise(250_000, n) for n in range(12)]  # 3 MiB: more than the small disk holds

LOOKS_OFTEN = {"TRANSLOAD_RETRY__SPACE_S": "1"}


def _stored(folder: Path) -> Path:
    return packed(folder / "big.zip", {f"{n:02d}.jpg": content for n, content in enumerate(BIG)})


def test_a_full_library_takes_what_fits_and_later_the_rest(desk: Desk, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(900 << 10))
    source, desk.library = _stored(desk.inputs), small_disk / "library"
    said = desk.send(source, **LOOKS_OFTEN)
    assert said.status == 6
    assert said.report["state"] == "waiting"
    assert said.kind == "store.disk_full"
    assert said.tells("big", str(desk.library), "free")
    arrived = sorted(desk.delivered().values())
    assert 1 <= len(arrived) < len(BIG)
    assert set(arrived) <= set(hashes(*BIG))
    assert len(set(arrived)) == len(arrived)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    again = desk.send(source)
    assert again.status == 0, again.err
    assert again.report["job"] == said.report["job"]
    assert sorted(desk.delivered().values()) == hashes(*BIG)
    assert again.report["totals"]["sent"] == len(BIG)


def test_a_full_data_folder_says_what_is_free_and_needed(desk: Desk, small_disk: Path) -> None:
    desk.data = small_disk / "data"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_400_000))
    source = _stored(desk.inputs)
    said = desk.send(source, **LOOKS_OFTEN)
    assert said.status == 6
    assert said.kind == "store.disk_full"
    assert "free" in said.report["error"]["detail"]
    assert said.tells("MiB")
    assert set(desk.delivered().values()) <= set(hashes(*BIG))
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    again = desk.send(source)
    assert again.status == 0, again.err
    assert sorted(desk.delivered().values()) == hashes(*BIG)


def test_an_entry_larger_than_the_disk_fails_alone(desk: Desk, small_disk: Path) -> None:
    desk.data = small_disk / "data"
    whale = photo(1) + noise(3 << 20)
    said = desk.send(packed(desk.inputs / "w.zip", {"whale.jpg": whale, "a.jpg": photo(2)}))
    assert said.status == 3
    assert said.fault("whale.jpg") == "store.disk_full"
    assert sorted(desk.delivered().values()) == hashes(photo(2))


def test_a_read_only_library_is_named(desk: Desk, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    desk.library = small_disk / "library"
    source = packed(desk.inputs / "t.zip", {"a.jpg": photo(1)})
    said = desk.send(source)
    assert said.status == 6
    assert said.kind == "dest.denied"
    assert said.tells(str(desk.library))
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert desk.send(source).status == 0
    assert sorted(desk.delivered().values()) == hashes(photo(1))


def test_a_file_in_the_librarys_place_is_named(desk: Desk) -> None:
    desk.library.write_text("mine")
    said = desk.send(packed(desk.inputs / "t.zip", {"a.jpg": photo(1)}))
    assert said.status == 6
    assert said.kind == "dest.unreachable"
    assert said.tells(str(desk.library))
    assert desk.library.read_text() == "mine"


def test_a_data_folder_that_cannot_be_made(desk: Desk) -> None:
    desk.data.write_text("mine")
    source = packed(desk.inputs / "t.zip", {"a.jpg": photo(1)})
    said = desk.finish(desk.begin(source))
    assert said.status == 6
    assert said.tells(str(desk.data))


def test_without_ffmpeg_photos_arrive_and_retry_does_the_video(desk: Desk) -> None:
    film = clip(desk.inputs / "film.avi").read_bytes()
    source = packed(desk.inputs / "t.zip", {"film.avi": film, "a.jpg": photo(1)})
    said = desk.send(source, TRANSLOAD_FFMPEG=str(desk.folder / "no" / "ffmpeg"))
    assert said.status == 3
    assert said.fault("film.avi") == "tool.ffmpeg"
    assert said.item("film.avi")["state"] in ("failed", "quarantined")
    assert sorted(desk.delivered().values()) == hashes(photo(1))
    again = desk.run("retry", said.report["job"], "--json")
    assert again.status == 0, again.err
    assert desk.json_of(again)["totals"]["sent"] == 2
    assert any(path.endswith("film.mp4") for path in desk.delivered())


def test_nothing_but_a_video_without_ffmpeg_asks_for_the_tool(desk: Desk) -> None:
    said = desk.send(clip(desk.inputs / "film.avi"), TRANSLOAD_FFMPEG=str(desk.folder / "no"))
    assert said.status == 6
    assert said.kind == "tool.ffmpeg"
    assert said.tells("doctor")


def test_an_unreadable_source_is_named(desk: Desk) -> None:
    loop = desk.inputs / "loop.zip"
    loop.symlink_to(loop)
    under_a_file = desk.inputs / "file"
    under_a_file.write_text("no folder")
    pipe = desk.inputs / "pipe.zip"
    os.mkfifo(pipe)
    for source, status in ((loop, 4), (under_a_file / "t.zip", 2), (pipe, 2)):
        said = desk.finish(desk.begin(source), source)
        assert said.status == status, said
        assert said.tells(source.name)
        assert said.kind.startswith("input.") if said.kind else False


def test_a_source_without_permission_is_named(desk: Desk) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None or os.geteuid() != 0:
        pytest.skip("needs setpriv and root, to give up root's right to read everything")
    closed = packed(desk.inputs / "t.zip", {"a.jpg": photo(1)})
    closed.chmod(0)
    done = subprocess.run(
        [setpriv, "--bounding-set=-dac_override,-dac_read_search", *COMMAND, "send", closed],
        env=desk.environment({}),
        cwd=desk.folder / "cwd",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "permission" in done.stderr
    assert str(closed) in done.stderr
    assert "next: " in done.stderr


def test_a_missing_source_names_the_nearest_folder(desk: Desk) -> None:
    source = desk.inputs / "not" / "there.zip"
    said = desk.send(source)
    assert said.status == 2
    assert said.kind == "input.not_found"
    assert said.tells(str(source), str(desk.inputs))
    assert not desk.library.exists()


def test_a_damaged_ledger_is_refused_and_not_touched(desk: Desk) -> None:
    source = packed(desk.inputs / "t.zip", {"a.jpg": photo(1)})
    assert desk.send(source).status == 0
    ledger = desk.data / "ledger.db"
    data = bytearray(ledger.read_bytes())
    for at in range(100, len(data), 3):
        data[at] ^= 0x5A
    ledger.write_bytes(data)
    said = desk.finish(desk.begin(source))
    assert said.status == 6
    assert said.tells("ledger")
    assert ledger.read_bytes() == data
    assert sorted(desk.delivered().values()) == hashes(photo(1))


def test_a_ledger_that_is_no_database(desk: Desk) -> None:
    desk.data.mkdir()
    ledger = desk.data / "ledger.db"
    ledger.write_bytes(b"something else entirely, and long enough to be looked at\n" * 100)
    before = ledger.read_bytes()
    said = desk.run("jobs", "--json")
    assert said.status == 6
    assert desk.json_of(said)["error"]["kind"] == "store.io"
    assert ledger.read_bytes() == before


def test_unknown_settings_name_the_nearest(desk: Desk) -> None:
    wrong = desk.run("jobs", TRANSLOAD_ARCHIVE__MAX_RATO="3")
    assert wrong.status == 2
    assert wrong.tells("archive.max_ratio")
    desk.data.mkdir()
    (desk.data / "transload.toml").write_text("[convert]\nconcurency = 2\n")
    wrong = desk.run("jobs")
    assert wrong.status == 2
    assert wrong.tells("convert.concurrency", "transload.toml")


def test_unknown_words_of_the_command_line(desk: Desk) -> None:
    source = packed(desk.inputs / "t.zip", {"a.jpg": photo(1)})
    wrong = desk.run("send", source, "--repotr", desk.folder / "r")
    assert wrong.status == 2
    assert wrong.tells("--repotr", "--report")
    as_json = desk.run("send", source, "--repotr", desk.folder / "r", "--json")
    assert as_json.status == 2
    assert desk.json_of(as_json)["error"]["kind"] == "input.usage"
    assert not desk.library.exists()
