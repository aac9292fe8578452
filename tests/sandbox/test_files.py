"""Uploads by parts, what becomes of photos and videos, downloads: each rule refused as Telegram refuses it."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from telethon import errors, functions, types

from tests.sandbox.clients import jpeg, named, scene, telethon
from transload.sandbox.files import has_sound, sweep_parts
from transload.sandbox.world import Rules

pytestmark = pytest.mark.anyio
KIB = 1024
upload = functions.upload


def atom(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def film(*handlers: bytes) -> bytes:
    """As much of an MP4 as tells its tracks."""
    tracks = b"".join(atom(b"trak", atom(b"hdlr", bytes(8) + one)) for one in handlers)
    return atom(b"ftyp", b"isom" + bytes(8)) + atom(b"mdat", bytes(99)) + atom(b"moov", tracks)


async def stage_it(client: Any, media: Any) -> Any:
    return await client(functions.messages.UploadMediaRequest("bob", media))


async def staged_file(client: Any, file: Any, mime: str = "a/b", **more: Any) -> Any:
    return (
        await stage_it(client, types.InputMediaUploadedDocument(file, mime, [], **more))
    ).document


@pytest.mark.parametrize(
    ("number", "total", "size", "error"),
    [
        (0, 2, 0, errors.FilePartEmptyError),
        (0, 2, 512 * KIB + 1, errors.FilePartTooBigError),
        (0, 2, 1000, errors.FilePartSizeInvalidError),
        (0, 2, 3 * KIB, errors.FilePartSizeInvalidError),
        (2, 2, KIB, errors.FilePartInvalidError),
        (-1, 2, KIB, errors.FilePartInvalidError),
        (0, 4001, 512 * KIB, errors.FilePartsInvalidError),
    ],
)
async def test_a_part_that_breaks_a_rule_is_refused(
    number: int, total: int, size: int, error: type[Exception], tmp_path: Path
) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        with pytest.raises(error):
            await ann(upload.SaveBigFilePartRequest(1, number, total, bytes(size)))


async def test_parts_of_one_file_are_of_one_size_and_one_number(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        save = partial(upload.SaveBigFilePartRequest, 1)
        await ann(save(0, 4, bytes(2 * KIB)))
        with pytest.raises(errors.FilePartSizeChangedError):
            await ann(save(1, 4, bytes(KIB)))
        with pytest.raises(errors.FilePartsInvalidError):
            await ann(save(1, 5, bytes(2 * KIB)))


async def test_parts_come_in_any_order_and_a_hole_is_named(tmp_path: Path) -> None:
    data = bytes(range(256)) * 16
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        for number in (3, 0, 1):
            part = data[number * KIB : number * KIB + KIB]
            await ann(upload.SaveBigFilePartRequest(1, number, 4, part))
        file = types.InputFileBig(1, 4, "x.bin")
        with pytest.raises(errors.FilePartMissingError) as told:
            await staged_file(ann, file)
        assert told.value.which == 2
        await ann(upload.SaveBigFilePartRequest(1, 2, 4, data[2 * KIB : 3 * KIB]))
        document = await staged_file(ann, file)
        place = types.InputDocumentFileLocation(
            document.id, document.access_hash, document.file_reference, ""
        )
        assert (await ann(upload.GetFileRequest(place, 0, 4096))).bytes == data


async def test_the_sum_of_a_small_file_must_fit(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        await ann(upload.SaveFilePartRequest(1, 0, b"abc"))
        with pytest.raises(errors.Md5ChecksumInvalidError):
            await staged_file(ann, types.InputFile(1, 1, "x", "0" * 32))
        with pytest.raises(errors.FilePartsInvalidError):
            await staged_file(ann, types.InputFileBig(1, 1, "x"))
        assert (
            await staged_file(ann, types.InputFile(1, 1, "x", "900150983cd24fb0d6963f7d28e17f72"))
        ).size == 3


async def test_a_file_above_ten_megabytes_is_sent_as_a_big_one(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        for number in range(21):
            await ann(upload.SaveFilePartRequest(1, number, bytes(512 * KIB)))
        with pytest.raises(errors.FilePartsInvalidError):
            await staged_file(ann, types.InputFile(1, 21, "x", ""))


def encoded(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("1" if kind == "PNG" else "RGB", (width, height)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "error"),
    [
        (encoded(9000, 1001), "wide.png", errors.PhotoInvalidDimensionsError),
        (encoded(2100, 100), "thin.png", errors.PhotoInvalidDimensionsError),
        (b"no picture", "x.jpg", errors.ImageProcessFailedError),
        (encoded(9, 9), "x.pdf", errors.PhotoExtInvalidError),
        (encoded(9, 9) + bytes(10_000_000), "x.png", errors.PhotoSaveFileInvalidError),
    ],
    ids=["sum", "ratio", "damaged", "ending", "bytes"],
)
async def test_a_photo_that_breaks_a_rule_is_refused(
    data: bytes, name: str, error: type[Exception], tmp_path: Path
) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        file = await ann.upload_file(named(data, name))
        with pytest.raises(error):
            await stage_it(ann, types.InputMediaUploadedPhoto(file))


@pytest.mark.parametrize("size", [(9000, 1000), (2000, 100)])
async def test_a_photo_at_the_edge_is_taken(size: tuple[int, int], tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        file = await ann.upload_file(named(encoded(*size), "edge.png"))
        assert (await stage_it(ann, types.InputMediaUploadedPhoto(file))).photo.sizes


async def test_photos_come_back_encoded_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        photo = jpeg(3000, 1500)
        sent = await ann.send_file("bob", photo)
        back = await ann.download_media(sent, bytes)
        assert back != photo.getvalue()
        with Image.open(io.BytesIO(back)) as image:
            assert image.size == (2560, 1280)
        assert [size.type for size in sent.photo.sizes] == ["m", "x", "y", "w"]


async def test_a_silent_film_becomes_a_gif_unless_told_not_to(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:

        async def is_gif(data: bytes, **more: Any) -> bool:
            file = await ann.upload_file(named(data, "film.mp4"))
            document = await staged_file(ann, file, "video/mp4", **more)
            return any(
                isinstance(one, types.DocumentAttributeAnimated) for one in document.attributes
            )

        assert await is_gif(film(b"vide"))
        assert not await is_gif(film(b"vide"), nosound_video=True)
        assert not await is_gif(film(b"vide"), force_file=True)
        assert not await is_gif(film(b"vide", b"soun"))


async def test_a_thumbnail_is_kept_when_it_is_small_enough(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        for side, kept in ((320, 1), (321, 0)):
            file = await ann.upload_file(named(b"x", "x.bin"))
            thumb = await ann.upload_file(jpeg(side, 100))
            assert len((await staged_file(ann, file, thumb=thumb)).thumbs or []) == kept


@pytest.mark.parametrize(
    ("offset", "limit", "error"),
    [(0, 1000, errors.LimitInvalidError), (7, 4096, errors.OffsetInvalidError)],
)
async def test_pieces_of_a_download_are_aligned(
    offset: int, limit: int, error: type[Exception], tmp_path: Path
) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        document = await staged_file(ann, await ann.upload_file(named(b"x" * 9999, "x")))
        place = types.InputDocumentFileLocation(
            document.id, document.access_hash, document.file_reference, ""
        )
        with pytest.raises(error):
            await ann(upload.GetFileRequest(place, offset, limit))


async def test_parts_outlive_a_connection_and_a_restart(tmp_path: Path) -> None:
    half = bytes(512 * KIB)
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        await ann(upload.SaveBigFilePartRequest(5, 0, 2, half))
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        await ann(upload.SaveBigFilePartRequest(5, 1, 2, half))
        assert (await staged_file(ann, types.InputFileBig(5, 2, "x"))).size == 2 * len(half)


async def test_old_parts_are_forgotten(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        await ann(upload.SaveFilePartRequest(1, 0, b"abc"))
        store = s.box.world.store
        sweep_parts(store, s.box.world.now() + 3500)
        assert store.one("select count(*) from parts") == (1,)
        sweep_parts(store, s.box.world.now() + 3700)
        assert store.one("select count(*) from parts") == (0,)
        assert list((tmp_path / "parts").iterdir()) == []


def test_sound_is_found_by_the_movie_box(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for data, sound in ((film(b"vide"), False), (film(b"vide", b"soun"), True), (b"no film", True)):
        path.write_bytes(data)
        assert has_sound(path) is sound


async def test_premium_accounts_may_have_twice_the_parts(tmp_path: Path) -> None:
    async with scene(tmp_path, rules=Rules(parts_max=2)) as s:
        rich = s.box.add_user("49333", "Rich", premium=True)
        async with telethon(s.box, rich) as one, telethon(s.box, s.ann) as other:
            assert (await one.get_me()).premium
            save = functions.upload.SaveBigFilePartRequest
            with pytest.raises(errors.FilePartsInvalidError):
                await other(save(9, 0, 3, b"x" * 1024))
            for n in range(4):
                await one(save(9, n, 4, b"x" * 1024))
            file = types.InputFileBig(9, 4, "a.bin")
            assert (await staged_file(one, file)).size == 4096
            with pytest.raises(errors.FilePartsInvalidError):
                await one(save(10, 0, 5, b"x" * 1024))


@pytest.mark.parametrize(("premium", "most"), [(False, 2), (True, 4)])
async def test_a_small_file_has_no_more_parts_either(
    premium: bool, most: int, tmp_path: Path
) -> None:
    async with scene(tmp_path, rules=Rules(parts_max=2)) as s:
        user = s.box.add_user("49333", "Eve", premium=premium)
        async with telethon(s.box, user) as client:
            await client(upload.SaveFilePartRequest(11, most - 1, b"x"))
            with pytest.raises(errors.FilePartInvalidError):
                await client(upload.SaveFilePartRequest(11, most, b"x"))
