"""Uploads by parts, what becomes of them, downloads (core.telegram.org/api/files)."""

import re
import secrets
from collections.abc import Callable
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any

import anyio.to_thread
from PIL import Image, ImageOps, UnidentifiedImageError

from transload.sandbox.letters import media_of, referenced
from transload.sandbox.store import Media, Store
from transload.sandbox.tl import Refused, encode, functions, types
from transload.sandbox.world import Call

PART_MAX, PART_STEP = 512 * 1024, 1024
SMALL_MAX = 10 * 1024 * 1024
PHOTO_BYTES_MAX, PHOTO_SUM_MAX, PHOTO_RATIO_MAX = 10_000_000, 10_000, 20
PHOTO_SIZES = (("m", 320), ("x", 800), ("y", 1280), ("w", 2560))
PHOTO_NAMES = frozenset({"jpg", "jpeg", "png", "webp", "gif", "bmp"})
THUMB_BYTES_MAX, THUMB_SIDE = 200_000, 320
WINDOW = 1024 * 1024
PARTS_LIFE_S = 3600.0
SOUND = re.compile(rb"hdlr.{8}soun", re.DOTALL)


async def save_part(call: Call, request: Any) -> Any:
    """A part of a file of at most 10 MB, or of a larger one, whose number of parts travels along."""
    total = getattr(request, "file_total_parts", 0)
    size, number, store = len(request.bytes), request.file_part, call.store
    _check_part(call, size, number, total)
    key = (call.user, request.file_id)
    others = store.all(
        "select size, total from parts where user = ? and file = ? and part != ?", *key, number
    )
    if (
        total
        and number < total - 1
        and any(other != size and other_n == total for other, other_n in others[:1])
    ):
        last = store.one(
            "select part from parts where user = ? and file = ? and size = ?", *key, others[0][0]
        )
        if last is None or last[0] != total - 1:
            raise Refused("FILE_PART_SIZE_CHANGED")
    if any(other_total != total for _, other_total in others):
        raise Refused("FILE_PARTS_INVALID")
    await anyio.to_thread.run_sync(store.part(*key, number).write_bytes, request.bytes)
    store.run("insert or replace into parts values(?, ?, ?, ?, ?)", *key, number, size, total)
    return True


def _check_part(call: Call, size: int, number: int, total: int) -> None:
    parts_max = call.world.rules.parts_max
    if not size:
        raise Refused("FILE_PART_EMPTY")
    if size > PART_MAX:
        raise Refused("FILE_PART_TOO_BIG")
    if total > parts_max or total < 0:
        raise Refused("FILE_PARTS_INVALID")
    if not 0 <= number < (total or parts_max):
        raise Refused("FILE_PART_INVALID")
    if total and number < total - 1 and (size % PART_STEP or PART_MAX % size):
        raise Refused("FILE_PART_SIZE_INVALID")


async def assembled(call: Call, file: Any, goal: Path) -> int:
    """Put an uploaded file together at `goal`; its size. Raises Refused when parts are missing or wrong."""
    if not isinstance(file, types.InputFile | types.InputFileBig):
        raise Refused("FILE_ID_INVALID")
    big = isinstance(file, types.InputFileBig)
    sql = "select part, size, total from parts where user = ? and file = ? order by part"
    rows = call.store.all(sql, call.user, file.id)
    if not rows or not 0 < file.parts <= call.world.rules.parts_max:
        raise Refused("FILE_PARTS_INVALID")
    there = {row[0]: row[1] for row in rows}
    for number in range(file.parts):
        if number not in there:
            raise Refused(f"FILE_PART_{number}_MISSING")
    _check_sizes(
        [there[n] for n in range(file.parts)],
        len(there) == file.parts,
        [row[2] for row in rows],
        file,
        big,
    )
    paths = [call.store.part(call.user, file.id, number) for number in range(file.parts)]
    digest = "" if big else file.md5_checksum
    return await anyio.to_thread.run_sync(_join, paths, goal, digest)


def _check_sizes(sizes: list[int], exact: bool, totals: list[int], file: Any, big: bool) -> None:
    whole, size = set(sizes[:-1]), sum(sizes)
    if (
        not exact
        or any(total != (file.parts if big else 0) for total in totals)
        or (not big and size > SMALL_MAX)
    ):
        raise Refused("FILE_PARTS_INVALID")
    if len(whole) > 1 or (whole and sizes[-1] > sizes[0]):
        raise Refused("FILE_PART_SIZE_CHANGED")
    if whole and (sizes[0] % PART_STEP or PART_MAX % sizes[0]):
        raise Refused("FILE_PART_SIZE_INVALID")


def _join(paths: list[Path], goal: Path, wanted: str) -> int:
    digest = md5(usedforsecurity=False)
    with goal.open("wb") as out:
        for path in paths:
            data = path.read_bytes()
            digest.update(data)
            out.write(data)
    if wanted and wanted != digest.hexdigest():
        goal.unlink()
        raise Refused("MD5_CHECKSUM_INVALID")
    return goal.stat().st_size


async def upload_media(call: Call, request: Any) -> Any:
    """Stage a photo or document: shown to nobody yet."""
    call.marked(request.peer)
    return media_of(call.world, await media_from(call, request.media))


async def media_from(call: Call, given: Any) -> Media:
    """The medium that a request brings or names. Raises Refused."""
    match type(given).__name__:
        case "InputMediaUploadedPhoto":
            return await _new_photo(call, given)
        case "InputMediaUploadedDocument":
            return await _new_document(call, given)
        case "InputMediaPhoto":
            return referenced(call.world, given.id, "photo")
        case "InputMediaDocument":
            return referenced(call.world, given.id, "document")
        case _:
            raise Refused("MEDIA_INVALID")


async def _new_photo(call: Call, given: Any) -> Media:
    ident, store = secrets.randbits(60), call.store
    raw = store.file(ident)
    name: str = given.file.name
    if name.rpartition(".")[2].lower() not in PHOTO_NAMES:
        raise Refused("PHOTO_EXT_INVALID")
    size = await assembled(call, given.file, raw)
    try:
        if size > PHOTO_BYTES_MAX:
            raise Refused("PHOTO_SAVE_FILE_INVALID")
        place = partial(store.file, ident)
        sizes = await anyio.to_thread.run_sync(_encode_photo, raw, place)
    finally:
        raw.unlink()
    media = Media(ident, "photo", name, "image/jpeg", size, encode([]), sizes, call.world.now())
    store.add_media(media)
    return media


def _encode_photo(raw: Path, place: Callable[[str], Path]) -> list[tuple[str, int, int, int]]:
    """The sizes of a photo, encoded again as Telegram does."""
    try:
        with Image.open(raw) as image:
            width, height = image.size
            if width + height > PHOTO_SUM_MAX or max(width, height) > PHOTO_RATIO_MAX * min(
                width, height
            ):
                raise Refused("PHOTO_INVALID_DIMENSIONS")
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused("IMAGE_PROCESS_FAILED") from error
    sizes = list[tuple[str, int, int, int]]()
    for kind, side in PHOTO_SIZES:
        small = upright.copy()
        small.thumbnail((side, side))
        small.save(place(kind), "JPEG", quality=87)
        sizes.append((kind, *small.size, place(kind).stat().st_size))
        if max(upright.size) <= side:
            break
    return sizes


async def _new_document(call: Call, given: Any) -> Media:
    ident, store = secrets.randbits(60), call.store
    size = await assembled(call, given.file, store.file(ident))
    sizes = await _thumb(call, given.thumb, ident) if given.thumb else []
    attributes = [*given.attributes]
    silent = given.mime_type == "video/mp4" and not given.force_file and not given.nosound_video
    if silent and not await anyio.to_thread.run_sync(has_sound, store.file(ident)):
        attributes.append(types.DocumentAttributeAnimated())
    names = [
        one.file_name for one in attributes if isinstance(one, types.DocumentAttributeFilename)
    ]
    name = names[0] if names else given.file.name
    media = Media(
        ident, "document", name, given.mime_type, size, encode(attributes), sizes, call.world.now()
    )
    store.add_media(media)
    return media


async def _thumb(call: Call, file: Any, ident: int) -> list[tuple[str, int, int, int]]:
    """A document's small picture; one that is not right is left out, as Telegram does."""
    place = call.store.file(ident, "m")
    size = await assembled(call, file, place)
    try:
        with Image.open(place) as image:
            right = (
                image.format == "JPEG" and max(image.size) <= THUMB_SIDE and size <= THUMB_BYTES_MAX
            )
            return [("m", *image.size, size)] if right else []
    except (UnidentifiedImageError, OSError):
        return []


def has_sound(path: Path) -> bool:
    """Whether an MP4 has a sound track, by its movie box."""
    with path.open("rb") as file:
        while head := file.read(8):
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            length = int.from_bytes(file.read(8), "big") - 8 if length == 1 else length
            if kind == b"moov":
                return SOUND.search(file.read(max(length - 8, 0))) is not None
            if length < 8:
                break
            file.seek(length - 8, 1)
    return True  # no movie box: nothing that could be a GIF


async def get_file(call: Call, request: Any) -> Any:
    """A piece of a photo or document."""
    place, step = request.location, PART_STEP if request.precise else 4096
    if request.limit <= 0 or request.limit % step or request.limit > WINDOW:
        raise Refused("LIMIT_INVALID")
    if request.offset < 0 or request.offset % step:
        raise Refused("OFFSET_INVALID")
    match type(place).__name__:
        case "InputPhotoFileLocation":
            media = referenced(call.world, place, "photo")
            path = call.store.file(media.id, place.thumb_size or media.sizes[-1][0])
        case "InputDocumentFileLocation":
            media = referenced(call.world, place, "document")
            path = call.store.file(media.id, place.thumb_size)
        case _:
            raise Refused("LOCATION_INVALID")
    data = await anyio.to_thread.run_sync(_piece, path, request.offset, request.limit)
    return types.upload.File(types.storage.FileUnknown(), int(media.created), data)


def _piece(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError as error:
        raise Refused("LOCATION_INVALID") from error


def sweep_parts(store: Store, now: float) -> None:
    """Forget parts that were uploaded long ago and belong to files that were never sent, or were."""
    for path in (store.folder / "parts").iterdir():
        if now - path.stat().st_mtime > PARTS_LIFE_S:
            user, file, part = path.name.split(".")
            store.run(
                "delete from parts where user = ? and file = ? and part = ?",
                int(user),
                int(file),
                int(part),
            )
            path.unlink()


f = functions
HANDLERS = {
    f.upload.SaveFilePartRequest: save_part,
    f.upload.SaveBigFilePartRequest: save_part,
    f.messages.UploadMediaRequest: upload_media,
    f.upload.GetFileRequest: get_file,
}
