"""Colours of encoded videos, judged by what is stored in them and by what they say of it (ITU-T H.273)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from tests.kept import encode
from tests.media.decoded import points_of
from transload.facts import FileFacts, StreamFacts
from transload.json_codec import from_json
from transload.media.judge.video import colour_conversion, colour_tags, with_colours
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe
from transload.plans import BT709, SMPTE170M, TranscodePlan

BARS = [
    *((255, 255, 255), (190, 190, 190), (200, 200, 30), (30, 200, 200)),
    *((30, 190, 40), (190, 40, 190), (200, 30, 30), (30, 40, 200)),
]
WIDTHS = {360: 640, 480: 854, 720: 1280, 1080: 1920}
WEIGHTS = {BT709: (0.2126, 0.0722), SMPTE170M: (0.299, 0.114)}
LIMITED = 1  # AVCOL_RANGE_MPEG
FULL = "scale=out_range=pc:out_color_matrix=bt601,format="
TAGGED = "setparams=range={}:colorspace={}:color_primaries=1:color_trc=1"
SOURCES: dict[str, tuple[str, ...]] = {
    "camera.avi": ("-vf", f"{FULL}yuvj420p", "-c:v", "mjpeg", "-q:v", "2"),
    "camera.mov": ("-vf", f"{FULL}yuvj422p", "-c:v", "mjpeg", "-q:v", "2"),
    "png.mov": ("-c:v", "png"),
    "animation.mov": ("-c:v", "qtrle"),
    "raw.avi": ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    "screen.mkv": ("-c:v", "libx264rgb", "-qp", "2", "-preset", "ultrafast"),
    "palette.gif": ("-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none"),
    "guessed.avi": ("-vf", "scale=out_color_matrix={by_height}", "-c:v", "mpeg4", "-q:v", "2"),
    "hd.mkv": (
        *("-vf", f"scale=out_color_matrix=bt709,format=yuv420p,{TAGGED.format('tv', 1)}"),
        *("-c:v", "mpeg2video", "-q:v", "2", "-colorspace", "bt709"),
    ),
    "sd.mkv": (
        *("-vf", f"scale=out_color_matrix=bt601,format=yuv420p,{TAGGED.format('tv', 6)}"),
        *("-c:v", "mpeg2video", "-q:v", "2", "-colorspace", "smpte170m"),
    ),
    "master.mov": ("-vf", "scale=out_color_matrix={by_height}", "-c:v", "prores_ks"),
    "full.mp4": (
        *("-vf", f"scale=out_range=pc:out_color_matrix=bt709,{TAGGED.format('pc', 1)}"),
        *("-c:v", "libx264", "-crf", "6", "-preset", "ultrafast", "-pix_fmt", "yuv444p"),
    ),
}
"""Name -> words for ffmpeg: what cameras, screen recorders, editors and old programs write."""
QUICK = {("camera.avi", 360), ("png.mov", 720), ("sd.mkv", 720), ("hd.mkv", 360), ("full.mp4", 480)}
ROWS = [
    pytest.param(name, lines, marks=() if (name, lines) in QUICK else pytest.mark.media)
    for name in SOURCES
    for lines in WIDTHS
]


def bars(path: Path, lines: int) -> Path:
    """Eight upright bars as a PPM."""
    width = WIDTHS[lines]
    row = b"".join(bytes(BARS[min(7, x * 8 // width)]) for x in range(width))
    path.write_bytes(b"P6\n%d %d\n255\n" % (width, lines) + row * lines)
    return path


def rgb(stored: tuple[int, int, int], matrix: int) -> tuple[int, int, int]:
    """Red, green and blue of limited-range Y, Cb and Cr."""
    red_share, blue_share = WEIGHTS[matrix]
    light = (stored[0] - 16) * 255 / 219
    red = light + (stored[2] - 128) * 255 / 224 * 2 * (1 - red_share)
    blue = light + (stored[1] - 128) * 255 / 224 * 2 * (1 - blue_share)
    green = (light - red_share * red - blue_share * blue) / (1 - red_share - blue_share)
    return round(red), round(green), round(blue)


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "lines"), ROWS)
async def test_what_is_made_has_the_colours_of_the_source(
    toolbox: MediaToolbox, tmp_path: Path, name: str, lines: int
) -> None:
    by_height = "bt709" if lines >= 720 else "bt601"
    words = [word.replace("{by_height}", by_height) for word in SOURCES[name]]
    picture = bars(tmp_path / "bars.ppm", lines)
    source = encode(tmp_path / name, ("-loop", "1", "-r", "10", "-t", "0.5", "-i", picture, *words))
    judged = toolbox.judge((await toolbox.probe(source, name)).facts, Recipe.TELEGRAM, "keep")
    made = (await toolbox.convert(source, judged, tmp_path, lambda _: None)).local
    with av.open(str(made)) as box:
        context = box.streams.video[0].codec_context
        told = (context.color_range, context.colorspace)
        assert min(int(context.color_primaries), int(context.color_trc)) == 1
    matrix = BT709 if lines >= 720 else SMPTE170M
    assert told == (LIMITED, matrix)
    places = [(round(WIDTHS[lines] * (n + 0.5) / 8), lines // 2) for n in range(8)]
    seen = [rgb(stored, matrix) for stored in points_of(made, places)]
    assert [
        (wanted, got)
        for wanted, got in zip(BARS, seen, strict=True)
        if max(abs(a - b) for a, b in zip(wanted, got, strict=True)) > 4
    ] == []


def picture(**more: int) -> StreamFacts:
    """Facts of a stream without tags, but for these."""
    told: dict[str, int] = {
        "width": 1280,
        "height": 720,
        "matrix": 2,
        "primaries": 2,
        "transfer": 2,
    }
    return from_json(StreamFacts, {"type": "video", **told, **more})


@pytest.mark.parametrize(
    ("stream", "matrix"),
    [
        (picture(), BT709),
        (picture(height=480), SMPTE170M),
        (picture(height=480, matrix=1), BT709),
        (picture(matrix=0), BT709),
        (picture(matrix=9), 9),
    ],
)
def test_what_is_not_tagged_is_what_players_take_it_for(stream: StreamFacts, matrix: int) -> None:
    assert with_colours(TranscodePlan(sniffed="mov"), FileFacts(), stream).matrix == matrix


@pytest.mark.parametrize(
    ("size", "bounds", "matrix"),
    [
        ([1280, 720], {}, BT709),
        ([640, 480], {}, SMPTE170M),
        ([720, 1280], {}, BT709),
        ([1920, 1080], {"short": 480}, SMPTE170M),
        ([1080, 1920], {"short": 480}, BT709),
        ([7680, 4320], {"side": 3840}, BT709),
        ([7680, 720], {"side": 3840}, SMPTE170M),
    ],
)
def test_the_matrix_follows_the_height_of_what_is_made(
    size: list[int], bounds: dict[str, Any], matrix: int
) -> None:
    bare = TranscodePlan(sniffed="mov", **bounds)
    plan = with_colours(bare, FileFacts(width=size[0], height=size[1]), picture())
    assert f"colorspace={matrix}" in colour_tags(plan)
    assert ("accurate_rnd" in colour_conversion(plan)) == (matrix != BT709)


def test_wide_colours_are_passed_on_unless_they_were_mapped() -> None:
    wide = with_colours(
        TranscodePlan(sniffed="mov"), FileFacts(), picture(primaries=9, transfer=14, matrix=9)
    )
    assert "color_primaries=9:color_trc=14:colorspace=1" in colour_tags(wide)
    assert "in_color_matrix=bt2020:" in colour_conversion(wide)
    mapped = replace(wide, hdr=True)
    assert "color_primaries=1:color_trc=1" in colour_tags(mapped)
    assert "in_color_matrix=auto:" in colour_conversion(mapped)
