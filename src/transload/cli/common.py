"""What every command takes: where the data is, how answers look, and settings for this once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from transload.model import Recipe

GENERAL = Group("General", sort_key=100)


def recipe_word(name: str) -> str:
    """The word of a recipe by the name of its member, as the command line shows and takes it; else unchanged."""
    return Recipe[name].value if name in Recipe.__members__ else name


JobId = Annotated[
    str, Parameter(help="A job's id; its first signs are enough when no other begins so.")
]


@Parameter(name="*", group=GENERAL)
@dataclass(frozen=True, slots=True)
class Common:
    """Options of every command."""

    data_dir: Annotated[
        Path | None,
        Parameter(
            env_var="TRANSLOAD_DATA_DIR",
            help="Folder of the ledger, the log and the library; the platform's user data folder when not given.",
        ),
    ] = None
    config: Annotated[
        Path | None,
        Parameter(
            env_var="TRANSLOAD_CONFIG",
            help="Settings file; transload.toml in the data folder when not given.",
        ),
    ] = None
    set_: Annotated[
        list[str] | None,
        Parameter(
            name="--set",
            negative="",
            show_default=False,
            help="A setting for this once, as KEY=VALUE (`--set convert.concurrency=2`). Repeatable.",
        ),
    ] = None
    json: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="One JSON document on standard output, errors too.",
        ),
    ] = False
    quiet: Annotated[
        bool,
        Parameter(
            name=["--quiet", "-q"], negative="", show_default=False, help="Say nothing but errors."
        ),
    ] = False
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"], negative="", show_default=False, help="Say more; the log too."
        ),
    ] = False

    @property
    def talks(self) -> bool:
        """Whether words for people are wanted."""
        return not (self.json or self.quiet)


USUAL = Common()
"""No option given."""
