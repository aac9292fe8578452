"""Probing by several decoders: what does not fit the share of one is decoded by itself."""

from pathlib import Path

import pytest
from PIL import Image

from tests.media.conftest import Samples
from transload.media.decoder_pool import DecoderPool
from transload.media.prober import Prober
from transload.media.requests import PIXEL_BYTES

pytestmark = pytest.mark.anyio
BYTES_A_PIXEL = 4


@pytest.mark.parametrize(("share", "decoded"), [(0.3, "whole"), (0.7, "whole"), (1.2, "unproven")])
async def test_the_share_of_a_decoder_changes_no_finding(
    tmp_path: Path, share: float, decoded: str
) -> None:
    side = int((PIXEL_BYTES * share / BYTES_A_PIXEL) ** 0.5)
    path = tmp_path / "a.png"
    Image.new("RGB", (side, side)).save(path, compress_level=1)
    for most in (1, 2):
        pool = DecoderPool(most=most)
        found = await Prober(pool, None).probe(path, path.name)
        assert (found.facts.decoded, found.thumb is not None) == (decoded, decoded == "whole")
        await pool.aclose()


@pytest.mark.parametrize(
    ("sample", "name", "kind"),
    [
        ("plain.mp4", "film.mp4", "video"),
        ("plain.mp4", "film.jpg", "video"),
        ("photo.jpg", "photo.mp4", "photo"),
    ],
)
async def test_a_name_only_says_whom_to_ask_first(
    samples: Samples, sample: str, name: str, kind: str
) -> None:
    pool = DecoderPool(most=2)
    found = await Prober(pool, None).probe(samples(sample), name)
    assert (found.facts.sniffed_kind, found.unopened, found.thumb is not None) == (
        kind,
        False,
        True,
    )
    await pool.aclose()
