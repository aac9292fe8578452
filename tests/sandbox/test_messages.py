"""Sending: what is refused as Telegram refuses it, edits, deletions, buttons."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from telethon import Button, errors, events, functions, types

from tests.sandbox.clients import jpeg, kurigram, named, scene, telethon
from transload.sandbox.chats import make_chat, set_role

pytestmark = pytest.mark.anyio
f = functions.messages


async def staged_photos(client: Any, count: int) -> list[Any]:
    """Photos that were staged, ready for an album."""
    members = list[Any]()
    for n in range(count):
        file = await client.upload_file(jpeg(100 + n, 100))
        media = await client(f.UploadMediaRequest("bob", types.InputMediaUploadedPhoto(file)))
        photo = media.photo
        ident = types.InputPhoto(photo.id, photo.access_hash, photo.file_reference)
        members.append(types.InputSingleMedia(types.InputMediaPhoto(ident), "", random_id=n + 1))
    return members


async def staged_document(client: Any, mime: str, attributes: Sequence[Any]) -> Any:
    file = await client.upload_file(named(mime.encode() * 99, "x.bin"))
    given = types.InputMediaUploadedDocument(file, mime, [*attributes])
    document = (await client(f.UploadMediaRequest("bob", given))).document
    ident = types.InputDocument(document.id, document.access_hash, document.file_reference)
    return types.InputSingleMedia(types.InputMediaDocument(ident), "", random_id=hash(mime) or 1)


async def test_lengths_of_texts_and_captions(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        await ann(f.SendMessageRequest("bob", "x" * 4096))
        with pytest.raises(errors.MessageTooLongError):
            await ann(f.SendMessageRequest("bob", "x" * 4097))
        with pytest.raises(errors.MessageEmptyError):
            await ann(f.SendMessageRequest("bob", " "))
        photo = types.InputMediaUploadedPhoto(await ann.upload_file(jpeg(100, 100)))
        await ann(f.SendMediaRequest("bob", photo, "x" * 1024))
        with pytest.raises(errors.MediaCaptionTooLongError):
            await ann(f.SendMediaRequest("bob", photo, "x" * 1025))


async def test_albums_have_two_to_ten_staged_members(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        members = await staged_photos(ann, 11)
        with pytest.raises(errors.MultiMediaTooLongError):
            await ann(f.SendMultiMediaRequest("bob", members))
        with pytest.raises(errors.MediaEmptyError):
            await ann(f.SendMultiMediaRequest("bob", []))
        fresh = types.InputMediaUploadedPhoto(await ann.upload_file(jpeg(9, 9)))
        with pytest.raises(errors.MediaInvalidError):
            await ann(
                f.SendMultiMediaRequest("bob", [types.InputSingleMedia(fresh, ""), *members[:1]])
            )
        assert await ann.get_messages("bob") == []
        sent = await ann(f.SendMultiMediaRequest("bob", members[:10]))
        fresh_ones = [one for one in sent.updates if isinstance(one, types.UpdateNewMessage)]
        assert len({one.message.grouped_id for one in fresh_ones}) == 1
        assert len(fresh_ones) == 10


async def test_documents_and_photos_share_no_album(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        photos = await staged_photos(ann, 1)
        video = await staged_document(
            ann, "video/webm", [types.DocumentAttributeVideo(duration=1.0, w=9, h=9)]
        )
        paper = await staged_document(ann, "application/pdf", [])
        sound = await staged_document(ann, "audio/mpeg", [types.DocumentAttributeAudio(3)])
        for other in (paper, sound):
            with pytest.raises(errors.MediaGroupedInvalidError):
                await ann(f.SendMultiMediaRequest("bob", [*photos, other]))
        await ann(f.SendMultiMediaRequest("bob", [*photos, video]))


async def test_a_random_id_is_taken_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann, request_retries=0) as ann:
        await ann(f.SendMessageRequest("bob", "once", random_id=7))
        with pytest.raises(
            ValueError, match="unsuccessful"
        ):  # what Telethon makes of a code of 500
            await ann(f.SendMessageRequest("bob", "once", random_id=7))
        with pytest.raises(errors.RandomIdEmptyError):
            await ann(f.SendMessageRequest("bob", "none", random_id=0))
        assert [one.text for one in await ann.get_messages("bob", limit=9)] == ["once"]


async def test_a_random_id_of_a_medium_is_taken_once(tmp_path: Path) -> None:
    options = {"request_retries": 0, "raise_last_call_error": True}
    async with scene(tmp_path) as s, telethon(s.box, s.ann, **options) as ann:
        members = await staged_photos(ann, 2)
        await ann(f.SendMultiMediaRequest("bob", members))
        again, fresh = members[0], members[1]
        fresh.random_id = 77
        for request in (
            f.SendMultiMediaRequest("bob", [fresh, again]),
            f.SendMediaRequest("bob", again.media, "", random_id=again.random_id),
        ):
            with pytest.raises(errors.RandomIdDuplicateError):
                await ann(request)
        assert len(await ann.get_messages("bob", limit=9)) == 2
        await ann(f.SendMultiMediaRequest("bob", [fresh]))  # refused whole: its id was not used


async def test_rights_are_kept(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as bob:
        store = s.box.world.store
        channel = make_chat(store, "channel", "News", s.ann, username="news")
        with pytest.raises(errors.ChannelPrivateError):
            await bob.send_message("news", "x")
        set_role(store, channel.id, s.bob, "member")
        with pytest.raises(errors.ChatWriteForbiddenError):
            await bob.send_message("news", "x")
        set_role(store, channel.id, s.bob, "banned")
        with pytest.raises(errors.UserBannedInChannelError):
            await bob.send_message("news", "x")
        set_role(store, channel.id, s.bob, "admin")
        assert (await bob.send_message("news", "x")).post


async def test_slow_mode_tells_how_long(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as bob:
        store = s.box.world.store
        group = make_chat(store, "supergroup", "Slow", s.ann, username="slow")
        set_role(store, group.id, s.bob, "member")
        store.run("update chats set slow_s = 30 where id = ?", group.id)
        await bob.send_message("slow", "one")
        with pytest.raises(errors.SlowModeWaitError) as told:
            await bob.send_message("slow", "two")
        assert 28 <= told.value.seconds <= 30
        set_role(store, group.id, s.bob, "admin")
        await bob.send_message("slow", "administrators are not slowed")


async def test_edits_and_deletions_reach_both_sides(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        sent = await ann.send_message("bob", "first")
        with pytest.raises(errors.MessageNotModifiedError):
            await sent.edit("first")
        await sent.edit("second")
        (got,) = await bob.get_messages("ann")
        assert (got.text, got.edit_date is not None) == ("second", True)
        with pytest.raises(errors.MessageAuthorRequiredError):
            await bob.edit_message("ann", got.id, "third")
        await sent.delete()
        assert await bob.get_messages("ann") == []
        assert await bob.get_messages("ann", ids=got.id) is None


async def test_a_button_reaches_the_bot_and_its_answer_the_user(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box) as bot:
        await bot.sign_in(bot_token=s.box.add_bot("quiz_bot"))

        async def pressed(event: Any) -> None:
            await event.answer(f"you said {event.data.decode()}")

        bot.add_event_handler(pressed, events.CallbackQuery())
        await ann.send_message("quiz_bot", "/start")
        await bot.send_message(s.ann, "well?", buttons=[[Button.inline("Yes", b"yes")]])
        (asked,) = await ann.get_messages("quiz_bot", limit=1)
        answer = await asked.click(0)
        assert answer.message == "you said yes"


async def test_a_bot_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann, request_retries=0) as ann:
        s.box.world.rules.callback_s = 0.05
        async with telethon(s.box) as bot:
            await bot.sign_in(bot_token=s.box.add_bot("mute_bot"))
            await ann.send_message("mute_bot", "/start")
            await bot.send_message(s.ann, "well?", buttons=[[Button.inline("Yes", b"yes")]])
            (asked,) = await ann.get_messages("mute_bot", limit=1)
            with pytest.raises(errors.BotResponseTimeoutError):
                await ann(f.GetBotCallbackAnswerRequest("mute_bot", asked.id, data=b"yes"))


@pytest.mark.timeout(180)
async def test_a_client_of_another_line_sends_an_album_that_is_equal(tmp_path: Path) -> None:
    from pyrogram.types import InputMediaPhoto, InputMediaVideo

    film = bytes(range(256)) * 1000  # its ciphers are Python here, a hundred times slower
    async with scene(tmp_path / "box") as s, telethon(s.box, s.ann) as ann:
        bob = kurigram(s.box, tmp_path, "bob")
        await bob.connect()
        code = await bob.send_code("49222")
        await bob.sign_in("49222", code.phone_code_hash, s.code)
        await bob.disconnect()
        async with bob:
            video = InputMediaVideo(
                named(film, "film.mp4"), width=320, height=240, duration=3, supports_streaming=True
            )
            await bob.send_media_group("ann", [InputMediaPhoto(jpeg(800, 600), caption="c"), video])
            got = (await ann.get_messages("bob", limit=2))[::-1]
            assert [one.message for one in got] == ["c", ""]
            assert len({one.grouped_id for one in got}) == 1
            assert await ann.download_media(got[1], bytes) == film
            assert (got[1].file.width, got[1].file.height, got[1].file.duration) == (320, 240, 3.0)
            last = [one async for one in bob.get_chat_history("ann", limit=1)]
            back = await bob.download_media(last[0], in_memory=True)
            assert bytes(back.getbuffer()) == film
            assert last[0].video.supports_streaming
