"""The lock: hashes for everything, no address, and all that the product and its tools ask for."""

import re
import tomllib
from pathlib import Path

import pytest

from scripts import lock

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://host.example/simple",
        "--extra-index-url file:///somewhere",
        "-f /wheels",
        "--find-links /wheels",
        "--trusted-host host.example",
        "thing @ https://host.example/thing.whl",
    ],
)
def test_a_line_with_an_address_is_found(line: str) -> None:
    assert lock.addresses(f"anyio==4.16.0 \\\n    --hash=sha256:00\n{line}\n") == [line]


def test_the_lock_names_no_address() -> None:
    assert lock.addresses(lock.LOCK.read_text("utf-8")) == []


def test_every_package_is_pinned_with_hashes() -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", lock.LOCK.read_text("utf-8"))
    blocks = [block for block in re.split(r"(?m)^(?=\S)", text) if block.strip()]
    assert len(blocks) > 30
    assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_everything_asked_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[\[>=<;]", one)[0].strip().replace(".", "-").lower() for one in asked}
    locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", lock.LOCK.read_text("utf-8")))
    assert names <= locked


def test_the_machines_places_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels")
    made = lock.clean_environment()
    assert "PIP_FIND_LINKS" not in made
    assert made["PIP_CONFIG_FILE"] == "/dev/null"
