"""The demo of a chat serves, signs in, sends, and tells where the chat's page is."""

import socket
from pathlib import Path

import pytest

from scripts import show_telegram_demo as demo
from tests import inputs


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_the_sample_arrives_and_the_page_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    entries = {"a.jpg": inputs.photo(1), "broken.jpg": inputs.photo(2)[:300]}
    inputs.packed(tmp_path / "demo" / "sample.zip", entries)
    for name in ("PORT", "PAGE_PORT"):
        monkeypatch.setattr(demo, name, free_port())
    with pytest.raises(SystemExit) as ended:
        demo.main()
    told = capfd.readouterr().out
    assert ended.value.code == 0, told
    assert "signed in as Ann" in told
    assert f"the chat's page: http://127.0.0.1:{demo.PAGE_PORT}/chat/-100" in told
