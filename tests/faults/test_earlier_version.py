"""An installation that an earlier version left behind, with a job that was killed, is taken over as it lies there."""

import hashlib
import platform
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from string import Template

from tests.faults.desk import Desk
from tests.inputs import clip, packed, photo

LEDGER = Path(__file__).with_name("ledger_of_version_8.sql")
KEPT = "01M850MJ0GZNN65E1BK7R7PQ40-2"
BAD = b"\xff\xd8\xffbroken"


def left_by_version_8(desk: Desk) -> tuple[Path, str]:
    """Two photos delivered, two films put off, one under way when the kill came; the source and the job's id."""
    entries = {
        "1.jpg": photo(1),
        "film.avi": clip(desk.folder / "tmp" / "film.avi", 1).read_bytes(),
        "bad.jpg": BAD,
        "2.jpg": photo(2),
        "clip.avi": clip(desk.folder / "tmp" / "clip.avi", 2).read_bytes(),
    }
    source = packed(desk.inputs / "a.zip", entries)
    facts = {"machine": platform.node(), "source": str(source), "library": str(desk.library)}
    found = source.stat()
    facts["version"] = f"{found.st_size}-{found.st_mtime_ns}"
    words = {"one": "1.jpg", "two": "2.jpg", "film": "film.avi", "clip": "clip.avi"}
    for word, name in words.items():
        content = entries[name]
        facts[f"{word}_size"] = str(len(content))
        facts[f"{word}_crc32"] = str(zlib.crc32(content))
        facts[f"{word}_sha256"] = hashlib.sha256(content).hexdigest()
    for path in (desk.folder / "tmp").iterdir():
        path.unlink()
    (desk.data / "quarantine").mkdir(parents=True)
    (desk.data / "quarantine" / KEPT).write_bytes(BAD)
    (desk.data / "scratch" / KEPT[:-2] / "1").mkdir(parents=True)
    (desk.data / "scratch" / KEPT[:-2] / "1" / "film.avi").write_bytes(entries["film.avi"])
    (desk.library / "a").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg"):
        (desk.library / "a" / name).write_bytes(entries[name])
    with closing(sqlite3.connect(desk.data / "ledger.db")) as ledger:
        ledger.executescript(Template(LEDGER.read_text("utf-8")).substitute(facts))
    return source, KEPT[:-2]


def test_the_job_goes_on_and_nothing_is_sent_twice(desk: Desk) -> None:
    source, job_id = left_by_version_8(desk)
    before = {path: path.stat().st_mtime_ns for path in desk.library.rglob("*.jpg")}
    said = desk.send(source)
    assert (said.status, said.report["job"], said.report["state"]) == (3, job_id, "partial")
    assert [item["state"] for item in said.report["items"]] == [
        "sent", "sent", "quarantined", "sent", "sent",
    ]  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert set(desk.delivered()) == {
        "a/1.jpg", "a/2.jpg", "a/film.mp4", "a/clip.mp4", "a/originals/film.avi", "a/originals/clip.avi",
    }  # fmt: skip
    assert desk.left_behind() == []
    assert desk.children() == []


def test_what_it_kept_is_shown_and_its_history_is_told(desk: Desk) -> None:
    source, job_id = left_by_version_8(desk)
    said = desk.run("quarantine", "list", "--json")
    (kept,) = desk.json_of(said)
    assert (kept["name"], kept["error"]["kind"]) == ("bad.jpg", "input.truncated")
    assert kept["error"]["suggestion"].startswith("Download it again in full")
    assert Path(kept["path"]).read_bytes() == BAD
    assert "3 items moved on, 2 items put off" in desk.run("jobs", job_id).out
    assert desk.send(source).fault("bad.jpg") == "input.truncated"


def test_an_original_it_kept_can_be_sent_again(desk: Desk) -> None:
    source, _ = left_by_version_8(desk)
    assert desk.send(source).status == 3
    (kept,) = desk.json_of(desk.run("quarantine", "list", "--json"))
    assert desk.run("quarantine", "retry", kept["id"]).status == 3
    assert (desk.data / "quarantine" / KEPT).read_bytes() == BAD
