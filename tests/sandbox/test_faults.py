"""Each fault happens exactly when told, and no other time."""

import contextlib
import random
import time
from pathlib import Path
from typing import Any

import pytest
from telethon import errors, functions, types

from tests.sandbox.clients import named, scene, telethon
from transload.sandbox.faults import Act, Fault, Faults, Line, read_fault

pytestmark = pytest.mark.anyio
f = functions.messages
SEND = "messages.sendMessage"


async def test_an_error_comes_after_the_skipped_and_so_often(tmp_path: Path) -> None:
    refusing = Fault(SEND, error="CHAT_WRITE_FORBIDDEN", code=403, skip=1, times=2)
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.faults.plan(refusing)
        await ann.send_message("bob", "0")
        for n in (1, 2):
            with pytest.raises(errors.ChatWriteForbiddenError):
                await ann.send_message("bob", str(n))
        for n in (3, 4):
            await ann.send_message("bob", str(n))
        assert (s.box.faults.count(SEND), refusing.happened) == (5, 2)
        assert [m.text for m in await ann.get_messages("bob", limit=9)] == ["4", "3", "0"]


@pytest.mark.parametrize(
    ("error", "kind", "seconds"),
    [
        ("FLOOD_WAIT_7", errors.FloodWaitError, 7),
        ("FLOOD_PREMIUM_WAIT_5", errors.FloodPremiumWaitError, 5),
        ("SLOWMODE_WAIT_9", errors.SlowModeWaitError, 9),
    ],
)
async def test_waits_of_each_scope_keep_their_seconds(
    error: str, kind: Any, seconds: int, tmp_path: Path
) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.faults.plan(read_fault(f"messages.send*:{error}"))
        with pytest.raises(kind) as told:
            await ann.send_message("bob", "x")
        assert told.value.seconds == seconds


async def test_a_fault_is_one_users_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        s.box.faults.plan(Fault(SEND, user=s.bob))
        await ann.send_message("bob", "x")
        with pytest.raises(errors.FloodWaitError):
            await bob.send_message("ann", "x")


async def test_a_drop_before_leaves_no_effect(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.faults.plan(Fault(SEND, "drop"))
        await ann.send_message("bob", "x")  # Telethon connects again and repeats it
        assert s.box.faults.count(SEND) == 2
        assert len(await ann.get_messages("bob", limit=9)) == 1


async def test_a_lost_answer_has_its_effect_and_a_repetition_is_noticed(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann, request_retries=0) as ann:
        s.box.faults.plan(Fault(SEND, "answer_then_drop"))
        with pytest.raises(ValueError, match="unsuccessful"):
            await ann(f.SendMessageRequest("bob", "x", random_id=5))
        assert len(await ann.get_messages("bob", limit=9)) == 1


async def test_a_delay_takes_its_time(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.faults.plan(Fault(SEND, "delay", delay_s=0.3))
        before = time.monotonic()
        await ann.send_message("bob", "x")
        assert time.monotonic() - before >= 0.3


async def test_round_trip_and_bandwidth_bound_an_upload(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.faults.line = Line(bandwidth=1_000_000, round_trip_s=0.05)
        before = time.monotonic()
        await ann.upload_file(named(random.Random(4).randbytes(512 * 1024), "x"), part_size_kb=256)
        assert time.monotonic() - before >= 0.5 + 2 * 0.05


async def test_a_connection_closes_after_so_many_bytes_and_the_upload_goes_on(
    tmp_path: Path,
) -> None:
    data = random.Random(3).randbytes(1024 * 1024)  # or it would be packed small on its way
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.faults.line = Line(close_after=700_000)
        sent = await ann.send_file("bob", named(data, "x.bin"), part_size_kb=128)
        assert s.box.faults.line.closed == 1
        s.box.faults.clear()
        assert await ann.download_media(sent, bytes) == data


async def test_a_skewed_clock_is_learned(tmp_path: Path) -> None:
    async with scene(tmp_path, faults=Faults(skew_s=-7200)) as s, telethon(s.box, s.ann) as ann:
        sent = await ann.send_message("bob", "x")
        assert abs(sent.date.timestamp() - (time.time() - 7200)) < 30


async def test_a_restart_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        port, key = s.box.world.port, s.box.preset_key(s.ann)
        async with telethon(s.box, s.ann) as ann:
            await ann.send_message("bob", "before")
    async with scene(tmp_path, port=port) as s:
        assert s.box.world.store.one("select count(*) from keys where key = ?", key) == (1,)
        async with telethon(s.box, s.ann) as ann:
            await ann.send_message("bob", "after")
            assert [m.text for m in await ann.get_messages("bob", limit=9)] == ["after", "before"]


def test_faults_are_read_from_words() -> None:
    assert read_fault("messages.sendMedia:FLOOD_WAIT_5:skip=2:times=3") == Fault(
        "messages.sendMedia", error="FLOOD_WAIT_5", code=420, skip=2, times=3
    )
    assert read_fault("*:CHAT_WRITE_FORBIDDEN").code == 403
    assert read_fault("*:AUTH_KEY_UNREGISTERED").code == 401
    assert read_fault("*:MEDIA_EMPTY").code == 400
    assert read_fault("*:INTERNAL").code == 500
    assert read_fault("*:RPC_CALL_FAIL:code=500").code == 500
    assert read_fault("upload.*:drop:about=a b.jpg:skip=1") == Fault(
        "upload.*", "drop", skip=1, about="a b.jpg"
    )
    assert read_fault("upload.*:drop").act == "drop"
    assert read_fault("upload.*:answer_then_drop").act == "answer_then_drop"
    assert read_fault("upload.*:delay=1.5").delay_s == 1.5


@pytest.mark.parametrize(
    "text", ["", "messages.sendMedia", "x:", "x:about=y", "x:drop:often=2", "x:delay=soon"]
)
def test_words_that_are_no_fault_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_fault(text)


def test_clearing_ends_all_faults() -> None:
    faults = Faults(line=Line(bandwidth=1), skew_s=9)
    faults.plan(Fault("*"))
    faults.clear()
    assert faults.of("x", None) is None
    assert (faults.line, faults.skew_s) == (Line(), 0.0)


async def test_a_fault_may_be_about_one_file_when_it_is_brought_and_when_it_is_sent(
    tmp_path: Path,
) -> None:
    about = Fault("messages.*", error="MEDIA_INVALID", code=400, about="bad", times=9)
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        for name in ("good.bin", "bad.bin"):
            file = await ann.upload_file(named(b"x", name))
            media = types.InputMediaUploadedDocument(file, "a/b", [], force_file=True)
            staged = await ann(f.UploadMediaRequest("bob", media))
            s.box.faults.plan(about)
            document = types.InputMediaDocument(
                types.InputDocument(
                    staged.document.id, staged.document.access_hash, staged.document.file_reference
                )
            )
            request = f.SendMultiMediaRequest("bob", [types.InputSingleMedia(document, "")])
            if name == "good.bin":
                await ann(request)
                s.box.faults.clear()
                continue
            with pytest.raises(errors.MediaInvalidError):
                await ann(request)
            with pytest.raises(errors.MediaInvalidError):
                await ann(f.UploadMediaRequest("bob", media))
        assert about.happened == 2


async def test_a_fault_knows_a_file_by_each_of_its_names(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        file = await ann.upload_file(named(b"x", "sent.bin"))
        big = types.InputFileBig(file.id, 1, "large.bin")
        shown = [types.DocumentAttributeFilename("shown.bin")]
        for name, part in (("sent", file), ("shown", file), ("large", big), ("shown", big)):
            s.box.faults.plan(Fault("messages.*", error="MEDIA_INVALID", code=400, about=name))
            media = types.InputMediaUploadedDocument(part, "a/b", shown)
            with pytest.raises(errors.MediaInvalidError):
                await ann(f.SendMediaRequest("bob", media, ""))
        s.box.faults.plan(other := Fault("*", about="other"), unnamed := Fault("*", about=" "))
        photo = types.InputMediaPhoto(types.InputPhoto(5, 5, b""))
        with pytest.raises(errors.MediaInvalidError):
            await ann(f.SendMediaRequest("bob", photo, ""))
        await ann.send_message("bob", "other words are no name")
        assert (other.happened, unnamed.happened) == (0, 0)


@pytest.mark.parametrize(
    ("act", "there"), [("error", 0), ("drop", 0), ("delay", 0), ("answer_then_drop", 1)]
)
async def test_what_is_to_happen_then_happens_on_its_side_of_the_effect(
    act: Act, there: int, tmp_path: Path
) -> None:
    seen: list[int] = []
    async with scene(tmp_path) as s, telethon(s.box, s.ann, request_retries=0) as ann:

        def look() -> None:
            seen.append(len(s.box.world.store.letters("box = ?", s.ann)))

        s.box.faults.plan(Fault(SEND, act, then=look))
        with contextlib.suppress(ValueError, errors.FloodWaitError):
            await ann(f.SendMessageRequest("bob", "x", random_id=5))
    assert seen == [there]


async def test_parts_that_came_are_counted(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        for _ in range(2):
            await ann(functions.upload.SaveFilePartRequest(7, 0, b"abc"))
        with pytest.raises(errors.FilePartEmptyError):
            await ann(functions.upload.SaveFilePartRequest(7, 1, b""))
        assert s.box.faults.parts == [(7, 0, 3), (7, 0, 3)]


def test_what_came_is_forgotten_and_what_is_planned_is_not() -> None:
    faults = Faults(parts=[(7, 0, 3)])
    faults.plan(planned := Fault("x", skip=1))
    assert faults.of("x", None) is None
    faults.forget()
    assert (faults.count("*"), faults.parts) == (0, [])
    assert faults.of("x", None) is planned
