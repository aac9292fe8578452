"""The decision table: facts of a file and a recipe in, one judgement out. Pure.

Rules and figures: Telegram's limits for photos and animations (Bot API, core.telegram.org/api/files), and what plays on
iOS, Android and in browsers without conversion. Videos are judged in `video.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from transload.faults import Fault
from transload.media.judge.audio import DEFER_ABOVE_S, fitting_suffix, judge_mp3, judge_sound
from transload.media.judge.streams import StreamFacts, picture_of, streams_of
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
PIXELS_MAX = 1_000_000_000
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

    `languages` are those of the sound, the best first, by their codes (ISO 639-2); `place` says that photos for
    Telegram keep where they were taken.
    """

    languages: tuple[str, ...] = ()
    place: bool = False


NO_WISHES = Wishes()


def judge(facts: Facts, recipe: Recipe, hevc: Hevc, wishes: Wishes = NO_WISHES) -> Judgement:
    """The verdict for a recipe. `plan` is what `convert` carries out."""
    raw = facts.raw
    if facts.kind is ItemKind.JUNK:
        return Judgement(facts.kind, Verdict.SKIP, "litter of an operating system")
    if facts.kind in (ItemKind.DOCUMENT, ItemKind.ARCHIVE, ItemKind.UNKNOWN):
        return Judgement(
            facts.kind, Verdict.AS_IS, f"{raw.get('sniffed') or 'no'} medium: untouched"
        )
    if recipe is Recipe.ORIGINAL:
        return _sized(Judgement(facts.kind, Verdict.AS_IS, "originals wanted: untouched"), raw)
    if (fault := _fault(facts)) is not None:
        return Judgement(facts.kind, Verdict.UNSAVABLE, fault.detail, fault=fault)
    if recipe.kbit_s is not None:
        return _sized(judge_mp3(raw, facts.kind, recipe, recipe.kbit_s, wishes.languages), raw)
    match facts.kind:
        case ItemKind.PHOTO:
            judged = _judge_photo(raw, recipe, wishes)
        case ItemKind.ANIMATION:
            judged = _judge_animation(raw, recipe)
        case ItemKind.AUDIO:
            judged = judge_sound(raw, recipe, wishes.languages)
        case _:
            judged = judge_video(raw, hevc, recipe, wishes.languages)
    return _sized(judged, raw)


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
        return [_sized(_shrunk(facts.raw, recipe, "safe JPEG", wishes), facts.raw)]
    if facts.kind is ItemKind.VIDEO:
        ways = recover_video(facts.raw, recipe, wishes.languages, failed)
        return [_sized(way, facts.raw) for way in ways]
    return []


def settled_kind(raw: dict[str, Any]) -> ItemKind:
    """The kind of a probed file: streams and frames overrule the first bytes.

    A weak signature that no decoder confirmed is a document: two bytes prove nothing, and nothing is damaged.
    """
    sniffed = ItemKind(raw["sniffed_kind"])
    if sniffed not in (ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.AUDIO) or raw.get("denied"):
        return sniffed
    if sniffed is ItemKind.PHOTO:
        if not raw.get("sure") and raw.get("decoded") not in ("whole", "unproven"):
            return ItemKind.DOCUMENT
        return ItemKind.ANIMATION if raw.get("frames", 1) > 1 else ItemKind.PHOTO
    if not raw.get("sure") and not raw.get("frames_decoded"):
        return ItemKind.DOCUMENT
    types = [one.type for one in streams_of(raw) if not one.cover]
    if "video" in types:
        return ItemKind.VIDEO
    return ItemKind.AUDIO if "audio" in types else sniffed


def _fault(facts: Facts) -> Fault | None:
    """Why nothing can be made of this file, None when something can."""
    raw = facts.raw
    if not raw.get("size", 1):
        return Fault("input.truncated", "the file is empty (0 bytes)", stage="probe")
    if raw.get("denied"):
        said = raw.get("sniffed") or "unknown data"
        return Fault(
            "input.not_media",
            f"named {raw.get('suffix')}, but the content is {said}",
            stage="probe",
        )
    if facts.kind in (ItemKind.PHOTO, ItemKind.ANIMATION):
        return _photo_fault(raw)
    return _stream_fault(raw, facts.kind)


def _photo_fault(raw: dict[str, Any]) -> Fault | None:
    pixels = raw.get("width", 0) * raw.get("height", 0)
    if pixels > PIXELS_MAX:
        return Fault(
            "input.corrupt",
            f"the header claims {raw['width']} x {raw['height']} pixels in {raw['size']} bytes",
            stage="probe",
        )
    decoded, error, evidence = raw.get("decoded"), raw.get("error"), raw.get("evidence")
    if decoded == "unknown":
        return Fault("input.unsupported", str(error), stage="probe", evidence=evidence)
    if decoded == "cut" and not raw.get("reader"):
        return Fault("input.truncated", "the picture ends before its last line", stage="probe")
    if decoded in ("damaged", "no"):
        detail = f"the picture does not decode: {error}"
        return Fault("input.corrupt", detail, stage="probe", evidence=evidence)
    return _too_large(raw)


def _too_large(raw: dict[str, Any]) -> Fault | None:
    """Why a picture needs more memory than there may be; a header that took it all told not even a size."""
    if raw.get("decoded") == "unproven" and "width" not in raw:
        return Fault("tool.memory", str(raw.get("error")), stage="probe")
    if raw.get("decode_bytes", 0) <= DECODE_BYTES_MAX:
        return None
    need = raw["decode_bytes"] >> 20
    detail = f"decoding it takes {need} MiB, more than is allowed"
    return Fault("tool.memory", detail, stage="probe")


def _stream_fault(raw: dict[str, Any], kind: ItemKind) -> Fault | None:
    if not raw.get("streams"):
        if raw.get("sniffed") == "mov" and raw.get("moov") is None:
            return Fault(
                "input.truncated",
                "the index (moov) is missing: the end of the file is lost",
                stage="probe",
            )
        return Fault(
            "input.corrupt",
            f"no stream in it can be read: {raw.get('error', 'none found')}",
            stage="probe",
            evidence=raw.get("evidence"),
        )
    streams = streams_of(raw)
    if not any(one.type in ("video", "audio") and not one.cover for one in streams):
        return Fault("input.not_media", "neither picture nor sound in it", stage="probe")
    if raw.get("locked"):
        return Fault("input.unsupported", "it is encrypted (DRM)", suggestion=NO_KEY, stage="probe")
    return None if raw.get("frames_decoded") else _undecoded(streams, kind)


def _undecoded(streams: Sequence[StreamFacts], kind: ItemKind) -> Fault | None:
    """Why no frame decodes: damage, or a codec that no decoder here knows; such sound goes as it is."""
    shown = "video" if kind is ItemKind.VIDEO else "audio"
    main = next(one for one in streams if one.type == shown and not one.cover)
    if main.codec == "unknown":
        unknown = Fault("input.unsupported", "no decoder here knows its pictures", stage="probe")
        return unknown if kind is ItemKind.VIDEO else None
    if kind is not ItemKind.VIDEO:
        return Fault("input.corrupt", "nothing of its sound decodes", stage="probe")
    size = (main.width, main.height)
    empty = f": the header says {size[0]} x {size[1]}" if 0 in size else ""
    return Fault("input.corrupt", f"not one frame decodes{empty}", stage="probe")


def _judge_photo(raw: dict[str, Any], recipe: Recipe, wishes: Wishes) -> Judgement:
    """JPEG and PNG within the limits go as they are; what no resizing brings within them is a document."""
    width, height = raw["width"], raw["height"]
    telegram = recipe is Recipe.TELEGRAM
    if telegram and max(width, height) > PHOTO_RATIO_MAX * min(width, height):
        return Judgement(
            ItemKind.DOCUMENT,
            Verdict.AS_IS,
            f"{width} x {height} is longer than 20:1: no photo to Telegram, sent as a file",
            suffix=fitting_suffix(raw, _PHOTO_SUFFIXES.get(raw["format"])),
        )
    reasons = _photo_reasons(raw, telegram)
    if reasons:
        return _shrunk(raw, recipe, reasons, wishes)
    return Judgement(
        ItemKind.PHOTO,
        Verdict.AS_IS,
        f"{raw['format']} {width} x {height}",
        suffix=fitting_suffix(raw, _PHOTO_SUFFIXES.get(raw["format"])),
    )


def _photo_reasons(raw: dict[str, Any], telegram: bool) -> str:
    """Why a photo must become a safe JPEG; empty when it need not."""
    safe = ("JPEG", "MPO", "PNG") if telegram else ("JPEG", "MPO", "PNG", "WEBP", "GIF")
    reasons: list[str] = []
    if raw.get("reader") == "to_the_last_byte":
        reasons.append("its end is missing, the lines before it are there")
    if raw.get("reader") == "preview":
        reasons.append(
            f"a raw photo of a camera, whose preview of {raw['width']} x {raw['height']} is shown"
        )
    elif raw.get("coding") and raw["width"] * raw["height"] > 1:  # one point is a spacer of a page
        reasons.append(f"{raw['coding']} does not show everywhere")
    elif raw["format"] not in safe:
        reasons.append(f"{raw['format']} does not show everywhere")
    elif raw["mode"] not in _RGB_MODES:
        reasons.append(f"{raw['mode']} colours show wrongly")
    elif raw["format"] not in _TURNED_BY_TAG and 1 < raw.get("orientation", 1) <= _LAST_TURN:
        reasons.append(f"a {raw['format']} turned by a tag shows lying in browsers")
    if telegram and raw["width"] + raw["height"] > PHOTO_SUM_MAX:
        reasons.append(f"{raw['width']} x {raw['height']} is above the photo limit")
    if telegram and raw["size"] > PHOTO_BYTES_MAX:
        reasons.append(f"{raw['size'] / 1e6:.1f} MB is above the photo limit")
    return ", ".join(reasons)


def _shrunk(raw: dict[str, Any], recipe: Recipe, reason: str, wishes: Wishes) -> Judgement:
    telegram = recipe is Recipe.TELEGRAM
    pages, reader = raw.get("pages", 1), raw.get("reader", "pillow")
    partial = reader == "to_the_last_byte"
    extras: list[str] = raw.get("extras", [])
    beside = partial or pages > 1 or reader == "preview" or FILM in extras
    plan = JpegPlan(
        sniffed=raw["sniffed"],
        side=PHOTO_SIDE if telegram else None,
        quality=87,
        reader=reader,
        exif=("date and place" if wishes.place else "date") if telegram else "all",
        recipe=recipe.value,
        original="beside" if beside else None,
    )
    cost = raw["width"] * raw["height"] * SHRINK_S_PER_PIXEL
    why = f"{reason}: made a JPEG"
    if pages > 1:
        many = "several" if raw["format"] == "JXL" else pages  # its header does not count them
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


def _judge_animation(raw: dict[str, Any], recipe: Recipe) -> Judgement:
    """Moving pictures: Telegram takes H.264 MP4 without sound; browsers show GIF, APNG and WebP."""
    if recipe is Recipe.PLAYABLE and raw["format"] in ("GIF", "PNG", "WEBP"):
        why = f"{raw['format']} of {raw['frames']} frames"
        suffix = fitting_suffix(raw, _PHOTO_SUFFIXES.get(raw["format"]))
        return Judgement(ItemKind.ANIMATION, Verdict.AS_IS, why, suffix=suffix)
    cost = raw["width"] * raw["height"] * raw["frames"] * ANIMATION_S_PER_PIXEL
    fps = raw["frames"] / raw["duration_s"] if raw.get("duration_s") else None
    picture = StreamFacts(type="video", width=raw["width"], height=raw["height"], fps=fps)
    return Judgement(
        ItemKind.ANIMATION,
        Verdict.ANIMATION,
        f"{raw['format']} of {raw['frames']} frames: made a silent MP4",
        suffix=".mp4",
        deferred=cost > DEFER_ABOVE_S,
        cost_s=round(cost, 2),
        plan=AnimationPlan(
            sniffed=raw["sniffed"],
            frames=raw["frames"],
            duration_s=raw.get("duration_s"),
            unpack=raw["format"] not in ("GIF", "PNG"),
            size=(raw["width"], raw["height"]),
            side=side_of(picture),
        ),
    )


def _sized(judged: Judgement, raw: dict[str, Any]) -> Judgement:
    """The judgement with the picture's upright size and the time that can be played; of a cut file, both times."""
    whole_s, readable_s = raw.get("duration_s"), raw.get("readable_s")
    if judged.partial and whole_s and readable_s:
        judged = replace(
            judged, why=f"{judged.why}; {readable_s:.1f} s of {whole_s:.1f} s are there"
        )
    return replace(
        judged,
        width=raw.get("width"),
        height=raw.get("height"),
        duration_s=(judged.partial and readable_s) or whole_s,
    )


def with_picture(raw: dict[str, Any]) -> dict[str, Any]:
    """Facts of a video with its displayed `width` and `height` beside its streams: upright, of square pixels."""
    picture = picture_of(streams_of(raw))
    if picture is None:
        return raw
    width, height = shown_size(picture)
    if (raw.get("rotation") or 0) % 180:
        width, height = height, width
    return raw | {"width": width, "height": height}
