"""`transload list` and `transload inspect`: looking without delivering."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from transload import report
from transload.cli.output import error_lines, say, worst
from transload.cli.passwords import NO_PASSWORDS, Passwords, no_job
from transload.cli.session import USUAL, Common, recipe_word, run
from transload.errors import KINDS, TransloadError
from transload.faults import EXIT_OK, EXIT_PARTIAL
from transload.lookups import Wanted
from transload.model import Files, Inspection, ItemKind, Recipe, SourceContents, Verdict
from transload.present.next_steps import reason_text
from transload.present.text import clean, size_text

if TYPE_CHECKING:
    from transload.app import App


def list_entries(  # noqa: PLR0913  one parameter for each option
    source: Annotated[
        str, Parameter(help="What `send` takes: a path, or an address of http(s) or webdav(s).")
    ],
    /,
    *,
    files: Annotated[
        Files, Parameter(help="`media`: only what its name calls a photo, a video or sound.")
    ] = "all",
    include: Annotated[
        list[str] | None,
        Parameter(negative="", help="Only names that fit GLOB; `*` crosses folders. Repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None, Parameter(negative="", help="No names that fit GLOB. Repeatable.")
    ] = None,
    passwords: Passwords = NO_PASSWORDS,
    common: Common = USUAL,
) -> int:
    """Show the entries of a source: index, size, CRC-32, kind and name. Nothing is delivered.

    For example:

        transload list photos.zip
        transload list backup.tar.gz --json
        transload list private.7z --password-file words.txt
        transload list https://host/photos.zip --files media --exclude "thumbs/*"
    """
    words = passwords.read()
    wanted = Wanted(files, tuple(include or ()), tuple(exclude or ()))
    return run(common, lambda app: _list(app, source, words, wanted, common), ledger=False)


async def _list(
    app: "App",
    source: str,
    words: Sequence[str],
    wanted: Wanted,
    common: Common,
) -> int:
    try:
        with no_job():
            seen = await app.list(source, words, wanted)
    except TransloadError as error:
        if not common.json:
            raise
        say(json.dumps(report.no_contents(source, error.fault()), ensure_ascii=False), sys.stdout)
        return error.exit_status
    fault = seen.report.fault
    if common.json:
        json.dump(report.contents(seen), sys.stdout)
        print()
    else:
        if not common.quiet:
            _print_entries(seen)
        if fault is not None:
            say("\n".join(error_lines(fault)), sys.stderr)
    return EXIT_OK if fault is None else KINDS[fault.kind].exit_status


def _print_entries(seen: SourceContents) -> None:
    marks = {"file": "", "dir": "folder", "link": "link"}
    known = 0
    print(f"{'index':>7} {'size':>9}  {'crc32':<8}  {'':<9}  name")
    for entry in seen.entries:
        known += entry.size or 0
        mark = "encrypted" if entry.encrypted else marks[entry.kind]
        crc = report.crc_text(entry) or "-"
        size = "-" if entry.kind == "dir" else size_text(entry.size)
        print(f"{entry.index:>7} {size:>9}  {crc:<8}  {mark:<9}  {clean(entry.name)}")
        if entry.trouble is not None:
            print(f"{'':<31}cannot be read: {clean(entry.trouble.detail)}")
    words = "entry" if len(seen.entries) == 1 else "entries"
    print(f"{len(seen.entries):,} {words}, {size_text(known)}, {seen.listing.format}")


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
