"""Kept originals by command."""

from pathlib import Path

from tests.cli.conftest import Cli, Sent
from tests.inputs import packed, photo


def test_list_names_reason_and_place(sent: Sent) -> None:
    (kept,) = sent.cli("quarantine", "list", "--json").document
    assert kept["job"] == sent.report["job"]
    assert Path(kept["path"]).read_bytes() == photo(9)[:300]
    said = sent.cli("quarantine", "list", kept["id"][:12])
    assert "1 original kept" in said.out
    assert "\x1b" not in said.out


def test_retry_fails_again_and_keeps_it_drop_deletes_it(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1), "b.jpg": photo(2)[:300]})
    cli("send", source, "--to", f"library:{tmp_path / 'lib'}", "-q")
    (kept,) = cli("quarantine", "list", "--json").document
    assert cli("quarantine", "retry", kept["id"], "-q").status == 3
    (still,) = cli("quarantine", "list", "--json").document
    assert cli("quarantine", "drop", still["id"]).status == 0
    assert cli("quarantine", "list", "--json").document == []
    assert not Path(still["path"]).exists()


def test_retry_needs_no_source_and_keeps_with_the_new_reason(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1), "b.jpg": photo(2)[:300]})
    cli("send", source, "--to", f"library:{tmp_path / 'lib'}", "-q")
    source.unlink()
    (kept,) = cli("quarantine", "list", "--json").document
    said = cli("quarantine", "retry", kept["id"], "--json")
    assert (said.status, said.document["totals"]["quarantined"]) == (3, 1)
    (still,) = cli("quarantine", "list", "--json").document
    assert (still["id"], still["sha256"]) == (kept["id"], kept["sha256"])
    assert Path(still["path"]).read_bytes() == photo(2)[:300]
    assert cli("clean", "--json").status == 0
    assert Path(still["path"]).read_bytes() == photo(2)[:300]


def test_an_unknown_id_is_wrong_usage(cli: Cli) -> None:
    assert cli("quarantine", "drop", "01XYZ").status == 2
