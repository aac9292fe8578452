"""`transload send` as a user meets it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Sent
from tests.inputs import packed, photo
from transload.present.status import NOTHING_NEW


def test_a_partial_job_says_what_arrived_and_what_did_not(sent: Sent) -> None:
    assert sent.said.status == 3
    assert "6 of 8 items" in sent.said.out
    assert "1 video" in sent.said.out
    assert "trip/bro\ufffd[31mken.jpg:" in sent.said.out
    assert "\x1b" not in sent.said.out + sent.said.err
    page = next(line.split()[-1] for line in sent.said.out.splitlines() if "gallery" in line)
    assert Path(page).is_file()


def test_the_report_file_has_every_item_and_its_outputs(sent: Sent) -> None:
    states = [item["state"] for item in sent.report["items"]]
    assert states.count("sent") == sent.report["totals"]["sent"] == 6
    assert sent.report["totals"]["entries"] == len(states) == 8
    for item in sent.report["items"]:
        for output in item["outputs"]:
            assert (sent.library / output["path"]).stat().st_size == output["bytes"]


def test_what_was_delivered_is_not_delivered_again(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    words = ("send", source, "--to", f"library:{tmp_path / 'lib'}", "--json")
    first, second = cli(*words).document, cli(*words).document
    assert (first["state"], first["totals"]["sent"]) == ("succeeded", 2)
    assert second == first | {"warnings": [NOTHING_NEW]}
    assert cli(*words, "--again").document["totals"]["sent"] == 2


def test_several_sources_are_one_report_each_and_the_worst_status(cli: Cli, tmp_path: Path) -> None:
    good = packed(tmp_path / "good.zip", {"a.jpg": photo(1)})
    to = f"library:{tmp_path / 'lib'}"
    said = cli("send", good, tmp_path / "gone.zip", "--to", to, "--json")
    assert said.status == 2
    assert [one["state"] for one in said.document] == ["succeeded", "failed"]
    assert said.document[1]["error"]["kind"] == "input.not_found"


@pytest.mark.parametrize(
    ("misplaced", "told"),
    [
        ("library:out", "did you mean `--to library:out`?"),
        ("LIBRARY:/mnt/out", "did you mean `--to library:/mnt/out`?"),
        ("gopher://host/a.zip", "gopher://"),
        ("https:///a.zip", "no web address"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--detach"]])
def test_nothing_is_sent_when_one_source_cannot_be_one(
    cli: Cli, tmp_path: Path, misplaced: str, told: str, more: list[str]
) -> None:
    good = packed(tmp_path / "good.zip", {"a.jpg": photo(1)})
    said = cli("send", good, misplaced, *more)
    assert said.status == 2
    assert told in said.err.lower()
    assert not list(cli.data.rglob("*.jpg"))
    assert "no jobs yet" in cli("jobs").out


def test_the_report_says_of_every_source_why_nothing_was_sent(cli: Cli, tmp_path: Path) -> None:
    good = packed(tmp_path / "good.zip", {"a.jpg": photo(1)})
    report = tmp_path / "report.json"
    said = cli("send", good, "library:out", "--report", report, "--json")
    assert (said.status, said.document["error"]["kind"]) == (2, "input.usage")
    first, second = json.loads(report.read_text())
    assert (first["source"], second["source"]) == (str(good), "library:out")
    assert first["error"] == second["error"]
    assert first["error"]["suggestion"] == "Did you mean `--to library:out`?"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_source_that_is_not_there(cli: Cli, tmp_path: Path, as_json: bool) -> None:
    report = tmp_path / "report.json"
    said = cli("send", tmp_path / "gone.zip", "--report", report, *(["--json"] if as_json else []))
    assert said.status == 2
    told = said.document["error"]["detail"] if as_json else said.err
    assert "gone.zip" in told
    assert json.loads(report.read_text())["error"]["kind"] == "input.not_found"


def test_a_report_that_cannot_be_written_is_said_before_the_work(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    library = tmp_path / "lib"
    said = cli("send", source, "--to", f"library:{library}", "--report", tmp_path / "no" / "r.json")
    assert said.status == 2
    assert "r.json cannot be written" in said.err
    assert not library.exists()


def test_options_may_stand_before_the_source_and_the_command(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    to = f"library:{tmp_path / 'lib'}"
    said = cli("--json", "send", "--include", "a.*", source, "--to", to)
    assert said.document["totals"]["sent"] == 1


def test_the_page_of_the_command_teaches_by_examples(cli: Cli) -> None:
    said = cli("send", "--help")
    assert said.status == 0
    assert "transload send photos.zip" in said.out
    assert "transload send https://" in said.out
    assert "transload send webdavs://" in said.out
    assert "--password-file words.txt" in said.out
    assert "Keeps them out of the" in said.out
