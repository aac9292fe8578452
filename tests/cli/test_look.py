"""`list` and `inspect` look and leave nothing behind."""

import zlib
from pathlib import Path

from tests.cli.conftest import Cli, Sent
from tests.inputs import packed, photo
from transload.entry import Entry
from transload.report import crc_text


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


def test_inspect_answers_in_the_order_asked(cli: Cli, tmp_path: Path) -> None:
    good, text = tmp_path / "a.jpg", tmp_path / "b.txt"
    good.write_bytes(photo(1))
    text.write_text("words")
    said = cli("inspect", "--json", good, tmp_path / "gone.jpg", text)
    assert said.status == 2  # as `send` of what is not there
    assert [one["verdict"] for one in said.document] == ["as_is", "unsavable", "skip"]
    assert "gone.jpg" in said.document[1]["why"]
    assert said.document[0]["facts"]


def test_inspect_without_trouble_succeeds(cli: Cli, tmp_path: Path) -> None:
    good = tmp_path / "a.jpg"
    good.write_bytes(photo(1))
    said = cli("inspect", good, "--recipe", "playable", "-v")
    assert said.status == 0
    assert "photo, as_is" in said.out


def test_inspect_takes_a_bound_as_recipe(cli: Cli, tmp_path: Path) -> None:
    good = tmp_path / "a.jpg"
    good.write_bytes(photo(1))
    said = cli("inspect", "--json", good, "--recipe", "mp3:192")
    assert [one["verdict"] for one in said.document] == ["skip"]
    wrong = cli("inspect", good, "--recipe", "mp3:193")
    assert wrong.status == 2
    assert "mp3:192" in wrong.err


def test_a_checksum_has_eight_digits() -> None:
    assert crc_text(Entry(0, "a", b"a", 1, crc=0xAB)) == "000000AB"
    assert crc_text(Entry(0, "a", b"a", 1)) is None


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


def test_inspect_ends_as_send_would(cli: Cli, tmp_path: Path) -> None:
    gone, broken, folder = tmp_path / "gone.jpg", tmp_path / "a.jpg", tmp_path / "folder"
    broken.write_bytes(photo(1)[:300])
    folder.mkdir()
    said = cli("inspect", gone)
    assert (said.status, said.out) == (cli("send", gone).status, "") == (2, "")
    assert "next: " in said.err
    assert cli("inspect", broken).status == 3
    assert cli("inspect", broken, gone).status == 2
    said = cli("inspect", folder)
    assert said.status == 2
    assert f"transload send {folder} --dry-run" in said.err


def test_inspect_judges_for_the_recipe_that_send_takes(cli: Cli, tmp_path: Path) -> None:
    """A large photo is made smaller for Telegram, and stays as it is in a library."""
    large = tmp_path / "large.jpg"
    large.write_bytes(photo(1, (6000, 5000)))
    (usual,) = cli("inspect", "--json", large).document
    (named,) = cli("inspect", "--json", large, "--recipe", "playable").document
    (other,) = cli("inspect", "--json", large, "--recipe", "telegram").document
    assert usual == named
    assert (usual["verdict"], other["verdict"]) == ("as_is", "shrink")


def test_inspect_of_an_archive_speaks_of_what_is_in_it(cli: Cli, tmp_path: Path) -> None:
    said = cli("inspect", packed(tmp_path / "one.zip", {"a.jpg": photo(1)}))
    assert said.status == 0
    assert "what is in it" in said.out


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
