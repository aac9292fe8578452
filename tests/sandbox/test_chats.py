"""Groups, supergroups with topics, channels; joining, leaving, inviting."""

from pathlib import Path
from typing import Any

import pytest
from telethon import errors, functions, types

from tests.sandbox.clients import jpeg, scene, telethon
from transload.sandbox.chats import make_chat, set_role

pytestmark = pytest.mark.anyio
channels, messages = functions.channels, functions.messages


async def test_a_channel_is_made_and_joined_by_its_invite(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        made = await ann(channels.CreateChannelRequest("News", "", broadcast=True))
        (chat,) = made.chats
        link = (await ann(messages.ExportChatInviteRequest(chat))).link
        secret = link.rpartition("+")[2]
        shown = await bob(messages.CheckChatInviteRequest(secret))
        assert (shown.title, shown.broadcast, shown.megagroup) == ("News", True, False)
        await bob(messages.ImportChatInviteRequest(secret))
        with pytest.raises(errors.UserAlreadyParticipantError):
            await bob(messages.ImportChatInviteRequest(secret))
        assert isinstance(
            await bob(messages.CheckChatInviteRequest(secret)), types.ChatInviteAlready
        )
        await ann.send_message(chat, "for all")
        (got,) = await bob.get_messages(chat.id, limit=1)
        assert (got.text, got.sender_id) == ("for all", got.chat_id)


async def test_an_unknown_invite_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        with pytest.raises(errors.InviteHashExpiredError):
            await ann(messages.CheckChatInviteRequest("of another server"))
        with pytest.raises(errors.InviteHashInvalidError):
            await ann(messages.CheckChatInviteRequest("x"))


async def test_a_group_of_a_few_is_in_every_box(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        made = await ann(messages.CreateChatRequest(["bob"], "Us"))
        (group,) = made.updates.chats
        await ann.send_message(group, "hi")
        (got,) = await bob.get_messages(types.InputPeerChat(group.id), limit=1)
        assert (got.text, got.sender_id) == ("hi", s.ann)
        found = await bob(messages.GetChatsRequest([group.id]))
        assert found.chats[0].participants_count == 2


async def test_a_public_channel_is_joined_and_left(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as bob:
        make_chat(s.box.world.store, "channel", "News", s.ann, username="news")
        with pytest.raises(errors.ChannelPrivateError):
            await bob.get_messages("news")
        await bob(channels.JoinChannelRequest("news"))
        assert await bob.get_messages("news") == []
        full = await bob(channels.GetFullChannelRequest("news"))
        assert full.full_chat.pts == 1
        await bob(channels.LeaveChannelRequest("news"))
        with pytest.raises(errors.ChannelPrivateError):
            await bob.get_messages("news")


async def test_who_is_banned_stays_out(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.bob) as bob:
        chat = make_chat(s.box.world.store, "channel", "News", s.ann, username="news")
        set_role(s.box.world.store, chat.id, s.bob, "banned")
        with pytest.raises(errors.UserBannedInChannelError):
            await bob(channels.JoinChannelRequest("news"))
        set_role(s.box.world.store, chat.id, s.bob, "member")
        with pytest.raises(errors.ChatAdminRequiredError):
            await bob(messages.ExportChatInviteRequest("news"))


async def test_what_somebody_may_do_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        chat = make_chat(s.box.world.store, "channel", "News", s.ann, username="news")
        set_role(s.box.world.store, chat.id, s.bob, "admin")
        kinds = list[Any]()
        for who in ("me", "bob"):
            found = await ann(channels.GetParticipantRequest("news", who))
            kinds.append(type(found.participant).__name__)
        assert kinds == ["ChannelParticipantCreator", "ChannelParticipantAdmin"]
        set_role(s.box.world.store, chat.id, s.bob, None)
        with pytest.raises(errors.UserNotParticipantError):
            await ann(channels.GetParticipantRequest("news", "bob"))


async def test_topics_hold_their_own_messages(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        make_chat(s.box.world.store, "supergroup", "Forum", s.ann, username="forum", forum=True)
        made = await ann(messages.CreateForumTopicRequest("forum", "Photos"))
        topic = made.updates[0].message.id
        await ann.send_message("forum", "in general")
        await ann.send_message("forum", "a photo", reply_to=topic)
        inside = [one.text async for one in ann.iter_messages("forum", reply_to=topic)]
        assert inside == ["a photo"]
        found = await ann(messages.GetForumTopicsRequest("forum", None, 0, 0, 9))
        assert [(one.id, one.title) for one in found.topics] == [(topic, "Photos")]
        with pytest.raises(errors.TopicDeletedError):
            await ann.send_message("forum", "nowhere", reply_to=999)


async def test_a_plain_group_has_no_topics(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        make_chat(s.box.world.store, "supergroup", "Plain", s.ann, username="plain")
        with pytest.raises(errors.ChannelForumMissingError):
            await ann(messages.CreateForumTopicRequest("plain", "Photos"))


async def test_names_lead_to_people_and_channels(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        chat = make_chat(s.box.world.store, "channel", "News", s.ann, username="news")
        assert (await ann.get_entity("@BOB")).id == s.bob
        assert (await ann.get_entity("t.me/news")).id == chat.id
        with pytest.raises(ValueError, match="nobody"):
            await ann.get_entity("@nobody")


async def test_a_group_that_became_a_supergroup_says_so_and_takes_nothing(tmp_path: Path) -> None:
    """PEER_ID_INVALID: listed for messages.sendMessage and uploadMedia, and what clients report of such groups."""
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        group = make_chat(s.box.world.store, "group", "Friends", s.ann)
        await ann.send_message(types.PeerChat(group.id), "before")
        await ann(messages.MigrateChatRequest(group.id))
        old = await ann.get_entity(types.PeerChat(group.id))
        assert old.deactivated
        await ann.send_message(types.PeerChannel(old.migrated_to.channel_id), "here")
        peer, photo = types.InputPeerChat(group.id), jpeg(9, 9)
        brought = types.InputMediaUploadedPhoto(await ann.upload_file(photo))
        for request in (
            messages.SendMessageRequest(peer, "there"),
            messages.SendMediaRequest(peer, brought, ""),
            messages.SendMultiMediaRequest(peer, [types.InputSingleMedia(brought, "")]),
            messages.UploadMediaRequest(peer, brought),
        ):
            with pytest.raises(errors.PeerIdInvalidError):
                await ann(request)
        (last,) = await ann.get_messages(peer, limit=1)  # as clients show it above the new messages
        assert last.text == "before"


async def test_who_was_in_a_group_is_the_same_in_its_supergroup(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        store = s.box.world.store
        group, eve = make_chat(store, "group", "Friends", s.ann), s.box.add_user("49333", "Eve")
        set_role(store, group.id, s.bob, "admin")
        set_role(store, group.id, eve, "read_only")
        with pytest.raises(errors.ChatAdminRequiredError):
            await bob(messages.MigrateChatRequest(group.id))
        made = await ann(messages.MigrateChatRequest(group.id))
        (new,) = [chat for chat in made.chats if isinstance(chat, types.Channel)]
        assert (new.title, new.megagroup) == ("Friends", True)
        roles = [store.role(new.id, user) for user in (s.ann, s.bob, eve)]
        assert roles == ["creator", "admin", "read_only"]
        with pytest.raises(errors.ChatIdInvalidError):
            await ann(messages.MigrateChatRequest(group.id))
