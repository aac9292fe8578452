"""`transload inspect`: what files are, and what would be done to them."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from transload import report
from transload.cli.output import error_lines, worst
from transload.cli.session import USUAL, Common, recipe_word, run
from transload.cli.streams import say
from transload.errors import TransloadError
from transload.faults import EXIT_PARTIAL
from transload.model import Inspection, ItemKind, Recipe, Verdict
from transload.present.next_steps import reason_text
from transload.present.text import clean

if TYPE_CHECKING:
    from transload.app import App


def inspect(
    file: Annotated[list[Path], Parameter(help="Media files.")],
    /,
    *,
    recipe: Annotated[
        Recipe | None,
        Parameter(
            name_transform=recipe_word,
            help="What the file is judged for; when not given, what `send` would take for a library.",
        ),
    ] = None,
    common: Common = USUAL,
) -> int:
    """Show what files are, what would be done to them, and why. With -v also every probed fact.

    For example:

        transload inspect clip.avi photo.heic
        transload inspect --recipe telegram --json film.mkv
        transload inspect --recipe mp4:720 film.mkv
    """
    return run(common, lambda app: _inspect(app, file, recipe, common), ledger=False)


async def _inspect(app: "App", files: Sequence[Path], recipe: Recipe | None, common: Common) -> int:
    """Look at one file after the other; the exit status is the worst that `send` would end with before it began."""
    found, statuses = list[Inspection](), list[int]()
    for file in files:
        try:
            found.append(await app.inspect(file, recipe))
        except TransloadError as error:
            found.append(Inspection.of_lost(str(file), None, ItemKind.UNKNOWN, error.fault()))
            statuses.append(error.exit_status)
            if not common.json:
                say("\n".join(error_lines(error.fault())), sys.stderr)
        else:
            if found[-1].judgement.verdict is Verdict.UNSAVABLE:
                statuses.append(EXIT_PARTIAL)
            if common.talks:
                _print_inspected(found[-1], facts=common.verbose)
    if common.json:
        say(json.dumps([report.inspection(one) for one in found]), sys.stdout)
    return worst(statuses)


def _print_inspected(one: Inspection, *, facts: bool) -> None:
    judgement = one.judgement
    verdict = f"{judgement.kind.value}, {judgement.verdict.value}"
    say(f"{clean(one.name)}: {verdict}: {clean(reason_text(judgement.why))}", sys.stdout)
    for fact, value in report.file_facts(one.facts).items() if facts else ():
        say(f"  {fact}: {clean(json.dumps(value, ensure_ascii=False))}", sys.stdout)
