"""File references: they name a medium for a while only."""

from pathlib import Path

import pytest
from telethon import errors, functions, types

from tests.sandbox.clients import named, scene, telethon
from transload.sandbox.world import Rules

pytestmark = pytest.mark.anyio


async def test_a_reference_expires_and_a_message_gives_a_fresh_one(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        sent = await ann.send_file("bob", named(b"abc", "x.bin"))
        document = sent.document
        s.box.expire_references()
        again = types.InputMediaDocument(
            types.InputDocument(document.id, document.access_hash, document.file_reference)
        )
        with pytest.raises(errors.FileReferenceExpiredError):
            await ann(functions.messages.SendMediaRequest("bob", again, ""))
        (fresh,) = await ann.get_messages("bob", limit=1)
        assert fresh.document.file_reference != document.file_reference
        await ann.send_file("bob", fresh.document)


async def test_a_reference_ends_with_its_time(tmp_path: Path) -> None:
    async with (
        scene(tmp_path, rules=Rules(reference_life_s=-5)) as s,
        telethon(s.box, s.ann) as ann,
    ):
        sent = await ann.send_file("bob", named(b"abc", "x.bin"))
        with pytest.raises(errors.FileReferenceExpiredError):
            await ann(functions.messages.SendMediaRequest("bob", sent.media, ""))


@pytest.mark.parametrize(
    ("reference", "wrong_hash", "error"),
    [
        (b"", 0, errors.FileReferenceEmptyError),
        (b"x" * 20, 0, errors.FileReferenceInvalidError),
        (None, 1, errors.MediaInvalidError),
    ],
)
async def test_a_reference_that_was_never_given_is_refused(
    reference: bytes | None, wrong_hash: int, error: type[Exception], tmp_path: Path
) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        document = (await ann.send_file("bob", named(b"abc", "x.bin"))).document
        given = document.file_reference if reference is None else reference
        ident = types.InputDocument(document.id, document.access_hash + wrong_hash, given)
        with pytest.raises(error):
            await ann(
                functions.messages.SendMediaRequest("bob", types.InputMediaDocument(ident), "")
            )
