"""A conversion is a shipment, or the outcome that says why not."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.config import Settings
from transload.making import disk_need
from transload.model import ItemKind, Judgement, Verdict

pytestmark = pytest.mark.anyio


async def test_a_converted_file_is_delivered_with_its_original(tmp_path: Path) -> None:
    film = inputs.clip(tmp_path / "film.avi")
    report = await Home(tmp_path).send(film)
    (record,) = report.items
    assert [Path(output.path).suffix for output in record.outputs] == [".mp4", ".avi"]
    assert record.item.verdict == "transcode"
    assert report.totals.deferred == 1
    assert (tmp_path / "library" / record.outputs[1].path).read_bytes() == film.read_bytes()


@pytest.mark.parametrize(
    ("verdict", "shape", "need"),
    [
        (Verdict.REWRAP, (None, None, None), 1_050_000),
        (Verdict.TRANSCODE, (None, None, None), 2_100_000),
        (Verdict.TRANSCODE, (100, 100, 10.0), 63_000),
        (Verdict.TRANSCODE, (1920, 1080, 600.0), 2_100_000),
    ],
)
async def test_what_a_conversion_needs_on_the_disk(
    verdict: Verdict, shape: tuple[int | None, int | None, float | None], need: int
) -> None:
    width, height, duration_s = shape
    judgement = Judgement(
        ItemKind.VIDEO, verdict, "", width=width, height=height, duration_s=duration_s
    )
    assert disk_need(judgement, 1_000_000) == need


async def test_a_failing_encoder_keeps_the_original_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    film = inputs.clip(tmp_path / "film.avi")
    home = Home(tmp_path, Settings(min_free_bytes=0, ffmpeg=broken))
    report = await home.send(film)
    (record,) = report.items
    assert record.item.state in ("failed", "quarantined")
    assert record.item.fault is not None
    assert record.item.fault.kind in ("tool.ffmpeg", "convert.failed")
    assert home.delivered() == {}
    assert home.left_behind() == []
