"""`list` looks and leaves nothing behind."""

import os
import signal
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Cli, Sent
from tests.inputs import packed, photo


def test_list_as_a_document(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"in/a.jpg": photo(1), "in/": b""})
    said = cli("list", "--json", source)
    document = said.document
    assert said.status == 0
    assert (document["schema"], document["format"], document["complete"]) == (1, "zip", True)
    entry = next(one for one in document["entries"] if one["kind"] == "file")
    assert entry["crc32"] == f"{zlib.crc32(photo(1)):08X}"
    assert (entry["name"], entry["size"]) == ("in/a.jpg", len(photo(1)))
    assert not cli.data.exists()


def test_list_for_people_cannot_steer_their_terminal(sent: Sent) -> None:
    said = sent.cli("list", sent.source)
    assert said.status == 0
    assert "trip/clip.avi" in said.out
    assert "\x1b" not in said.out
    assert said.out.splitlines()[-1].startswith("8 entries")


def test_list_of_what_is_no_archive_names_the_fault(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "broken.zip"
    source.write_bytes(b"PK\x03\x04 but no more")
    said = cli("list", "--json", source)
    assert said.status != 0
    assert said.document["error"]["kind"].startswith("input.")
    assert said.document["complete"] is False


def test_a_listing_can_be_narrowed(cli: Cli, tmp_path: Path) -> None:
    tree = {"a.jpg": photo(1), "thumbs/b.jpg": photo(2), "notes.txt": b"words", "c.mp4": b"film"}
    source = packed(tmp_path / "one.zip", tree)

    def names(*words: str) -> list[str]:
        said = cli("list", "--json", source, *words)
        assert said.status == 0
        return [one["name"] for one in said.document["entries"]]

    assert names("--files", "media") == ["a.jpg", "thumbs/b.jpg", "c.mp4"]
    assert names("--files", "media", "--exclude", "thumbs/*") == ["a.jpg", "c.mp4"]
    assert names("--include", "*.txt", "--include", "*.mp4") == ["notes.txt", "c.mp4"]


def test_quiet_says_nothing_but_errors(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    photo_file = tmp_path / "a.jpg"
    photo_file.write_bytes(photo(1))
    for words in (
        ("list", source),
        ("inspect", photo_file),
        ("send", source, "--dry-run"),
        ("jobs",),
        ("quarantine", "list"),
        ("clean", "--dry-run"),
    ):
        said = cli(*words, "--quiet")
        assert (said.status, said.out, said.err) == (0, "", ""), words


def test_a_filter_that_fits_no_name_is_told(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"in/a.jpg": photo(1), "in/b.jpg": photo(2)})
    for words in (("list",), ("send", "--dry-run"), ("send", "--to", f"library:{tmp_path / 'l'}")):
        said = cli(*words, source, "--include", "*.heic")
        assert said.status == 2, words
        assert "no name in the source fits include '*.heic'" in said.err
        assert "next: Names there are 'in/a.jpg', 'in/b.jpg'" in said.err
        said = cli(*words, source, "--include", "*.heic", "--json")
        assert said.status == 2, words
        assert said.document["error"]["kind"] == "input.usage"
    assert cli("send", source, "--include", "*b.jpg").status == 0
    assert cli("send", source, "--exclude", "*").status == 0  # named, and left out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM] * 4)
def test_a_look_that_takes_long_can_be_left(
    cli: Cli, tmp_path: Path, number: signal.Signals
) -> None:
    """Several times: a signal that comes just as the program begins to wait was not seen, half of the time."""
    slow, begun = tmp_path / "slow", tmp_path / "begun"
    begun.touch()
    slow.write_text(f"#!/bin/sh\necho $$ > {begun}\nexec sleep 50\n")
    slow.chmod(0o700)
    archive = tmp_path / "a.7z"
    archive.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    words = ["list", str(archive), "--set", f"archive.tool={slow}"]
    with subprocess.Popen(
        [*COMMAND, *words], env=cli.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while not begun.read_text().endswith("\n"):
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait(10) == 130
        assert process.stderr is not None
        os.kill(int(begun.read_text()), signal.SIGKILL)
        assert process.stderr.read() == "interrupted\n"
