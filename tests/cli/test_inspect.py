"""`inspect` looks and leaves nothing behind."""

from pathlib import Path

from tests.cli.conftest import Cli
from tests.inputs import packed, photo


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
