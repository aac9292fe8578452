"""Encrypted sources: what else there is arrives, the job waits for its password, and keeps it to itself."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.desk import COMMAND, Desk, Said, hashes
from tests.inputs import clip, packed, photo
from tests.terminal import Terminal
from transload.archives.sevenzip.tool import find_sevenzip

SECRET = "sesame, open 1"
OTHER = "not-the-one-2"
QUESTION = "Password ("
PHOTOS = {f"{n}.jpg": photo(n) for n in range(3)}
LATER = """
import anyio, os, signal, sys
import transload

async def main():
    async with transload.open() as app:
        await app.give_password(sys.argv[1], sys.argv[2])
        os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main)
"""


def sealed(path: Path, entries: dict[str, bytes], *words: str, password: str = SECRET) -> Path:
    """The entries added to an archive (its kind is told by its name) that only this password opens."""
    folder = path.parent / f"{path.name}.d"
    folder.mkdir()
    for name, content in entries.items():
        (folder / name).write_bytes(content)
    tool = find_sevenzip(None).path
    subprocess.run(
        [tool, "a", f"-p{password}", *words, path, *entries],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return path


@pytest.fixture
def mixed(desk: Desk) -> Path:
    """A zip of a photo and a film that anyone can read, and two photos that need the password."""
    film = clip(desk.folder / "tmp" / "film.avi", seconds=1)
    entries = {"0.jpg": PHOTOS["0.jpg"], "film.avi": film.read_bytes()}
    film.unlink()
    locked = {name: PHOTOS[name] for name in ("1.jpg", "2.jpg")}
    return sealed(packed(desk.inputs / "mixed.zip", entries), locked, "-tzip")


@pytest.fixture
def hidden(desk: Desk) -> Path:
    """A 7z of three photos that hides even their names."""
    return sealed(desk.inputs / "hidden.7z", PHOTOS, "-mhe=on")


def job_of(desk: Desk) -> str:
    """The id of the latest job."""
    return str(desk.json_of(desk.run("jobs", "--json"))[0]["job"])


def pass_on(desk: Desk, job: str, text: str) -> Said:
    """Hand a password in through a pipe."""
    done = subprocess.run(
        [*COMMAND, "pass", job],
        env=desk.environment({}),
        input=f"{text}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr, None)


def at_terminal(desk: Desk, *words: str | Path) -> Terminal:
    """A command that a person sits before."""
    return Terminal([*COMMAND, *map(str, words)], desk.environment({}))


def traces(desk: Desk, *texts: str) -> list[str]:
    """Files anywhere on the desk, but for the inputs, in which one of these texts can be read."""
    return [
        str(path)
        for path in desk.folder.rglob("*")
        if path.is_file() and desk.inputs not in path.parents
        if any(text.encode() in path.read_bytes() for text in texts)
    ]


def arrived(desk: Desk, *names: str) -> bool:
    """Whether of the photos exactly these lie in the library, each once."""
    photos = [found for path, found in desk.delivered().items() if path.endswith(".jpg")]
    return sorted(photos) == hashes(*(PHOTOS[name] for name in names))


def test_everything_else_arrives_then_the_job_waits(desk: Desk, mixed: Path) -> None:
    said = desk.send(mixed)
    assert (said.status, said.report["state"], said.kind) == (5, "waiting", "input.password_needed")
    assert arrived(desk, "0.jpg")
    assert said.item("film.avi")["state"] == "sent"  # its conversion did not wait for the password
    assert [said.item(name)["state"] for name in ("1.jpg", "2.jpg")] == ["pending"] * 2
    assert said.item("1.jpg")["error"]["kind"] == "input.password_needed"
    job = said.report["job"]
    assert said.tells(f"transload pass {job}", "1.jpg")
    assert "locked      2 items" in said.out
    assert f"transload pass {job}" in said.report["error"]["suggestion"]
    for shown in (desk.run("jobs"), desk.run("jobs", job)):
        assert "waiting for a password: " in shown.out
        assert "(transload pass " in shown.out
    done = pass_on(desk, job, SECRET)
    assert done.status == 0
    assert arrived(desk, *PHOTOS)
    assert "delivered   4 of 4 items" in done.out
    assert traces(desk, SECRET) == []


def test_a_wrong_password_is_told_from_a_missing_one(desk: Desk, mixed: Path) -> None:
    said = desk.send(mixed, "--password", OTHER, "-v")
    assert (said.status, said.kind) == (5, "input.wrong_password")
    assert said.item("2.jpg")["error"]["kind"] == "input.wrong_password"
    assert traces(desk, OTHER) == [str(desk.data / "ledger.db")]  # the job may still need it
    words = desk.inputs / "words.txt"
    words.write_bytes(f"\ufeffa\r\n\r\n{SECRET}\r\n".encode())
    again = desk.send(mixed, "--password-file", words, "-v")
    assert (again.status, again.report["job"]) == (0, said.report["job"])
    assert arrived(desk, *PHOTOS)
    assert traces(desk, OTHER, SECRET) == []


def test_hidden_names_need_a_password_even_to_be_listed(desk: Desk, hidden: Path) -> None:
    for words in (("list", hidden), ("send", hidden, "--dry-run")):
        refused = desk.run(*words)
        assert refused.status == 5
        assert refused.tells("--password-file", "encrypted")
    document = desk.json_of(desk.run("list", hidden, "--json", "--password", OTHER))
    assert (document["error"]["kind"], document["entries"]) == ("input.wrong_password", [])
    assert "--password-file" in document["error"]["suggestion"]
    listed = desk.run("list", hidden, "--password", OTHER, "--password", SECRET)
    assert listed.status == 0
    assert all(name in listed.out for name in PHOTOS)
    dry = desk.json_of(desk.run("send", hidden, "--dry-run", "--json", "--password", SECRET))
    assert dry["totals"]["delivered"] == 3
    assert not desk.data.exists() or not traces(desk, SECRET)


def test_a_job_of_hidden_names_waits_as_often_as_it_takes(desk: Desk, hidden: Path) -> None:
    first = desk.send(hidden, "-q")
    job = first.report["job"]
    assert (first.status, first.out) == (5, "")
    assert first.tells(f"transload pass {job}")
    assert desk.run("resume", job).status == 5
    assert desk.send(hidden).report["job"] == job
    assert pass_on(desk, job, OTHER).status == 5
    last = desk.send(hidden, "--password", SECRET, "--json")
    assert (last.status, desk.json_of(last)["job"]) == (0, job)
    assert arrived(desk, *PHOTOS)
    late = pass_on(desk, job, SECRET)
    assert late.status == 2
    assert "has ended" in late.err
    assert traces(desk, SECRET, OTHER) == []


def test_a_dry_run_names_what_is_locked(desk: Desk, mixed: Path) -> None:
    document = desk.json_of(desk.run("send", mixed, "--dry-run", "--json"))
    locked = [entry for entry in document["entries"] if entry["name"] in ("1.jpg", "2.jpg")]
    assert [entry["verdict"] for entry in locked] == ["unsavable"] * 2
    assert all("encrypted" in entry["why"] for entry in locked)


def test_a_waiting_job_holds_no_other_up(desk: Desk, hidden: Path) -> None:
    open_one = packed(desk.inputs / "open.zip", PHOTOS)
    said = desk.run("send", hidden, open_one, "--to", f"library:{desk.library}", "--json")
    states = [report["state"] for report in desk.json_of(said)]
    assert (said.status, states) == (5, ["waiting", "succeeded"])
    assert arrived(desk, *PHOTOS)
    assert said.err == ""


def test_a_cancel_ends_the_wait(desk: Desk, mixed: Path) -> None:
    said = desk.send(mixed, "--password", OTHER)
    assert desk.run("cancel", said.report["job"]).status == 0
    report = desk.json_of(desk.run("jobs", said.report["job"], "--json"))
    assert (report["state"], report["totals"]["cancelled"]) == ("cancelled", 2)
    assert traces(desk, OTHER) == []
    again = desk.run("retry", said.report["job"])
    assert again.status == 5  # what was cancelled is taken up, and asks again
    assert pass_on(desk, said.report["job"], SECRET).status == 0
    assert arrived(desk, *PHOTOS)


def test_filters_and_junk_ask_for_nothing(desk: Desk) -> None:
    entries = {"0.jpg": PHOTOS["0.jpg"]}
    locked = {"1.jpg": PHOTOS["1.jpg"], ".DS_Store": b"junk"}
    source = sealed(packed(desk.inputs / "m.zip", entries), locked, "-tzip")
    said = desk.send(source, "--exclude", "1.*")
    assert said.status == 0
    assert said.report["totals"]["skipped"] == 2
    assert arrived(desk, "0.jpg")


def test_an_archive_inside_can_need_one_of_its_own(desk: Desk) -> None:
    inner = sealed(desk.inputs / "inner.7z", PHOTOS, "-mhe=on", password="öffne dich")
    source = packed(desk.inputs / "outer.zip", {"inner.7z": inner.read_bytes()})
    said = desk.send(source)
    assert (said.status, said.kind) == (5, "input.password_needed")
    assert desk.delivered() == {}
    assert pass_on(desk, said.report["job"], "öffne dich").status == 0
    assert arrived(desk, *PHOTOS)


def test_a_person_at_the_terminal_is_asked(desk: Desk, mixed: Path) -> None:
    with at_terminal(desk, "send", mixed, "--to", f"library:{desk.library}") as terminal:
        terminal.shows(QUESTION)
        assert not terminal.echoes()
        terminal.type(f"{OTHER}\n")
        terminal.shows(QUESTION, 2)
        terminal.type(f"{SECRET}\n")
        assert terminal.end() == 0
        assert terminal.echoes()
    assert OTHER not in terminal.seen
    assert SECRET not in terminal.seen
    assert arrived(desk, *PHOTOS)
    assert traces(desk, SECRET, OTHER) == []


@pytest.mark.parametrize(("answers", "questions"), [([""], 1), ([OTHER, "b", "c"], 3)])
def test_a_person_without_the_password_leaves_it_waiting(
    desk: Desk, hidden: Path, answers: list[str], questions: int
) -> None:
    with at_terminal(desk, "send", hidden, "--to", f"library:{desk.library}") as terminal:
        for asked, answer in enumerate(answers, 1):
            terminal.shows(QUESTION, asked)
            terminal.type(f"{answer}\n")
        assert terminal.end() == 5
    assert terminal.seen.count(QUESTION) == questions
    assert f"transload pass {job_of(desk)}" in terminal.seen


def test_an_interrupt_at_the_question_gives_the_echo_back(desk: Desk, hidden: Path) -> None:
    with at_terminal(desk, "send", hidden, "--to", f"library:{desk.library}") as terminal:
        terminal.shows(QUESTION)
        assert not terminal.echoes()
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
        assert terminal.echoes()
    assert "the same command again" in terminal.seen


def test_a_question_ends_when_it_is_answered_elsewhere(desk: Desk, hidden: Path) -> None:
    with at_terminal(desk, "send", hidden, "--to", f"library:{desk.library}") as terminal:
        terminal.shows(QUESTION)
        assert pass_on(desk, job_of(desk), SECRET).status == 0
        assert terminal.end() == 0
        assert terminal.echoes()
    assert arrived(desk, *PHOTOS)


def test_pass_asks_without_showing(desk: Desk, hidden: Path) -> None:
    job = desk.send(hidden).report["job"]
    with at_terminal(desk, "pass", job[:12]) as terminal:
        terminal.shows("Password for hidden: ")
        assert not terminal.echoes()
        terminal.type(f"{SECRET}\n")
        assert terminal.end() == 0
    assert SECRET not in terminal.seen
    assert arrived(desk, *PHOTOS)


@pytest.mark.kills
def test_a_kill_while_waiting_keeps_the_wait(desk: Desk, mixed: Path) -> None:
    with at_terminal(desk, "send", mixed, "--to", f"library:{desk.library}") as terminal:
        terminal.shows(QUESTION)
        terminal.process.kill()
    job = job_of(desk)
    assert "waiting for a password: the entry is encrypted" in desk.run("jobs").out
    assert arrived(desk, "0.jpg")
    assert pass_on(desk, job, SECRET).status == 0
    assert arrived(desk, *PHOTOS)


@pytest.mark.kills
def test_a_kill_right_after_a_password_keeps_it(desk: Desk, mixed: Path) -> None:
    job = desk.send(mixed).report["job"]
    killed = subprocess.run(
        [sys.executable, "-c", LATER, job, SECRET], env=desk.environment({}), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert traces(desk, SECRET)  # it is in the ledger: the job goes on with it
    assert desk.run("resume", job).status == 0
    assert arrived(desk, *PHOTOS)
    assert traces(desk, SECRET) == []


@pytest.mark.kills
@pytest.mark.timeout(200)
def test_kills_at_any_moment_lose_and_double_nothing(desk: Desk, mixed: Path) -> None:
    for words in ((), ("--password", OTHER), ("--password", SECRET)):
        for moment in range(5):
            process = desk.begin(mixed, *words)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=0.35 + 0.2 * moment)
            process.kill()
            process.communicate()
    said = desk.send(mixed, "--password", SECRET)
    assert said.status == 0
    assert arrived(desk, *PHOTOS)
    jobs = desk.json_of(desk.run("jobs", "--json"))
    assert sum(job["totals"]["sent"] for job in jobs) == 4
    assert traces(desk, SECRET, OTHER) == []
