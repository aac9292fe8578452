"""Photos that Pillow's strict readers refuse, judged by the picture that was painted."""

import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.kept import encode
from tests.media.conftest import Probe
from tests.media.samples import colour
from transload.media.photos import fallback
from transload.media.photos.photo import JpegTarget, shrink
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

SIZE = (128, 96)
PLACES = ((64, 5), (64, 90), (10, 48), (64, 48), (120, 48))


def painted(path: Path) -> Path:
    """White above, black below, a ramp between, as PNG."""
    picture = Image.new("RGB", SIZE, "white")
    for x in range(SIZE[0]):
        picture.paste((2 * x, 255 - 2 * x, 60), (x, 20, x + 1, 76))
    picture.paste((0, 0, 0), (0, 76, *SIZE))
    picture.save(path)
    return path


def float_tiff(path: Path, picture: Image.Image) -> Path:
    """A TIFF of three floats a pixel (TIFF 6.0: SampleFormat 3), which neither Pillow nor ffmpeg writes."""
    data = b"".join(struct.pack("<f", value / 255) for value in picture.tobytes())
    at, head = 8, b"II*\0" + struct.pack("<I", 8 + len(data))
    fields = [
        (256, 3, 1, SIZE[0]),
        (257, 3, 1, SIZE[1]),
        (258, 3, 3, 0),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, at),
        (277, 3, 1, 3),
        (278, 3, 1, SIZE[1]),
        (279, 4, 1, len(data)),
        (339, 3, 3, 0),
    ]
    behind = 8 + len(data) + 2 + 12 * len(fields) + 4
    places = {258: behind, 339: behind + 6}
    rows = b"".join(
        struct.pack("<HHII", tag, kind, count, places.get(tag, value))
        for tag, kind, count, value in fields
    )
    tail = struct.pack("<3H", 32, 32, 32) + struct.pack("<3H", 3, 3, 3)
    path.write_bytes(head + data + struct.pack("<H", len(fields)) + rows + bytes(4) + tail)
    return path


def sample(name: str, room: Path) -> tuple[Path, Path]:
    """A picture of this kind, and the PNG that it was made of."""
    truth, path = painted(room / "truth.png"), room / name
    match name:
        case "deep.jp2":
            encode(path, ("-i", truth, "-pix_fmt", "rgb48le", "-c:v", "jpeg2000"))
        case "lossless.jls":
            encode(path, ("-i", truth, "-c:v", "jpegls"))
        case "float.tif":
            with Image.open(truth) as picture:
                float_tiff(path, picture)
        case _:
            with Image.open(truth) as picture:
                picture.save(path, "JPEG", quality=95)
            whole = path.read_bytes()
            path.write_bytes(
                whole[: {"two.jpg": len(whole) - 2, "cut.jpg": len(whole) * 72 // 100}[name]]
            )
    return path, truth


@pytest.mark.parametrize("name", ["deep.jp2", "lossless.jls", "float.tif", "two.jpg", "cut.jpg"])
@pytest.mark.parametrize("recipe", [Recipe.PLAYABLE, Recipe.TELEGRAM])
@pytest.mark.anyio
async def test_what_can_be_seen_is_delivered(
    toolbox: MediaToolbox, tmp_path: Path, name: str, recipe: Recipe
) -> None:
    partial, places = name.endswith(".jpg"), PLACES if name != "cut.jpg" else PLACES[::2][:2]
    path, truth = sample(name, tmp_path)
    probed = await toolbox.probe(path, name)
    judged = toolbox.judge(probed.facts, recipe, "keep")
    assert (judged.verdict, judged.partial) == (Verdict.SHRINK, partial)
    assert probed.thumb is not None
    assert (judged.plan.original == "beside") is partial
    made = await toolbox.convert(path, judged, tmp_path, lambda _: None)
    with Image.open(made.local) as got, Image.open(truth) as wanted:
        assert got.size == SIZE
        for x, y in places:
            one, other = colour(got, x, y), colour(wanted, x, y)
            assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 12


def test_what_shows_nothing_stays_refused(tmp_path: Path, probe: Probe) -> None:
    Image.new("RGB", (64, 1600), "red").save(tmp_path / "tall.jpg")
    content = (tmp_path / "tall.jpg").read_bytes()
    header = content.index(b"\xff\xda") + 14
    for name, kept in (
        ("none.jpg", content[:header]),
        ("noise.jls", b"\xff\xd8\xff\xf7" + bytes(99)),
    ):
        (tmp_path / name).write_bytes(kept)
        found = probe(tmp_path / name, name).facts.found
        assert found.decoded in ("cut", "damaged", "unknown")
        assert found.reader is None


def test_an_empty_area_at_the_end_was_never_decoded() -> None:
    picture = Image.new("RGB", (10, 100), "red")
    picture.paste((0, 135, 0), (0, 60, 10, 100))
    assert fallback.seen_share(picture) == 0.6
    assert fallback.seen_share(Image.new("RGB", (10, 10), "red")) == 0


def test_damage_is_not_read_by_another_decoder(tmp_path: Path) -> None:
    path = painted(tmp_path / "a.png")
    with pytest.raises(ValueError, match="no picture"):
        fallback.by_libav(path, "jpeg")
    into = tmp_path / "o.jpg"
    shrink(path, "png", JpegTarget(None, 87, "to_the_last_byte"), into)
    with pytest.raises(OSError, match="truncated"):  # strict again behind it
        Image.open(sample("two.jpg", tmp_path)[0]).load()
