"""The decision table: facts of a file and a recipe in, one judgement out. Pure.

Rules and figures: Telegram's limits for photos and animations (Bot API, core.telegram.org/api/files), and what plays on
iOS, Android and in browsers without conversion. Videos are judged in `video.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transload.facts import PIXELS_MAX, FileFacts, StreamFacts, picture_of
from transload.faults import Fault
from transload.media.judge.audio import DEFER_ABOVE_S, fitting_suffix, judge_mp3, judge_sound
from transload.media.judge.video import judge_video, recover_video, shown_size, side_of
from transload.media.photos.extras import FILM
from transload.model import Facts, Hevc, ItemKind, Judgement, Recipe, Verdict
from transload.plans import AnimationPlan, JpegPlan

PHOTO_BYTES_MAX = (
    10_000_000  # Telegram: photos of at most 10 MB, width + height <= 10000, ratio <= 20.
)
PHOTO_SUM_MAX = 10_000
PHOTO_RATIO_MAX = 20
PHOTO_SIDE = 2560  # The longest side Telegram keeps of a photo.
DECODE_BYTES_MAX = 700 << 20
"""Pixels of one photo that fit the shrinking child's default memory beside its libraries."""
SHRINK_S_PER_PIXEL = 2.5e-8
ANIMATION_S_PER_PIXEL = 6e-8

NO_KEY = "Only the program it was bought for can play it: get a copy without protection."

_RGB_MODES = frozenset({"L", "RGB", "P", "RGBA", "LA", "1", "I;16", "I", "PA", "I;16B"})
_TURNED_BY_TAG = frozenset({"JPEG", "MPO"})
"""Formats whose EXIF orientation every browser follows; of WebP none does, of PNG where the tag stands decides."""
_LAST_TURN = 8
_PHOTO_SUFFIXES: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user of this installation wants beside the recipe, all settings.

    `languages` are those of the audio, the best first, by their codes (ISO 639-2); `place` says that photos for
    Telegram keep where they were taken.
    """

    languages: tuple[str, ...] = ()
    place: bool = False


NO_WISHES = Wishes()


def judge(facts: Facts, recipe: Recipe, hevc: Hevc, wishes: Wishes = NO_WISHES) -> Judgement:
    """The verdict for a recipe. `plan` is what `convert` carries out."""
    found = facts.found
    if facts.kind is ItemKind.JUNK:
        return Judgement(facts.kind, Verdict.SKIP, "litter of an operating system")
    if facts.kind in (ItemKind.DOCUMENT, ItemKind.ARCHIVE, ItemKind.UNKNOWN):
        return Judgement(facts.kind, Verdict.AS_IS, f"{found.sniffed or 'no'} medium: untouched")
    if recipe is Recipe.ORIGINAL:
        return _sized(Judgement(facts.kind, Verdict.AS_IS, "originals wanted: untouched"), found)
    if (fault := _fault(facts)) is not None:
        return Judgement(facts.kind, Verdict.UNSAVABLE, fault.detail, fault=fault)
    if recipe.kbit_s is not None:
        return _sized(judge_mp3(found, facts.kind, recipe, recipe.kbit_s, wishes.languages), found)
    match facts.kind:
        case ItemKind.PHOTO:
            judged = _judge_photo(found, recipe, wishes)
        case ItemKind.ANIMATION:
            judged = _judge_animation(found, recipe)
        case ItemKind.AUDIO:
            judged = judge_sound(found, recipe, wishes.languages)
        case _:
            judged = judge_video(found, hevc, recipe, wishes.languages)
    return _sized(judged, found)


def judge_recovery(
    facts: Facts,
    recipe: Recipe,
    wishes: Wishes = NO_WISHES,
    failed: Judgement | None = None,
) -> list[Judgement]:
    """Safer forms, to be tried one after the other, for an item that was refused; none: nothing is left.

    `failed` is the conversion that failed, None where it was the destination that refused.
    """
    if recipe is Recipe.ORIGINAL or recipe.kbit_s is not None or _fault(facts) is not None:
        return []
    if facts.kind is ItemKind.PHOTO:
        return [_sized(_shrunk(facts.found, recipe, "safe JPEG", wishes), facts.found)]
    if facts.kind is ItemKind.VIDEO:
        ways = recover_video(facts.found, recipe, wishes.languages, failed)
        return [_sized(way, facts.found) for way in ways]
    return []


def facts_of(found: FileFacts) -> Facts:
    """What was found of a file, with its kind and the size it is shown at."""
    return Facts(settled_kind(found), _with_shown_size(found))


def settled_kind(found: FileFacts) -> ItemKind:
    """The kind of a probed file: streams and frames overrule the first bytes.

    A weak signature that no decoder confirmed is a document: two bytes prove nothing, and nothing is damaged.
    """
    sniffed = ItemKind(found.sniffed_kind)
    if sniffed not in (ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.AUDIO) or found.denied:
        return sniffed
    if sniffed is ItemKind.PHOTO:
        if not found.sure and found.decoded not in ("whole", "unproven"):
            return ItemKind.DOCUMENT
        return ItemKind.ANIMATION if found.frames > 1 else ItemKind.PHOTO
    if not found.sure and not found.frames_decoded:
        return ItemKind.DOCUMENT
    types = [one.type for one in found.streams if not one.cover]
    if "video" in types:
        return ItemKind.VIDEO
    return ItemKind.AUDIO if "audio" in types else sniffed


def _fault(facts: Facts) -> Fault | None:
    """Why nothing can be made of this file, None when something can."""
    found = facts.found
    if not found.size:
        return Fault("input.truncated", "the file is empty (0 bytes)", stage="probe")
    if found.denied:
        said = found.sniffed or "unknown data"
        return Fault(
            "input.not_media",
            f"named {found.suffix}, but the content is {said}",
            stage="probe",
        )
    if facts.kind in (ItemKind.PHOTO, ItemKind.ANIMATION):
        return _photo_fault(found)
    return _stream_fault(found, facts.kind)


def _photo_fault(found: FileFacts) -> Fault | None:
    pixels = found.width * found.height
    if pixels > PIXELS_MAX:
        return Fault(
            "input.corrupt",
            f"the header claims {found.width} x {found.height} pixels in {found.size} bytes",
            stage="probe",
        )
    decoded, error, evidence = found.decoded, found.error, found.evidence
    if decoded == "unknown":
        return Fault("input.unsupported", str(error), stage="probe", evidence=evidence)
    if decoded == "cut" and not found.reader:
        return Fault("input.truncated", "the picture ends before its last line", stage="probe")
    if decoded in ("damaged", "no"):
        detail = f"the picture does not decode: {error}"
        return Fault("input.corrupt", detail, stage="probe", evidence=evidence)
    return _too_large(found)


def _too_large(found: FileFacts) -> Fault | None:
    """Why a picture needs more memory than there may be; a header that took it all gave not even a size."""
    if found.decoded == "unproven" and not found.width:
        return Fault("tool.memory", str(found.error), stage="probe")
    if found.decode_bytes <= DECODE_BYTES_MAX:
        return None
    need = found.decode_bytes >> 20
    detail = f"decoding it takes {need} MiB, more than is allowed"
    return Fault("tool.memory", detail, stage="probe")


def _stream_fault(found: FileFacts, kind: ItemKind) -> Fault | None:
    if not found.streams:
        if found.sniffed == "mov" and found.moov is None:
            return Fault(
                "input.truncated",
                "the index (moov) is missing: the end of the file is lost",
                stage="probe",
            )
        return Fault(
            "input.corrupt",
            f"no stream in it can be read: {found.error or 'none found'}",
            stage="probe",
            evidence=found.evidence,
        )
    streams = found.streams
    if not any(one.type in ("video", "audio") and not one.cover for one in streams):
        return Fault("input.not_media", "neither video nor audio in it", stage="probe")
    if found.locked:
        return Fault("input.unsupported", "it is encrypted (DRM)", suggestion=NO_KEY, stage="probe")
    return None if found.frames_decoded else _undecoded(streams, kind)


def _undecoded(streams: Sequence[StreamFacts], kind: ItemKind) -> Fault | None:
    """Why no frame decodes: damage, or a codec that no decoder here knows; such audio goes as it is."""
    shown = "video" if kind is ItemKind.VIDEO else "audio"
    main = next(one for one in streams if one.type == shown and not one.cover)
    if main.codec == "unknown":
        unknown = Fault("input.unsupported", "no decoder here knows its video", stage="probe")
        return unknown if kind is ItemKind.VIDEO else None
    if kind is not ItemKind.VIDEO:
        return Fault("input.corrupt", "nothing of its audio decodes", stage="probe")
    size = (main.width, main.height)
    empty = f": the header says {size[0]} x {size[1]}" if 0 in size else ""
    return Fault("input.corrupt", f"not one frame decodes{empty}", stage="probe")


def _judge_photo(found: FileFacts, recipe: Recipe, wishes: Wishes) -> Judgement:
    """JPEG and PNG within the limits go as they are; what no resizing brings within them is a document."""
    width, height = found.width, found.height
    telegram = recipe is Recipe.TELEGRAM
    if telegram and max(width, height) > PHOTO_RATIO_MAX * min(width, height):
        return Judgement(
            ItemKind.DOCUMENT,
            Verdict.AS_IS,
            f"{width} x {height} is longer than 20:1: no photo to Telegram, sent as a file",
            suffix=fitting_suffix(found, _PHOTO_SUFFIXES.get(found.format)),
        )
    reasons = _photo_reasons(found, telegram)
    if reasons:
        return _shrunk(found, recipe, reasons, wishes)
    return Judgement(
        ItemKind.PHOTO,
        Verdict.AS_IS,
        f"{found.format} {width} x {height}",
        suffix=fitting_suffix(found, _PHOTO_SUFFIXES.get(found.format)),
    )


def _photo_reasons(found: FileFacts, telegram: bool) -> str:
    """Why a photo must become a safe JPEG; empty when it need not."""
    safe = ("JPEG", "MPO", "PNG") if telegram else ("JPEG", "MPO", "PNG", "WEBP", "GIF")
    reasons: list[str] = []
    if found.reader == "to_the_last_byte":
        reasons.append("its end is missing, the rows before it are there")
    if found.reader == "preview":
        reasons.append(
            f"a raw photo of a camera, whose preview of {found.width} x {found.height} is shown"
        )
    elif found.coding and found.width * found.height > 1:  # one point is a spacer of a page
        reasons.append(f"{found.coding} does not show everywhere")
    elif found.format not in safe:
        reasons.append(f"{found.format} does not show everywhere")
    elif found.mode not in _RGB_MODES:
        reasons.append(f"{found.mode} colours show wrongly")
    elif found.format not in _TURNED_BY_TAG and 1 < found.orientation <= _LAST_TURN:
        reasons.append(f"a {found.format} turned by a tag shows lying in browsers")
    if telegram and found.width + found.height > PHOTO_SUM_MAX:
        reasons.append(f"{found.width} x {found.height} is above the photo limit")
    if telegram and found.size > PHOTO_BYTES_MAX:
        reasons.append(f"{found.size / 1e6:.1f} MB is above the photo limit")
    return ", ".join(reasons)


def _shrunk(found: FileFacts, recipe: Recipe, reason: str, wishes: Wishes) -> Judgement:
    telegram = recipe is Recipe.TELEGRAM
    pages, reader = found.pages, found.reader or "pillow"
    partial = reader == "to_the_last_byte"
    extras = found.extras
    beside = partial or pages > 1 or reader == "preview" or FILM in extras
    plan = JpegPlan(
        sniffed=found.sniffed,
        side=PHOTO_SIDE if telegram else None,
        quality=87,
        reader=reader,
        exif=("date and place" if wishes.place else "date") if telegram else "all",
        recipe=recipe.value,
        original="beside" if beside else None,
    )
    cost = found.width * found.height * SHRINK_S_PER_PIXEL
    why = f"{reason}: made a JPEG"
    if pages > 1:
        many = "several" if found.format == "JXL" else pages  # its header does not count them
        why = f"{why} of the first of {many} pictures, all of them are in the original beside it"
    elif extras:
        kept = beside or not telegram
        where = "in the original beside it" if kept else "left behind"
        why = f"{why}; {where}: {', '.join(extras)}"
    return Judgement(
        ItemKind.PHOTO,
        Verdict.SHRINK,
        why,
        suffix=".jpg",
        partial=partial,
        cost_s=round(cost, 2),
        plan=plan,
    )


def _judge_animation(found: FileFacts, recipe: Recipe) -> Judgement:
    """Animations: Telegram takes H.264 MP4 without audio; browsers show GIF, APNG and WebP."""
    if recipe is Recipe.PLAYABLE and found.format in ("GIF", "PNG", "WEBP"):
        why = f"{found.format} of {found.frames} frames"
        suffix = fitting_suffix(found, _PHOTO_SUFFIXES.get(found.format))
        return Judgement(ItemKind.ANIMATION, Verdict.AS_IS, why, suffix=suffix)
    cost = found.width * found.height * found.frames * ANIMATION_S_PER_PIXEL
    fps = found.frames / found.duration_s if found.duration_s else None
    picture = StreamFacts(type="video", width=found.width, height=found.height, fps=fps)
    return Judgement(
        ItemKind.ANIMATION,
        Verdict.ANIMATION,
        f"{found.format} of {found.frames} frames: made a silent MP4",
        suffix=".mp4",
        deferred=cost > DEFER_ABOVE_S,
        cost_s=round(cost, 2),
        plan=AnimationPlan(
            sniffed=found.sniffed,
            frames=found.frames,
            duration_s=found.duration_s,
            unpack=found.format not in ("GIF", "PNG"),
            size=(found.width, found.height),
            side=side_of(picture),
        ),
    )


def _sized(judged: Judgement, found: FileFacts) -> Judgement:
    """The judgement with the video's upright size and the time that can be played; of a cut file, both times."""
    whole_s, readable_s = found.duration_s, found.readable_s
    if judged.partial and whole_s and readable_s:
        judged = replace(
            judged, why=f"{judged.why}; {readable_s:.1f} s of {whole_s:.1f} s are there"
        )
    return replace(
        judged,
        width=found.width or None,
        height=found.height or None,
        duration_s=(judged.partial and readable_s) or whole_s,
    )


def _with_shown_size(found: FileFacts) -> FileFacts:
    """Facts of a video with its displayed `width` and `height` beside its streams: upright, of square pixels."""
    picture = picture_of(found.streams)
    if picture is None:
        return found
    width, height = shown_size(picture)
    if (found.rotation or 0) % 180:
        width, height = height, width
    return replace(found, width=width, height=height)
