"""The acceptance runner: a recorded floor is kept, missed and unmeasured scores fail, a broken suite is told apart."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import accept

SUITE = """
import argparse, json, pathlib, sys
ask = argparse.ArgumentParser()
for word in ("--corpus", "--only", "--transload", "--out", "--jobs"):
    ask.add_argument(word, required=True)
given = ask.parse_args()
answer = json.loads((pathlib.Path(given.corpus) / "answer.json").read_text())
print("asked for", given.only)
if answer is None:
    sys.exit(2)
pathlib.Path(given.out).write_text(json.dumps(answer))
"""


def rows(part: str, name: str, passed: int, total: int) -> list[dict[str, Any]]:
    return [{"part": part, "name": name, "ok": n < passed} for n in range(total)]


def result(**changed: object) -> dict[str, Any]:
    """What a suite gives when every floor of accept.toml is kept, parts of later stages failing."""
    plain: dict[str, Any] = {
        "rows": rows("composites", "photoset120_zip", 9, 9)
        + rows("archives", "rar/a.rar", 2, 2)
        + rows("archives.list", "rar/a.rar", 2, 2)
        + rows("hostile", "zip/b.zip", 2, 2)
        + rows("hostile.list", "zip/b.zip", 2, 2)
        + rows("kill9", "photoset120_zip", 5, 5)
        + rows("suite", "corpus", 1, 1)
        + rows("errors", "of a later stage", 0, 9),
        "names": {"right": 96, "total": 100, "wrong": []},
        "media": {"right": 100, "total": 100, "fatal": [], "costly": []},
    }
    return plain | changed


def run(folder: Path, answer: dict[str, Any] | None) -> int:
    (folder / "suite.py").write_text(SUITE)
    (folder / "answer.json").write_text(json.dumps(answer))
    return accept.main([str(folder / "suite.py"), str(folder), "--transload", sys.executable])


def test_every_floor_kept_is_0(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, result()) == 0
    told = capfd.readouterr().out
    assert "asked for archives,hostile,composites,media,kill9" in told
    assert "ok    media right of all: 1 (must be >= 1)" in told
    assert "FAIL" not in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"media": {"right": 99, "total": 100, "fatal": [], "costly": []}},
            "media right of all: 0.99",
        ),
        ({"media": {"right": 100, "total": 100, "fatal": ["x"], "costly": []}}, "media fatal: 1"),
        ({"media": {}}, "media fatal: not measured"),
        ({"names": {"right": 94, "total": 100, "wrong": []}}, "names right of all: 0.94"),
        ({"rows": rows("kill9", "a", 5, 5)}, "composites: not measured"),
        ({"rows": [*result()["rows"], *rows("kill9", "b", 0, 5)]}, "kill9: 0.5"),
    ],
)
def test_below_a_floor_is_1(
    changed: dict[str, Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, result(**changed)) == 1
    assert f"FAIL  {told}" in capsys.readouterr().out


def test_a_suite_that_cannot_run_is_2(tmp_path: Path) -> None:
    assert run(tmp_path, None) == 2


def test_an_earlier_result_is_not_taken_for_this_one(tmp_path: Path) -> None:
    assert run(tmp_path, result()) == 0
    kept = tmp_path / "result.json"
    kept.write_text(json.dumps(result()))
    (tmp_path / "answer.json").write_text("null")
    words = [str(tmp_path / "suite.py"), str(tmp_path), "--out", str(kept)]
    assert accept.main(words) == 2
