"""`transload list`: the entries of a source, nothing delivered."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from transload.cli.passwords import NO_PASSWORDS, Passwords, no_job
from transload.cli.session import USUAL, Common, look, run
from transload.cli.streams import say
from transload.entry import SourceContents
from transload.errors import KINDS, TransloadError
from transload.faults import EXIT_OK
from transload.listing import Wanted, list_here
from transload.options import Files
from transload.present.text import clean, size_text
from transload.web_address import is_address

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
    try:
        with no_job():
            seen = _seen(source, words, wanted, common)
    except TransloadError as error:
        if not common.json:
            raise
        say(_document(source, error), sys.stdout)
        return error.exit_status
    return seen if isinstance(seen, int) else _shown(seen, common)


def _document(source: str, seen: SourceContents | TransloadError) -> str:
    from transload.cli.output import listing_document  # people are answered without all it loads

    return listing_document(source, seen)


def _seen(
    source: str, words: Sequence[str], wanted: Wanted, common: Common
) -> SourceContents | int:
    """The contents of a source; the exit status where they were not waited for.

    Servers are asked on the loop, where that can be cancelled. A file here needs none.
    """
    if not is_address(source):
        return look(common, lambda settings, _: list_here(settings, source, words, wanted))
    found: list[SourceContents] = []

    async def act(app: "App") -> int:
        found.append(await app.list(source, words, wanted))
        return EXIT_OK

    status = run(common, act, ledger=False)
    return found[0] if found else status


def _shown(seen: SourceContents, common: Common) -> int:
    fault = seen.report.fault
    if common.json:
        say(_document(seen.source, seen), sys.stdout)
    elif not common.quiet:
        _print_entries(seen)
    if fault is None:
        return EXIT_OK
    if not common.json:
        from transload.cli.output import error_lines

        say("\n".join(error_lines(fault)), sys.stderr)
    return KINDS[fault.kind].exit_status


def _print_entries(seen: SourceContents) -> None:
    marks = {"file": "", "dir": "folder", "link": "link"}
    known = 0
    print(f"{'index':>7} {'size':>9}  {'crc32':<8}  {'':<9}  name")
    for entry in seen.entries:
        known += entry.size or 0
        mark = "encrypted" if entry.encrypted else marks[entry.kind]
        crc = entry.crc_text or "-"
        size = "-" if entry.kind == "dir" else size_text(entry.size)
        print(f"{entry.index:>7} {size:>9}  {crc:<8}  {mark:<9}  {clean(entry.name)}")
        if entry.trouble is not None:
            print(f"{'':<31}cannot be read: {clean(entry.trouble.detail)}")
    words = "entry" if len(seen.entries) == 1 else "entries"
    print(f"{len(seen.entries):,} {words}, {size_text(known)}, {seen.listing.format}")
