"""Photos: proof, thumbnails, shrinking."""

import io
import random
import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.media.conftest import Samples
from tests.media.samples import colour, painting
from transload.media.failures import DamagedError
from transload.media.judge.verdict import PHOTO_BYTES_MAX
from transload.media.photos.photo import THUMB_BYTES, JpegTarget, probe_photo, shrink, to_apng

LIMIT = 160 << 20
SAFE = JpegTarget(side=2560, quality=87)


def shrunk(path: Path, word: str, into: Path, shape: JpegTarget = SAFE) -> Image.Image:
    """The picture that shrinking makes."""
    shrink(path, word, shape, into)
    made = Image.open(into)
    made.load()
    return made


def test_a_thumbnail_is_small_and_upright(samples: Samples) -> None:
    found, thumb = probe_photo(samples("upside.jpg"), "jpeg", LIMIT)
    assert thumb is not None
    assert Image.open(io.BytesIO(thumb)).size == (64, 96)
    assert (found.decoded, found.orientation) == ("whole", 6)


def test_a_thumbnail_of_noise_fits_its_bytes(tmp_path: Path) -> None:
    Image.effect_noise((1500, 1500), 120).convert("RGB").save(tmp_path / "noise.jpg")
    _, thumb = probe_photo(tmp_path / "noise.jpg", "jpeg", LIMIT)
    assert thumb is not None
    assert len(thumb) <= THUMB_BYTES
    assert max(Image.open(io.BytesIO(thumb)).size) <= 320


def test_orientation_is_baked_into_the_shrunk_photo(samples: Samples, tmp_path: Path) -> None:
    made = shrunk(samples("upside.jpg"), "jpeg", tmp_path / "out.jpg")
    assert made.size == (64, 96)
    assert made.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cmyk.jpg", "jpeg"),
        ("alpha.png", "png"),
        ("still.gif", "gif"),
        ("still.webp", "webp"),
        ("scan.tiff", "tiff"),
        ("paint.bmp", "bmp"),
        ("new.avif", "avif"),
        ("apple.heic", "heif"),
        ("film.jp2", "jpeg2000"),
    ],
)
def test_colours_survive(samples: Samples, tmp_path: Path, name: str, word: str) -> None:
    made = shrunk(samples(name), word, tmp_path / "out.jpg").convert("RGB")
    width, height = made.size
    red, green, blue = colour(made, width * 3 // 4, height * 3 // 4)
    assert red > 180
    assert max(green, blue) < 80


def test_transparency_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    made = shrunk(tmp_path / "clear.png", "png", tmp_path / "o.jpg")
    assert min(colour(made, 20, 20)) > 250


def test_sixteen_bits_are_scaled_not_clipped(samples: Samples, tmp_path: Path) -> None:
    made = shrunk(samples("deep.png"), "png", tmp_path / "out.jpg")
    assert colour(made, 2, 32)[0] < 40
    assert 100 < colour(made, 32, 32)[0] < 150
    assert colour(made, 62, 32)[0] > 220


def test_no_picture_is_above_the_limit_after_one_attempt(tmp_path: Path) -> None:
    bits = random.Random(1).randbytes(2600 * 2600 * 3).translate(bytes([0] * 128 + [255] * 128))
    Image.frombytes("RGB", (2600, 2600), bits).save(tmp_path / "worst.png", compress_level=1)
    made = shrunk(tmp_path / "worst.png", "png", tmp_path / "out.jpg")
    assert (tmp_path / "out.jpg").stat().st_size < PHOTO_BYTES_MAX
    assert made.size == (2560, 2560)


def test_a_playable_photo_keeps_its_size(samples: Samples, tmp_path: Path) -> None:
    full = JpegTarget(side=None, quality=87)
    assert shrunk(samples("large.jpg"), "jpeg", tmp_path / "o.jpg", full).size == (9000, 1200)


def test_place_of_taking_is_dropped_and_time_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2024:05:06 07:08:09"}
    exif[0x8825] = {1: "N"}
    painting().save(tmp_path / "trip.jpg", "JPEG", exif=exif.tobytes())
    with Image.open(tmp_path / "trip.jpg") as trip:
        assert trip.getexif().get_ifd(0x8825)[1] == "N"
    kept = shrunk(tmp_path / "trip.jpg", "jpeg", tmp_path / "out.jpg").getexif()
    assert kept.get(0x0132) == "2024:05:06 07:08:09"
    assert not kept.get_ifd(0x8825)


def test_a_large_header_is_not_decoded_while_probing(tmp_path: Path) -> None:
    Image.new("L", (5000, 5000)).save(tmp_path / "wide.png")
    found, thumb = probe_photo(tmp_path / "wide.png", "png", 1 << 20)
    assert (found.decoded, thumb) == ("unproven", None)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_large_webp_is_not_opened_while_probing(tmp_path: Path, *, lossless: bool) -> None:
    Image.new("RGB", (3000, 2000), "teal").save(tmp_path / "a.webp", lossless=lossless)
    found, _ = probe_photo(tmp_path / "a.webp", "webp", 1 << 20)
    assert (found.decoded, found.width, found.height) == ("unproven", 3000, 2000)
    assert probe_photo(tmp_path / "a.webp", "webp", LIMIT)[0].decoded == "whole"


def test_damage_is_told_apart_from_a_cut(samples: Samples, tmp_path: Path) -> None:
    whole = bytearray(samples("photo.png").read_bytes())
    whole[60:90] = bytes(30)
    (tmp_path / "rot.png").write_bytes(whole)
    assert probe_photo(tmp_path / "rot.png", "png", LIMIT)[0].decoded == "damaged"
    assert probe_photo(samples("cut.png"), "png", LIMIT)[0].decoded == "cut"


def test_damage_while_shrinking_is_an_error_about_the_file(
    samples: Samples, tmp_path: Path
) -> None:
    with pytest.raises(DamagedError):
        shrink(samples("cut.jpg"), "jpeg", SAFE, tmp_path / "out.jpg")


def test_an_animation_is_unpacked_with_every_frame(samples: Samples, tmp_path: Path) -> None:
    assert to_apng(samples("moving.webp"), "webp", tmp_path / "out.png") == 4
    with Image.open(tmp_path / "out.png") as made:
        assert getattr(made, "n_frames", 1) == 4


def test_an_unpacked_animation_keeps_its_times(tmp_path: Path) -> None:
    times = [200, 300, 100]
    first, *others = (painting(size=(40 + n, 40)).resize((40, 40)) for n in range(3))
    first.save(tmp_path / "in.webp", save_all=True, append_images=others, duration=times)
    to_apng(tmp_path / "in.webp", "webp", tmp_path / "out.png")
    made = (tmp_path / "out.png").read_bytes()
    controls = [at + 4 for at in range(len(made)) if made[at : at + 4] == b"fcTL"]
    delays = [struct.unpack(">HH", made[at + 20 : at + 24]) for at in controls]
    assert [round(1000 * above / (below or 100)) for above, below in delays] == times


@pytest.mark.parametrize(("name", "word"), [("turned.webp", "webp"), ("turned.png", "png")])
def test_what_only_a_tag_turns_is_made_upright(
    samples: Samples, tmp_path: Path, name: str, word: str
) -> None:
    made = shrunk(samples(name), word, tmp_path / "out.jpg")
    assert made.size == (64, 96)
    assert made.getexif().get(0x0112, 1) == 1
    assert colour(made, 46, 26)[0] > 200 > 100 > colour(made, 46, 26)[2]
