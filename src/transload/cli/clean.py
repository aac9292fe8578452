"""`transload clean`: free what nothing refers to any more."""

import json
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from transload.cli.session import USUAL, Common, run
from transload.faults import EXIT_OK
from transload.present.text import count_text, size_text

if TYPE_CHECKING:
    from transload.app import App


def clean(
    *,
    dry_run: Annotated[
        bool, Parameter(negative="", show_default=False, help="Only say what would go.")
    ] = False,
    common: Common = USUAL,
) -> int:
    """Free disk space. What an unfinished job, the library or the quarantine refers to is never touched."""
    return run(common, lambda app: _clean(app, dry_run, common))


async def _clean(app: "App", dry_run: bool, common: Common) -> int:
    gone = await app.clean(dry_run=dry_run)
    if common.json:
        files = [{"path": str(path), "size": size} for path, size in gone.files]
        print(
            json.dumps(
                {"schema": 1, "dry_run": dry_run, "freed_bytes": gone.size_bytes, "files": files}
            )
        )
        return EXIT_OK
    for path, size in gone.files if common.talks and (common.verbose or dry_run) else ():
        print(f"{size_text(size):>9}  {path}")
    if common.talks:
        word = "would be freed" if dry_run else "freed"
        print(f"{size_text(gone.size_bytes)} {word} in {count_text(len(gone.files), 'file')}")
    return EXIT_OK
