"""A conversion is a shipment, or the outcome that says why not."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.config import Settings

pytestmark = pytest.mark.anyio


async def test_a_converted_file_is_delivered_with_its_original(tmp_path: Path) -> None:
    film = inputs.clip(tmp_path / "film.avi")
    report = await Home(tmp_path).send(film)
    (record,) = report.items
    assert [Path(output.path).suffix for output in record.outputs] == [".mp4", ".avi"]
    assert record.item.verdict == "transcode"
    assert report.totals.deferred == 1
    assert (tmp_path / "library" / record.outputs[1].path).read_bytes() == film.read_bytes()


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
