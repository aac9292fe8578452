"""The key exchange refuses whatever is out of place."""

import time
from pathlib import Path

import pytest

from tests.sandbox.clients import scene
from transload.sandbox.handshake import Handshake
from transload.sandbox.tl import MalformedError, functions

pytestmark = pytest.mark.anyio


async def test_steps_out_of_place_are_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        exchange = Handshake(s.box.key, time.time)
        asked = exchange.answer(bytes(functions.ReqPqMultiRequest(1)))
        assert asked.server_public_key_fingerprints == [s.box.key.fingerprint]
        early = functions.SetClientDHParamsRequest(1, asked.server_nonce, bytes(32))
        params = functions.ReqDHParamsRequest(
            1, asked.server_nonce, b"\1", b"\2", s.box.key.fingerprint, bytes(256)
        )
        for wrong in (early, params, functions.help.GetConfigRequest()):
            with pytest.raises(MalformedError):
                exchange.answer(bytes(wrong))
        assert exchange.agreed is None
