"""The house as it stands keeps its rules, and each rule notices a planted offence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house import rules
from tests.house.old_words import old_words
from tests.house.state_writers import other_writers

ROOT = Path(__file__).resolve().parents[2]
Rule = Callable[[Path], list[str]]

BLOCK = "".join(f"    step_{n} = {n}\n" for n in range(6))
FIVE = "\n".join(BLOCK.splitlines()[:5]) + "\n"
INDENTED = 'def g():\n    """Not code."""\n    if True:\n        # why\n' + BLOCK.replace(
    "    ", "        "
).replace("step_2", "\n        step_2")
THIRTEEN = (
    f"from transload.media import {', '.join(f'm{n}' for n in range(12))}\nimport transload.model"
)
PLANTED: list[tuple[Rule, dict[str, str], str]] = [
    (rules.too_long, {"src/transload/flow.py": "\n" * 601}, "src/transload/flow.py: 601"),
    (rules.too_long, {"bench/a.py": "x = 1\n" * 700}, "bench/a.py: 700"),
    (
        rules.without_test,
        {"src/transload/media/photos/photo.py": "x = 1\n" * 81},
        "tests/media/photos/test_photo.py",
    ),
    (rules.without_test, {"scripts/accept.py": "x = 1\n" * 81}, "tests/scripts/test_accept.py"),
    (rules.without_source, {"tests/media/test_gone.py": ""}, "tests/media/test_gone.py"),
    (
        rules.without_source,
        {"tests/media/test_gone_far.py": "", "src/transload/media/far.py": ""},
        "tests/media/test_gone_far.py",
    ),
    (rules.empty_names, {"src/transload/net/http_utils.py": ""}, "http_utils"),
    (rules.empty_names, {"src/transload/helpers/zip.py": ""}, "helpers"),
    (rules.empty_names, {"src/transload/job_manager.py": ""}, "job_manager"),
    (rules.mocks_and_sleeps, {"tests/test_a.py": "from unittest.mock import Mock"}, "mock"),
    (rules.mocks_and_sleeps, {"tests/test_a.py": "import time\ntime.sleep(1)"}, "test_a.py:2"),
    (
        rules.commands_named,
        {"src/transload/ledger/a.py": "T = 'see `transload jobs`'"},
        "a.py:1: see",
    ),
    (rules.commands_named, {"src/transload/ledger/a.py": "T = f'{1} or --to'"}, "a.py:1:  or"),
    (
        rules.repeated_blocks,
        {"src/transload/a.py": "def h():\n" + BLOCK, "src/transload/b.py": INDENTED},
        "src/transload/b.py:5 is src/transload/a.py:2",
    ),
    (
        rules.imports_too_much,
        {"src/transload/a.py": THIRTEEN, "src/transload/media/__init__.py": ""}
        | {f"src/transload/media/m{n}.py": "" for n in range(12)},
        "src/transload/a.py: 13 modules",
    ),
    (
        rules.untyped_mappings,
        {
            f"src/transload/{name}.py": f"a: {mapping}\n" * 10 + "b: dict[str, int]\n"
            for name, mapping in (
                ("a", "dict[str, Any]"),
                ("b", "Mapping[str, object]"),
                ("c", "dict | None"),
                ("e", "list[dict[str, object]]"),
            )
        }
        | {"src/transload/d.py": "def f() -> dict: ..."},
        "41 untyped mappings: src/transload/a.py:1",
    ),
    (rules.places_told, {"src/transload/a.py": "P = '/root/data'"}, "a.py:1"),
    (rules.places_told, {"requirements.lock": "--extra-index-url x"}, "requirements.lock:1"),
    (old_words, {"src/transload/app.py": "class Bench: ..."}, "Bench is TaskContext now"),
    (old_words, {"src/transload/app.py": "def f(_roll): ..."}, "roll is registry now"),
    (
        old_words,
        {"src/transload/taking/__init__.py": "", "docs/a.md": "words"},
        "src/transload/taking/__init__.py: taking",
    ),
    (old_words, {"docs/crash.md": "see `storage/fenced.py` there"}, "docs/crash.md:1: fenced"),
    *(
        (other_writers, {"src/transload/ledger/jobs.py": f"def f(db):\n    {code}"}, told)
        for code, told in (
            ("db.execute(update(jobs).values(state='failed'))", "jobs.py:2: writes state"),
            ("db.execute(update(tasks).where(x).values({'owner': None}))", "writes owner"),
            ("own = {'why': ''} | {'epoch': 1}; update(tasks).values(**own)", "writes epoch"),
            ("own = {}; own['state'] = 'sent'; update(items).values(**own)", "writes state"),
            ("update(items).values(**given())", "cannot be told"),
            ("db.execute(update(items).where(x), rows)", "cannot be told"),
            ("db.execute(text('update jobs set state = 1'))", "as text"),
        )
    ),
]
SOUND = {
    "src/transload/ledger/moves.py": "def apply(): update(jobs).values(state='failed')",
    "src/transload/ledger/tasks.py": "def add(): insert(jobs).values(state='queued')",
    "tests/ledger/test_moves.py": "",
    "tests/ledger/test_tasks.py": "",
    "src/transload/__init__.py": "",
    "src/transload/ledger/migrations/v1.py": "\n" * 900,
    "src/transload/main.py": "\n" * 600,
    "src/transload/cli/__init__.py": "T = 'transload jobs --json'",
    "src/transload/ledger/__init__.py": '"""What `transload jobs --json` shows."""',
    "src/transload/wiring.py": "\n".join(f"import transload.m{n}" for n in range(40)),
    "src/transload/app.py": f"def f():\n{FIVE}def g():\n{FIVE}",
    "tests/test_main.py": "import anyio\nasync def test_a(): await anyio.sleep(0)",
    "tests/test_init.py": "",
    "tests/test_wiring.py": "",
    "tests/test_app.py": "",
    "tests/crash/test_kills.py": "",
    "requirements.lock": "anyio==4.16.0 \\\n    --hash=sha256:00",
    "pyproject.toml": "[project]",
}


def planted(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


RULES = sorted({rule for rule, _, _ in PLANTED}, key=lambda rule: rule.__name__)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_house_has_no_offence(rule: Rule, tmp_path: Path) -> None:
    assert rule(planted(tmp_path, SOUND)) == []


@pytest.mark.parametrize(("rule", "files", "told"), PLANTED)
def test_a_planted_offence_is_noticed(
    rule: Rule, files: dict[str, str], told: str, tmp_path: Path
) -> None:
    found = rule(planted(tmp_path, SOUND | files))
    assert len(found) == 1
    assert told in found[0]
