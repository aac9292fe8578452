"""Stock clients against the server: the key exchange, messages, albums, files, updates."""

import hashlib
import random
from pathlib import Path
from typing import Any

import anyio
import pytest
from telethon import events
from telethon.network.connection import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
)
from telethon.tl.types import DocumentAttributeVideo, InputMediaUploadedDocument

from tests.sandbox.clients import BOB, jpeg, named, scene, telethon

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "transport", [ConnectionTcpFull, ConnectionTcpIntermediate, ConnectionTcpAbridged]
)
async def test_a_stock_client_gets_a_key_and_signs_in(transport: type, tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, connection=transport) as client:
        await client.send_code_request(BOB)
        me = await client.sign_in(BOB, s.code)
        assert (me.id, me.first_name, me.username) == (s.bob, "Bob", "bob")
        assert await client.is_user_authorized()


async def test_a_message_reaches_the_other_side_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        heard, done = list[Any](), anyio.Event()

        async def hear(event: Any) -> None:
            heard.append(event.message)
            done.set()

        bob.add_event_handler(hear, events.NewMessage())
        sent = await ann.send_message("@bob", "hello **there**")
        with anyio.fail_after(5):
            await done.wait()
        assert [(one.text, one.sender_id, one.out) for one in heard] == [
            ("hello **there**", s.ann, False)
        ]
        assert sent.out


async def test_all_sessions_of_both_sides_hear_of_a_message(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.ann) as too:
        heard, both = list[tuple[str, bool]](), anyio.Event()

        async def hear(event: Any) -> None:
            heard.append((event.message.text, event.message.out))
            if len(heard) == 2:
                both.set()

        async with telethon(s.box, s.bob) as bob:
            for client in (too, bob):
                client.add_event_handler(hear, events.NewMessage())
            await ann.send_message("bob", "to all")
            with anyio.fail_after(5):
                await both.wait()
        assert sorted(heard) == [("to all", False), ("to all", True)]


async def test_an_album_arrives_whole_and_its_files_are_equal(tmp_path: Path) -> None:
    film = random.Random(1).randbytes(700_001)
    video = DocumentAttributeVideo(duration=2.5, w=320, h=240, supports_streaming=True)
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        file = await ann.upload_file(named(film, "film.mp4"), part_size_kb=512)
        media = InputMediaUploadedDocument(file, "video/mp4", [video], nosound_video=True)
        pictures = await ann.upload_file(jpeg(1600, 900))
        sent = await ann.send_file("@bob", [pictures, media], caption=["first", "second"])
        assert len({one.grouped_id for one in sent}) == 1
        got = (await bob.get_messages("ann", limit=2))[::-1]
        assert [one.message for one in got] == ["first", "second"]
        assert got[0].photo is not None
        assert await bob.download_media(got[1], bytes) == film
        assert (got[1].file.width, got[1].file.height, got[1].file.duration) == (320, 240, 2.5)
        assert got[1].video.attributes[0].supports_streaming


async def test_a_large_document_is_equal_after_both_ways(tmp_path: Path) -> None:
    data = random.Random(2).randbytes(11 * 1024 * 1024 + 7)
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        await ann.send_file("@bob", named(data, "large.bin"), force_document=True)
        (got,) = await bob.get_messages("ann", limit=1)
        back = await bob.download_media(got, bytes)
        assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
        assert got.file.name == "large.bin"
