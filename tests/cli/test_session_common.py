"""Options of every command."""

from pathlib import Path

from tests.cli.conftest import Cli
from transload.cli.session import Common


def test_words_for_people_are_wanted_unless_they_are_not() -> None:
    assert Common().talks
    assert not Common(json=True).talks
    assert not Common(quiet=True).talks


def test_a_setting_for_this_once_reaches_the_settings(cli: Cli) -> None:
    said = cli("doctor", "--json", "--set", "convert.concurrency=2")
    rows = {row["key"]: row for row in said.document["settings"]}
    assert (rows["convert.concurrency"]["value"], rows["convert.concurrency"]["origin"]) == (
        "2",
        "flag",
    )


def test_an_unknown_setting_names_the_nearest(cli: Cli) -> None:
    said = cli("jobs", "--set", "convert.concurency=2", "--json")
    assert said.status == 2
    assert "convert.concurrency" in said.document["error"]["detail"]


def test_flags_win_over_the_file_of_the_data_folder(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('hevc = "convert"\nalbum_mix = "mixed"\n')
    said = cli("doctor", "--json", "--config", file, "--set", "hevc=keep")
    rows = {row["key"]: (row["value"], row["origin"]) for row in said.document["settings"]}
    assert rows["hevc"] == ("keep", "flag")
    assert rows["album_mix"] == ("mixed", "file")
