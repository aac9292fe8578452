"""`transload doctor` by command."""

from tests.cli.conftest import Cli
from transload.cli.doctor import lines
from transload.doctor import Check


def test_a_sound_installation(cli: Cli) -> None:
    said = cli("doctor", "--json")
    document = said.document
    assert said.status == 0
    assert document["ok"] is True
    assert {check["id"] for check in document["checks"]} >= {"python", "ledger", "ffmpeg", "pillow"}
    assert {row["key"] for row in document["settings"]} >= {"hevc", "min_free_bytes"}
    assert not cli.data.exists()


def test_a_check_that_fails_is_status_six_and_names_its_cure(cli: Cli) -> None:
    cli.data.write_text("a file where the folder should be")
    said = cli("doctor")
    assert said.status == 6
    assert "FAIL  data_folder" in said.out
    assert "fix: mkdir -p" in said.out


def test_fix_makes_the_folders(cli: Cli) -> None:
    assert cli("doctor", "--fix").status == 0
    assert (cli.data / "library").is_dir()


def test_quiet_names_only_what_is_wrong() -> None:
    checks = [
        Check("a", "ok", "1", "1", "so"),
        Check("b", "warn", "none\x1b[0m", "one", "it helps", "get one"),
    ]
    assert lines(checks, all_of_them=False) == [
        "warn  b            none\ufffd[0m",
        "      needed: one; it helps",
        "      fix: get one",
    ]
