"""How peers are named, and who may not name them so."""

from pathlib import Path

import pytest
from telethon import errors, functions, types

from tests.sandbox.clients import scene, telethon

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("peer", "error"),
    [
        (types.InputPeerUser(1_000_002, 5), errors.PeerIdInvalidError),
        (types.InputPeerUser(99, 0), errors.PeerIdInvalidError),
        (types.InputPeerChat(99), errors.PeerIdInvalidError),
        (types.InputPeerChannel(99, 0), errors.ChannelInvalidError),
        (types.InputPeerEmpty(), errors.PeerIdInvalidError),
    ],
)
async def test_a_peer_that_was_never_met_is_refused(
    peer: object, error: type[Exception], tmp_path: Path
) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        with pytest.raises(error):
            await ann(functions.messages.SendMessageRequest(peer, "x"))


async def test_a_bot_may_name_a_user_by_number_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as bot:
        await bot.sign_in(bot_token=s.box.add_bot("plain_bot"))
        await bot(functions.messages.SendMessageRequest(types.InputPeerUser(s.ann, 0), "x"))
