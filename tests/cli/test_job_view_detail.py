"""`transload jobs ID` for people."""

from tests.cli.conftest import Sent


def test_head_timeline_and_items_are_there(sent: Sent) -> None:
    said = sent.cli("jobs", sent.report["job"])
    assert said.status == 0
    assert "timeline" in said.out
    assert "items (page 1 of 1)" in said.out
    assert sum(" sent " in line for line in said.out.splitlines()) == 6
    assert "\x1b" not in said.out


def test_a_page_beyond_the_last_is_the_last(sent: Sent) -> None:
    assert "items (page 1 of 1)" in sent.cli("jobs", sent.report["job"], "--page", "9").out
