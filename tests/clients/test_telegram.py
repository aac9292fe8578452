"""The client against a server that is real but ours: every outcome by type, sends that are never repeated by it."""

import hashlib
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from tests.sandbox.clients import Scene, jpeg, scene
from transload.clients import telegram
from transload.clients.outcomes import (
    BadItem,
    BrokenOffError,
    Denied,
    Document,
    Done,
    Film,
    Found,
    Gone,
    LoginRefused,
    Me,
    Member,
    PasswordWanted,
    Refused,
    SentBefore,
    Staged,
    Unknown,
    Uploaded,
    Wait,
)
from transload.clients.telegram import PART_BYTES, Access, Chat, Server, Telegram, opened
from transload.errors import AccountError, ConnectError, SettingError
from transload.sandbox import accounts
from transload.sandbox.chats import make_chat, set_role
from transload.sandbox.faults import Fault, read_fault

pytestmark = pytest.mark.anyio


def access(s: Scene, folder: Path, name: str = "a") -> Access:
    server = Server("127.0.0.1", s.box.world.port, s.box.key.public_pem)
    return Access(1, "hash", folder / f"{name}.session", server)


@asynccontextmanager
async def as_ann(s: Scene, folder: Path) -> AsyncGenerator[Telegram]:
    async with opened(access(s, folder)) as client:
        assert await client.send_code("49111") is None
        assert await client.give_code("49111", s.code) == Me(s.ann, "Ann", False)
        yield client


async def chat_with(client: Telegram, name: str) -> Chat:
    chat = await client.chat(name)
    assert isinstance(chat, Chat)
    return chat


async def uploaded(client: Telegram, data: bytes, name: str) -> Uploaded:
    file_id, big = random.getrandbits(60), len(data) > telegram.BIG_BYTES
    total = -(-len(data) // PART_BYTES)
    for n in range(total):
        part = data[n * PART_BYTES : (n + 1) * PART_BYTES]
        assert await client.upload_part(file_id, n, total, part, big=big) == Done(None)
    md5 = "" if big else hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Uploaded(file_id, total, name, md5)


async def staged(outcome: Done[Staged] | Refused) -> Staged:
    assert isinstance(outcome, Done)
    return outcome.value


async def test_an_album_of_a_photo_and_a_film_is_found_again(tmp_path: Path) -> None:
    film = random.Random(5).randbytes(3 * PART_BYTES + 5)
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        bob = await chat_with(client, "@bob")
        photo = await staged(
            await client.stage_photo(bob, await uploaded(client, jpeg(90, 60).getvalue(), "a.jpg"))
        )
        thumb = await uploaded(client, jpeg(320, 180).getvalue(), "thumb.jpg")
        video = await staged(
            await client.stage_document(
                bob,
                await uploaded(client, film, "b.mp4"),
                Document("b.mp4", "video/mp4", Film(1280, 720, 12.5), thumb),
            )
        )
        sent = await client.send_album(bob, [Member(photo, 11, "first"), Member(video, 12)])
        assert isinstance(sent, Done)
        recent = await client.find_recent(bob)
        assert recent == Done(
            [Found(sent.value[1], video.id), Found(sent.value[0], photo.id, "first")]
        )
        assert await client.find_recent(bob, after=sent.value[0]) == Done([recent.value[0]])
        pieces = [piece async for piece in client.download(bob, sent.value[1])]
        assert b"".join(pieces) == film


async def test_a_big_file_and_a_text_and_its_edit(tmp_path: Path) -> None:
    data = random.Random(6).randbytes(telegram.BIG_BYTES + 1)
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        bob = await chat_with(client, "bob")
        file = await uploaded(client, data, "big.bin")
        document = await staged(await client.stage_document(bob, file, Document(file.name, "a/b")))
        one = await client.send_one(bob, Member(document, 21, "here"))
        text = await client.send_text(bob, "working", 22)
        assert isinstance(one, Done)
        assert isinstance(text, Done)
        assert await client.edit_text(bob, text.value[0], "done") == Done(None)
        assert await client.edit_text(bob, text.value[0], "done") == Done(None)
        recent = await client.find_recent(bob, limit=2)
        assert recent == Done(
            [Found(text.value[0], None, "done"), Found(one.value[0], document.id, "here")]
        )


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("FLOOD_WAIT_7", Wait(7, "account", "FLOOD_WAIT")),
        ("FLOOD_PREMIUM_WAIT_5", Wait(5, "uploads", "FLOOD_PREMIUM_WAIT")),
        ("SLOWMODE_WAIT_9", Wait(9, "chat", "SLOW_MODE_WAIT")),
        ("MEDIA_INVALID", BadItem("MEDIA_INVALID")),
        ("PHOTO_INVALID_DIMENSIONS", BadItem("PHOTO_INVALID_DIMENSIONS")),
        ("FILE_PART_3_MISSING", Gone("parts", 3)),
        ("FILE_PARTS_INVALID", Gone("parts")),
        ("FILE_REFERENCE_EXPIRED", Gone("reference")),
        ("CHAT_WRITE_FORBIDDEN", Denied("CHAT_WRITE_FORBIDDEN")),
        ("USER_BANNED_IN_CHANNEL", Denied("USER_BANNED_IN_CHANNEL")),
        ("RPC_CALL_FAIL:code=500", Unknown("RPC_CALL_FAIL")),
    ],
)
async def test_what_is_refused_becomes_an_outcome(
    fault: str, outcome: Refused, tmp_path: Path
) -> None:
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        bob = await chat_with(client, "bob")
        s.box.faults.plan(read_fault(f"messages.sendMessage:{fault}"))
        assert await client.send_text(bob, "x", 31) == outcome
        assert s.box.faults.count("messages.sendMessage") == 1


async def test_a_lost_answer_is_unknown_and_posted_once(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        bob = await chat_with(client, "bob")
        s.box.faults.plan(Fault("messages.sendMessage", "answer_then_drop"))
        assert await client.send_text(bob, "once", 41) == SentBefore()
        recent = await client.find_recent(bob)
        assert isinstance(recent, Done)
        assert [one.text for one in recent.value] == ["once"]


async def test_an_ended_session_is_an_error_of_its_own(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        bob = await chat_with(client, "bob")
        accounts.revoke(s.box.world.store, s.ann)
        with pytest.raises(AccountError, match="ended this session"):
            await client.send_text(bob, "x", 51)


async def test_what_nobody_has_is_denied(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        assert await client.chat("@nobody_at_all") == Denied("PEER_ID_INVALID")
        bob = await chat_with(client, "bob")
        with pytest.raises(KeyError):
            await anext(aiter(client.download(bob, 999)))


async def test_a_download_goes_on_where_it_was(tmp_path: Path) -> None:
    data = random.Random(8).randbytes(3 * PART_BYTES)
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        bob, got = await chat_with(client, "bob"), bytearray()
        file = await uploaded(client, data, "x.bin")
        document = await staged(await client.stage_document(bob, file, Document(file.name, "a/b")))
        sent = await client.send_one(bob, Member(document, 81))
        assert isinstance(sent, Done)
        s.box.faults.plan(read_fault("upload.getFile:FLOOD_PREMIUM_WAIT_3:skip=1"))
        with pytest.raises(BrokenOffError) as broken:
            await _drained(client.download(bob, sent.value[0]), got)
        assert broken.value.outcome == Wait(3, "uploads", "FLOOD_PREMIUM_WAIT")
        assert len(got) == PART_BYTES
        await _drained(client.download(bob, sent.value[0], len(got)), got)
        assert got == data


async def _drained(pieces: AsyncIterator[bytes], into: bytearray) -> None:
    async for piece in pieces:
        into += piece


async def test_a_topic_of_a_forum_takes_an_album(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as client:
        make_chat(s.box.world.store, "supergroup", "F", s.ann, username="forum", forum=True)
        forum = await chat_with(client, "forum")
        assert await client.send_text(forum, "x", 61, topic=99) == Denied("TOPIC_DELETED")
        assert isinstance(await client.send_text(forum, "x", 62, topic=1), Done)


async def test_messages_are_heard(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s, as_ann(s, tmp_path) as ann:
        group = make_chat(s.box.world.store, "supergroup", "G", s.ann, username="group")
        set_role(s.box.world.store, group.id, s.bob, "member")
        async with opened(access(s, tmp_path, "b"), updates=True) as bob:
            await bob.send_code("49222")
            await bob.give_code("49222", s.code)
            heard, done = list[tuple[int, str]](), anyio.Event()

            async def hear(chat: int, found: Found) -> None:
                heard.append((chat, found.text))
                done.set()

            bob.on_message(hear)
            await ann.send_text(await chat_with(ann, "group"), "hello", 71)
            with anyio.fail_after(5):
                await done.wait()
            assert heard == [(group.marked, "hello")]


async def test_a_bot_reads_no_history(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s, opened(access(s, tmp_path)) as client:
        assert await client.give_token("1:no") == LoginRefused("bad_token", "ACCESS_TOKEN_INVALID")
        assert isinstance(await client.give_token(s.box.add_bot("a_bot")), Me)
        bob = await chat_with(client, "bob")
        assert await client.find_recent(bob) == Denied("BOT_METHOD_INVALID")


async def test_each_step_of_a_login_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path / "box", password="pw") as s:
        async with opened(access(s, tmp_path)) as client:
            assert await client.me() is None
            refused = await client.send_code("4999")
            assert refused == LoginRefused("no_account", "PHONE_NUMBER_UNOCCUPIED")
            assert await client.send_code("49111") is None
            assert await client.give_code("49111", "0") == LoginRefused(
                "wrong_code", "PHONE_CODE_INVALID"
            )
            assert await client.give_code("49111", s.code) == PasswordWanted()
            assert await client.give_password("no") == LoginRefused(
                "wrong_password", "PASSWORD_HASH_INVALID"
            )
            assert await client.give_password("pw") == Me(s.ann, "Ann", False)
        async with opened(access(s, tmp_path)) as again:
            assert await again.me() == Me(s.ann, "Ann", False)


async def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    async with scene(tmp_path / "box") as s:
        gone, key = s.box.world.port, s.box.key.public_pem
    for server, error in (
        (Server("127.0.0.1", gone, key), ConnectError),
        (Server("127.0.0.1", gone, "-----BEGIN nonsense"), SettingError),
    ):
        with pytest.raises(error):
            async with opened(Access(1, "hash", tmp_path / "a.session", server)):
                pass


def test_the_cipher_is_named() -> None:
    assert telegram.cipher() == "cryptg"
