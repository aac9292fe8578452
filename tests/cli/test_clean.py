"""`transload clean` takes what nothing refers to, and only that."""

from tests.cli.conftest import Cli, Sent


def test_leftovers_go_and_are_counted(cli: Cli) -> None:
    cli("jobs")
    left = cli.data / "scratch" / "01GONE" / "1"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * 100)
    assert cli("clean", "--dry-run", "--json").document["freed_bytes"] == 100
    assert left.exists()
    assert cli("clean").out.startswith("100 B freed")
    assert not left.exists()


def test_the_quarantine_stays(sent: Sent) -> None:
    assert sent.cli("clean").status == 0
    assert len(list((sent.cli.data / "quarantine").iterdir())) == 1
