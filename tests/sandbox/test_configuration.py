"""What the server says of itself."""

from pathlib import Path

import pytest
from telethon import functions

from tests.sandbox.clients import scene, telethon

pytestmark = pytest.mark.anyio


async def test_all_data_centres_are_this_server(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        config = await ann(functions.help.GetConfigRequest())
        assert {(one.ip_address, one.port) for one in config.dc_options} == {
            ("127.0.0.1", s.box.world.port)
        }
        assert (await ann(functions.help.GetNearestDcRequest())).this_dc == config.this_dc


async def test_bounds_are_told_as_the_app_reads_them(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        values = (await ann(functions.help.GetAppConfigRequest(0))).config.value
        told = {one.key: one.value.value for one in values}
        assert told["upload_max_fileparts_default"] == 4000
        assert told["caption_length_limit_default"] == 1024
