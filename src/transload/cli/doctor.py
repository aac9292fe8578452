"""`transload doctor`: what is needed, what is there, how to mend the difference."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from transload import config
from transload.cli.session import USUAL, Common, run
from transload.faults import EXIT_ENVIRONMENT, EXIT_OK, Step
from transload.present.next_steps import sentence
from transload.present.text import clean, count_text, size_text

if TYPE_CHECKING:
    from transload.app import App
    from transload.doctor import Check

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(
    *,
    fix: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Make missing folders and free disk space; say what a person must do.",
        ),
    ] = False,
    common: Common = USUAL,
) -> int:
    """Check everything Transload needs. With --json, every setting too, with its value and where it came from."""
    return run(common, lambda app: _doctor(app, fix, common), ledger=False)


async def _doctor(app: "App", fix: bool, common: Common) -> int:
    checks = await app.examine(fix=fix)
    failed = [check for check in checks if check.status == "fail"]
    freed = await app.mend() if fix and not failed else 0
    if common.json:
        print(json.dumps(document(app, checks), ensure_ascii=False))
    else:
        for line in lines(checks, all_of_them=common.talks):
            print(line)
        if freed:
            print(f"freed {size_text(freed)}")
    return EXIT_ENVIRONMENT if failed else EXIT_OK


def lines(checks: "Sequence[Check]", *, all_of_them: bool) -> list[str]:
    """The checks as text: what is not well with its reason and cure."""
    printed = list[str]()
    for check in checks:
        if check.status == "ok" and not all_of_them:
            continue
        printed.append(f"{MARKS[check.status]}  {check.id:<12} {clean(check.found)}")
        if check.status != "ok":
            printed += [f"      needed: {check.needed}; {check.why}", f"      fix: {mend(check)}"]
    wrong = sum(check.status == "fail" for check in checks)
    if all_of_them:
        printed.append("all is well" if not wrong else f"{count_text(wrong, 'check')} failed")
    return printed


def mend(check: "Check") -> str:
    """What mends it, in words; empty when nothing needs mending."""
    return sentence(check.fix) if isinstance(check.fix, Step) else check.fix


def document(app: "App", checks: "Sequence[Check]") -> dict[str, Any]:
    """The answer of `doctor --json`."""
    return {
        "schema": 1,
        "ok": all(check.status != "fail" for check in checks),
        "data_dir": str(app.installation.folder.root),
        "checks": [asdict(check) | {"fix": mend(check)} for check in checks],
        "settings": [asdict(row) for row in config.describe(app.settings)],
    }
