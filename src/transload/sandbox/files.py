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

from transload.sandbox.desk import Desk
from transload.sandbox.letters import media_of, referenced
from transload.sandbox.store import Media, Store
from transload.sandbox.tl import Refused, encode, functions, refuse_if, types
from transload.sandbox.world import Call

desk = Desk()
PART_MAX, PART_STEP = 512 * 1024, 1024
SMALL_MAX = 10 * 1024 * 1024
PHOTO_BYTES_MAX, PHOTO_SUM_MAX, PHOTO_RATIO_MAX = 10_000_000, 10_000, 20
PHOTO_SIZES = (("m", 320), ("x", 800), ("y", 1280), ("w", 2560))
PHOTO_NAMES = frozenset({"jpg", "jpeg", "png", "webp", "gif", "bmp"})
THUMB_BYTES_MAX, THUMB_SIDE = 200_000, 320
WINDOW = 1024 * 1024
PARTS_LIFE_S = 3600.0
SOUND = re.compile(rb"hdlr.{8}soun", re.DOTALL)


@desk.answers(functions.upload.SaveFilePartRequest, functions.upload.SaveBigFilePartRequest)
async def save_part(call: Call, request: Any) -> Any:
    """A part of a file of at most 10 MB, or of a larger one, whose number of parts travels along."""
    total = getattr(request, "file_total_parts", 0)
    size, number, store = len(request.bytes), request.file_part, call.store
    _check_part(size, number, total, _parts_max(call, max(total, number + 1)))
    key = (call.user, request.file_id)
    sql = "select part, size, total from parts where user = ? and file = ? and part != ?"
    others = store.all(sql, *key, number)
    refuse_if(any(other[2] != total for other in others), "FILE_PARTS_INVALID")
    sizes = {other[1] for other in others if other[0] < total - 1}
    refuse_if(number < total - 1 and sizes - {size}, "FILE_PART_SIZE_CHANGED")
    await anyio.to_thread.run_sync(store.part(*key, number).write_bytes, request.bytes)
    store.run("insert or replace into parts values(?, ?, ?, ?, ?)", *key, number, size, total)
    call.world.faults.parts.append((request.file_id, number, size))
    return True


def _parts_max(call: Call, wanted: int) -> int:
    """How many parts a file of the caller may have."""
    usual = call.world.rules.parts_max
    return 2 * usual if wanted > usual and call.me.premium else usual


def _check_part(size: int, number: int, total: int, parts_max: int) -> None:
    refuse_if(not size, "FILE_PART_EMPTY")
    refuse_if(size > PART_MAX, "FILE_PART_TOO_BIG")
    refuse_if(not 0 <= total <= parts_max, "FILE_PARTS_INVALID")
    refuse_if(not 0 <= number < (total or parts_max), "FILE_PART_INVALID")
    refuse_if(number < total - 1 and _is_off_step(size), "FILE_PART_SIZE_INVALID")


def _is_off_step(size: int) -> bool:
    """Whether no part but the last may be of this size."""
    return size % PART_STEP > 0 or PART_MAX % size > 0


async def assembled(call: Call, file: Any, goal: Path) -> int:
    """Put an uploaded file together at `goal`; its size. Raises Refused when parts are missing or wrong."""
    big = isinstance(file, types.InputFileBig)
    refuse_if(not big and not isinstance(file, types.InputFile), "FILE_ID_INVALID")
    sql = "select part, size, total from parts where user = ? and file = ? order by part"
    rows = call.store.all(sql, call.user, file.id)
    counted = 0 < file.parts <= _parts_max(call, file.parts)
    refuse_if(not rows or not counted, "FILE_PARTS_INVALID")
    missing = set(range(file.parts)) - {row[0] for row in rows}
    refuse_if(missing, f"FILE_PART_{min(missing, default=0)}_MISSING")
    agreed = len(rows) == file.parts and {row[2] for row in rows} == {file.parts if big else 0}
    *whole, last = (row[1] for row in rows)
    small = sum(whole) + last <= SMALL_MAX
    refuse_if(not agreed or not (big or small), "FILE_PARTS_INVALID")
    first = whole[0] if whole else last
    refuse_if({*whole} - {first} or last > first, "FILE_PART_SIZE_CHANGED")
    refuse_if(whole and _is_off_step(first), "FILE_PART_SIZE_INVALID")
    paths = [call.store.part(call.user, file.id, number) for number in range(file.parts)]
    digest = "" if big else file.md5_checksum
    return await anyio.to_thread.run_sync(_join, paths, goal, digest)


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


@desk.answers(functions.messages.UploadMediaRequest)
async def upload_media(call: Call, request: Any) -> Any:
    """Stage a photo or document: shown to nobody yet."""
    call.open(request.peer)
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
    refuse_if(name.rpartition(".")[2].lower() not in PHOTO_NAMES, "PHOTO_EXT_INVALID")
    size = await assembled(call, given.file, raw)
    try:
        refuse_if(size > PHOTO_BYTES_MAX, "PHOTO_SAVE_FILE_INVALID")
        place = partial(store.file, ident)
        sizes = await anyio.to_thread.run_sync(_encode_photo, raw, place)
    finally:
        raw.unlink()
    none, now = encode([]), call.world.now()
    return store.add(Media(ident, "photo", name, "image/jpeg", size, none, sizes, now))


def _encode_photo(raw: Path, place: Callable[[str], Path]) -> list[tuple[str, int, int, int]]:
    """The sizes of a photo, encoded again as Telegram does."""
    try:
        with Image.open(raw) as image:
            short, long = sorted(image.size)
            wrong = short + long > PHOTO_SUM_MAX or long > PHOTO_RATIO_MAX * short
            refuse_if(wrong, "PHOTO_INVALID_DIMENSIONS")
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
    named = [one for one in attributes if isinstance(one, types.DocumentAttributeFilename)]
    name = named[0].file_name if named else given.file.name
    kept, now = encode(attributes), call.world.now()
    return store.add(Media(ident, "document", name, given.mime_type, size, kept, sizes, now))


async def _thumb(call: Call, file: Any, ident: int) -> list[tuple[str, int, int, int]]:
    """A document's small picture; one that is not right is left out, as Telegram does."""
    place = call.store.file(ident, "m")
    size = await assembled(call, file, place)
    try:
        with Image.open(place) as image:
            small = max(image.size) <= THUMB_SIDE and size <= THUMB_BYTES_MAX
            return [("m", *image.size, size)] if small and image.format == "JPEG" else []
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


@desk.answers(functions.upload.GetFileRequest)
async def get_file(call: Call, request: Any) -> Any:
    """A piece of a photo or document."""
    place, step = request.location, PART_STEP if request.precise else 4096
    refuse_if(request.limit % step or not 0 < request.limit <= WINDOW, "LIMIT_INVALID")
    refuse_if(request.offset < 0 or request.offset % step, "OFFSET_INVALID")
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
            sql = "delete from parts where user = ? and file = ? and part = ?"
            store.run(sql, *map(int, path.name.split(".")))
            path.unlink()
