"""A dry run judges everything and leaves nothing."""

from pathlib import Path

from tests.archives.makers_7z import make_by_7zz
from tests.cli.conftest import Cli, Sent


def test_verdicts_and_costs_as_a_document(sent: Sent, tmp_path: Path) -> None:
    cli, library = Cli(tmp_path / "data"), tmp_path / "lib"
    said = cli("send", sent.source, "--to", f"library:{library}", "--dry-run", "--json")
    document = said.document
    verdicts = [entry["verdict"] for entry in document["entries"]]
    assert said.status == 3
    assert verdicts.count("as_is") == 5
    assert verdicts.count("transcode") == verdicts.count("unsavable") == verdicts.count("skip") == 1
    assert document["totals"]["delivered"] == 6
    assert document["totals"]["scratch_bytes"] > 16 << 20
    assert not library.exists()
    assert not [path for path in cli.data.rglob("*") if path.is_file()]


def test_for_people_nothing_is_sent_and_names_are_clean(sent: Sent, tmp_path: Path) -> None:
    said = Cli(tmp_path / "data")("send", sent.source, "--dry-run", "--include", "*ken.jpg")
    assert said.out.splitlines()[-1] == "nothing was sent"
    assert "trip/bro\ufffd[31mken.jpg" in said.out


def test_what_is_locked_is_not_lost(tmp_path: Path) -> None:
    """As `send`: status 5 and how to give a password; with the right one nothing is locked."""
    cli = Cli(tmp_path / "data")
    source = make_by_7zz(tmp_path / "a.7z", {"a.txt": b"1", "b.txt": b"2"}, "-popen")
    said = cli("send", source, "--dry-run")
    assert said.status == 5
    assert said.out.count("locked ") == 3
    assert "cannot be saved 0" in said.out
    assert "--password-file FILE" in said.out
    totals = cli("send", source, "--dry-run", "--json").document["totals"]
    assert (totals["locked"], totals["unsavable"]) == (2, 0)
    assert cli("send", source, "--dry-run", "--password", "open").status == 0


def test_a_source_that_is_not_there_leaves_one_document(sent: Sent, tmp_path: Path) -> None:
    said = Cli(tmp_path / "data")("send", sent.source, tmp_path / "gone.zip", "--dry-run", "--json")
    first, second = said.document
    assert first["totals"]["delivered"] == 6
    assert second["error"]["kind"] == "input.not_found"
    assert said.status == 2
