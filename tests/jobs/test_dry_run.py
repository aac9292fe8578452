"""Looking leaves nothing behind and says what a job would do."""

import io
import random
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from tests import inputs
from tests.installation import SMALL, Counting, Home
from transload.archives.sevenzip.tool import find_sevenzip
from transload.errors import DiskFullError
from transload.jobs.dry_run import DryRunRequest
from transload.model import ItemState, Recipe, Verdict
from transload.states import LEFT_OUT, OPENED

pytestmark = pytest.mark.anyio


async def test_a_dry_run_judges_each_entry_and_leaves_nothing(tmp_path: Path) -> None:
    home, source = Home(tmp_path), inputs.mixed(tmp_path, photos=3, clips=1)
    async with home.open() as app:
        request = DryRunRequest("", Recipe.TELEGRAM, exclude=("*002*",))
        seen = {
            one.name: one.judgement.verdict.value
            async for one in app.rehearse(str(source), request)
        }
        jobs = await app.jobs()
    assert seen == {
        "trip/IMG_000.jpg": "as_is",
        "trip/clip 0.avi": "transcode",
        "trip/IMG_001.jpg": "as_is",
        "trip/broken.jpg": "unsavable",
        "trip/.DS_Store": "skip",
        "trip/notes.txt": "skip",
    }
    assert jobs == []
    assert home.left_behind() == []
    assert not home.library.exists()


async def test_all_files_would_be_delivered_untouched(tmp_path: Path) -> None:
    source = inputs.packed(tmp_path / "a.zip", {"notes.txt": b"text", "a.jpg": inputs.photo(1)})
    async with Home(tmp_path).open() as app:
        request = DryRunRequest("", Recipe.ORIGINAL, files="all")
        seen = [one.judgement.verdict.value async for one in app.rehearse(str(source), request)]
    assert seen == ["as_is", "as_is"]


async def test_what_is_locked_is_named_and_left_alone(tmp_path: Path) -> None:
    source = inputs.packed(tmp_path / "a.zip", {"a.jpg": inputs.photo(1), "b.jpg": inputs.photo(2)})
    data = bytearray(source.read_bytes())
    data[6] |= 1  # encrypted, says the local header of the first
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and so does the directory
    source.write_bytes(data)
    async with Home(tmp_path).open() as app:
        seen = {
            one.name: one.judgement
            async for one in app.rehearse(str(source), app.dry_run_request(str(source)))
        }
        passed = [
            one async for one in app.rehearse(str(source), app.dry_run_request("", exclude=["a.*"]))
        ]
    assert seen["a.jpg"].verdict is Verdict.UNSAVABLE
    assert seen["a.jpg"].fault is not None
    assert "encrypted" in seen["a.jpg"].why
    assert seen["b.jpg"].verdict is Verdict.AS_IS
    assert [one.name for one in passed] == ["b.jpg"]


async def test_what_lies_inside_archives_is_judged_in_its_place(tmp_path: Path) -> None:
    deep = inputs.packed(tmp_path / "d.zip", {"c.jpg": inputs.photo(3)}).read_bytes()
    tree = {"b.jpg": inputs.photo(2), "deep.zip": deep, "cut.zip": b"PK\x03\x04 no more"}
    inner = inputs.packed(tmp_path / "i.zip", tree).read_bytes()
    folder = tmp_path / "trip"
    folder.mkdir()
    inputs.packed(folder / "a.zip", {"in.zip": inner, "report.docx": deep})
    pieces = inputs.packed(tmp_path / "s.zip", {"e.jpg": inputs.photo(5)}).read_bytes()
    (folder / "set.zip.001").write_bytes(pieces[:300])
    (folder / "set.zip.002").write_bytes(pieces[300:])
    home = Home(tmp_path)
    async with home.open() as app:
        request = app.dry_run_request(str(folder))
        seen = [(one.name, one.judgement) async for one in app.rehearse(str(folder), request)]
        whole = [
            (one.name, one.judgement.verdict.value)
            async for one in app.rehearse(str(folder), app.dry_run_request("", files="all"))
        ]
    assert [(name, judgement.verdict.value) for name, judgement in seen] == [
        ("a.zip/in.zip/b.jpg", "as_is"),
        ("a.zip/in.zip/deep.zip/c.jpg", "as_is"),
        ("a.zip/in.zip/deep.zip", "skip"),
        ("a.zip/in.zip/cut.zip", "unsavable"),
        ("a.zip/in.zip", "skip"),
        ("a.zip/report.docx", "skip"),
        ("a.zip", "skip"),
        ("set.zip.001/e.jpg", "as_is"),
        ("set.zip.001", "skip"),
        ("set.zip.002", "skip"),
    ]
    why = {name: judgement.why for name, judgement in seen}
    assert why["a.zip/in.zip"] == OPENED
    assert why["set.zip.002"] == "part of set.zip.001, read with it"
    assert whole == [("a.zip", "as_is"), ("set.zip.001", "as_is"), ("set.zip.002", "as_is")]
    assert home.left_behind() == []


async def test_a_dry_run_goes_no_deeper_than_a_job(tmp_path: Path) -> None:
    content = inputs.packed(tmp_path / "0.zip", {"a.jpg": inputs.photo(1)}).read_bytes()
    for _ in range(4):
        content = inputs.packed(tmp_path / "n.zip", {"in.zip": content}).read_bytes()
    async with Home(tmp_path).open() as app:
        request = app.dry_run_request(str(tmp_path / "n.zip"))
        seen = [one async for one in app.rehearse(str(tmp_path / "n.zip"), request)]
    assert [one.judgement.verdict.value for one in seen] == ["unsavable", "skip", "skip", "skip"]
    assert "archive.max_depth" in seen[0].judgement.why


TIGHT = replace(
    SMALL, archive=replace(SMALL.archive, max_entries=40, max_total_bytes=3 << 20, max_depth=3)
)


def tarred(entries: dict[str, bytes], mode: Literal["w", "w:gz", "w:bz2"] = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def sevenzipped(folder: Path, entries: dict[str, bytes], *words: str) -> bytes:
    """A solid archive; `words` are switches of 7zz."""
    room = Path(tempfile.mkdtemp(dir=folder))
    for name, content in entries.items():
        (room / name).parent.mkdir(parents=True, exist_ok=True)
        (room / name).write_bytes(content)
    command = [
        str(find_sevenzip(None).path),
        "a",
        "-ms=on",
        "-bso0",
        *words,
        str(room / "made.7z"),
        *entries,
    ]
    subprocess.run(command, cwd=room, check=True)
    return (room / "made.7z").read_bytes()


def sources(folder: Path) -> dict[str, bytes]:
    """Archives in archives of several kinds, sound, locked, damaged, and beyond each limit of `TIGHT`."""
    few = {"a.jpg": inputs.photo(1), "sub/b.png": inputs.photo(2, kind="PNG")}
    inner = inputs.packed(folder / "i.zip", few).read_bytes()
    noise = random.Random(1).randbytes(900_000)
    junk = {"__MACOSX/._a.jpg": b"x", ".DS_Store": b"y", "readme.txt": b"words", "empty.jpg": b""}
    deep = inner
    for _ in range(4):
        deep = tarred({"in.zip": deep, "c.jpg": inputs.photo(3)}, "w")
    locked = sevenzipped(folder, few, "-psecret")
    return {
        "zip in tar.gz in zip": inputs.packed(
            folder / "1.zip", {"in.tgz": tarred({"in.zip": inner, **junk}), **junk, **few}
        ).read_bytes(),
        "solid": inputs.packed(
            folder / "2.zip", {"s.7z": sevenzipped(folder, {**few, "in.zip": inner}), "z.jpg": b""}
        ).read_bytes(),
        "locked inside": tarred({"l.7z": locked, **few}),
        "hidden names": tarred({"l.7z": sevenzipped(folder, few, "-psecret", "-mhe=on"), **few}),
        "cut inside": tarred({"cut.zip": inner[:-700], "cut.tgz": tarred(few)[:-300], **few}),
        "cut itself": tarred({"x.bin": noise, **few}, "w")[:-3000],
        "looks like one": tarred({"no.zip": b"PK\x03\x04 no more", "not.rar": b"text", **few}),
        "too deep": deep,
        "too many": tarred({f"{n}.zip": inner for n in range(30)}),
        "too much": tarred({f"{n}.tar": tarred({"n.jpg": noise}, "w") for n in range(5)}),
        "too high": tarred({"bomb.tgz": tarred({"zeros.jpg": bytes(80 << 20)}), **few}),
        "media alone": inputs.photo(7),
    }


REACHED = {
    "input.corrupt",
    "input.limit",
    "input.password_needed",
    "input.truncated",
    "input.unsupported",
}
ENDS = {
    ItemState.SENT: "delivered",
    ItemState.DUPLICATE: "delivered",  # what is equal to another entry is delivered as that one
    ItemState.SKIPPED: "skipped",
}


async def of_a_job(home: Home, source: Path, **options: object) -> list[tuple[str, str, str]]:
    report = await home.send(source, **options)
    told: list[tuple[str, str, str]] = []
    for record in report.items:
        item = record.item
        if item.why != LEFT_OUT:
            told.append(
                (item.name, ENDS.get(item.state, "not"), item.fault.kind if item.fault else "")
            )
    return told


async def of_a_dry_run(home: Home, source: Path, **options: object) -> list[tuple[str, str, str]]:
    told: list[tuple[str, str, str]] = []
    async with home.open() as app:
        request = app.dry_run_request(str(source), home.to, **options)  # type: ignore[arg-type]
        async for one in app.rehearse(str(source), request):
            judgement = one.judgement
            state = {Verdict.SKIP: "skipped", Verdict.UNSAVABLE: "not"}.get(judgement.verdict)
            fault = judgement.fault
            told.append((one.name, state or "delivered", fault.kind if fault else ""))
    return told


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"files": "all"},
        {"recipe": "original"},
        {"include": ["*a.jpg"]},
        {"exclude": ["*.zip*"]},
    ],
    ids=str,
)
async def test_a_dry_run_says_of_each_entry_what_the_job_then_does(
    tmp_path: Path, options: dict[str, object]
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    differing, kinds = dict[str, object](), set[str]()
    for name, content in sources(made).items():
        home, source = Home(tmp_path / name, TIGHT), made / f"{name}.bin"
        source.write_bytes(content)
        expected = await of_a_dry_run(home, source, **options)
        done = await of_a_job(home, source, **options)
        own = [one for one in expected if one[0] != source.stem]  # the source's own fault
        kinds |= {kind for *_, kind in done}
        if sorted(own) != sorted(done):
            differing[name] = (sorted(set(own) - set(done)), sorted(set(done) - set(own)))
    assert differing == {}
    assert options or kinds >= REACHED


async def test_a_caller_that_has_seen_enough_ends_it_without_an_error(tmp_path: Path) -> None:
    home, source = Home(tmp_path), inputs.mixed(tmp_path, photos=5, clips=0)
    async with home.open() as app:
        seen = app.rehearse(str(source), app.dry_run_request(str(source)))
        async with aclosing(seen):
            async for one in seen:
                assert one.name
                break
        assert len([one async for one in app.rehearse(str(source), app.dry_run_request(""))]) > 1
    assert home.left_behind() == []


async def test_an_error_of_the_caller_stays_the_callers(tmp_path: Path) -> None:
    home, source = Home(tmp_path), inputs.mixed(tmp_path, photos=5, clips=0)

    async def broken(seen: AsyncGenerator[object, None]) -> None:
        async with aclosing(seen):
            async for _ in seen:
                raise BrokenPipeError

    async with home.open() as app:
        with pytest.raises(BrokenPipeError):
            await broken(app.rehearse(str(source), app.dry_run_request(str(source))))
    assert home.left_behind() == []


async def test_an_error_of_reading_comes_as_what_it_is(tmp_path: Path) -> None:
    def full() -> None:
        raise DiskFullError("no room")

    home, source = Home(tmp_path), inputs.mixed(tmp_path, photos=2, clips=0)
    async with home.open() as app:
        counting = Counting(app.installation.sources, before=full)
        app.installation.sources.add("counted", lambda: counting)
        text = f"counted:{source}"
        with pytest.raises(DiskFullError):
            [one async for one in app.rehearse(text, app.dry_run_request(text))]
