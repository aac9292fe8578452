"""What a command says of a job, and where."""

from pathlib import Path

from tests.cli.conftest import Cli, Sent
from tests.inputs import packed, photo


def test_results_go_to_one_stream_and_progress_to_the_other(sent: Sent) -> None:
    assert sent.said.out.startswith("trip -> library:")
    assert sent.said.err.splitlines()[0] == "trip: starting"


def test_quiet_says_nothing_of_a_success(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    said = cli("send", source, "--to", f"library:{tmp_path / 'lib'}", "-q")
    assert (said.status, said.out, said.err) == (0, "", "")


def test_quiet_still_names_a_fault(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "no.zip"
    source.write_bytes(b"PK\x03\x04 and then nothing of an archive")
    said = cli("send", source, "--to", f"library:{tmp_path / 'lib'}", "-q")
    assert said.status == 4
    assert said.out == ""
    assert "next:" in said.err
