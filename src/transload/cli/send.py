"""`transload send`: the options of the main job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from transload.cli.common import USUAL, Common, recipe_word
from transload.cli.passwords import NO_PASSWORDS, Passwords
from transload.cli.session import CONTINUES, run
from transload.model import Files, Hevc, Originals, Recipe, Sort

CHOICE = Group("What is sent", sort_key=10)
SHAPE = Group("How it is delivered", sort_key=20)
RUNNING = Group("How the command runs", sort_key=30)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of a source, and how it arrives."""

    files: Annotated[
        Files,
        Parameter(
            group=CHOICE,
            help="`media`: photos, videos and sound. `all`: everything else too, untouched.",
        ),
    ] = "media"
    include: Annotated[
        list[str] | None,
        Parameter(
            group=CHOICE,
            negative="",
            show_default=False,
            help="Only entries whose name fits GLOB; `*` crosses folders. Repeatable.",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        Parameter(
            group=CHOICE,
            negative="",
            show_default=False,
            help="No entries whose name fits GLOB. Repeatable.",
        ),
    ] = None
    again: Annotated[
        bool,
        Parameter(
            group=CHOICE,
            negative="",
            show_default=False,
            help="Send also what was delivered there before.",
        ),
    ] = False
    recipe: Annotated[
        Recipe | None,
        Parameter(
            group=SHAPE,
            name_transform=recipe_word,
            help="`playable`: plays in browsers and on phones, full quality (for libraries). `telegram`: what its"
            " clients show. `original`: untouched. `mp4:H`: videos of at most H lines. `mp3:K`: sound alone, K kbit/s."
            " Fits the destination when not given.",
        ),
    ] = None
    hevc: Annotated[
        Hevc | None,
        Parameter(
            group=SHAPE,
            help="Keep HEVC video, or convert it to H.264; the setting `hevc` (keep) when not given.",
        ),
    ] = None
    originals: Annotated[
        Originals,
        Parameter(
            group=SHAPE, help="Keep the original of what was converted beside it, in `originals/`."
        ),
    ] = "keep"
    sort: Annotated[Sort, Parameter(group=SHAPE, help="Order of delivery.")] = "archive"
    caption: Annotated[
        str | None,
        Parameter(
            group=SHAPE,
            help="Text above what is delivered: a library shows it on its gallery page.",
        ),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Manner:
    """How the command itself behaves."""

    report: Annotated[
        Path | None,
        Parameter(
            group=RUNNING, help="Write the report to this file (JSON), also after a failure."
        ),
    ] = None
    dry_run: Annotated[
        bool,
        Parameter(
            group=RUNNING,
            negative="",
            show_default=False,
            help="Show each entry's verdict and what it would cost; send nothing.",
        ),
    ] = False
    detach: Annotated[
        bool,
        Parameter(
            group=RUNNING,
            negative="",
            show_default=False,
            help="Only queue the job; the next command that works runs it.",
        ),
    ] = False


ANYTHING = Choice()
USUAL_MANNER = Manner()


def send(  # noqa: PLR0913  one argument for each group of options
    source: Annotated[
        list[str], Parameter(help="An archive, a folder or a media file. Several: one job each.")
    ],
    /,
    *,
    to: Annotated[
        str,
        Parameter(group=SHAPE, help="`library:DIR`; `library:` is the library in the data folder."),
    ] = "library:",
    choice: Choice = ANYTHING,
    passwords: Passwords = NO_PASSWORDS,
    manner: Manner = USUAL_MANNER,
    common: Common = USUAL,
) -> int:
    """Deliver everything in SOURCE: each photo, video and sound, in order, playable, exactly once.

    The same command again continues an unfinished job and passes by what was delivered before.

    For example:

        transload send photos.zip
        transload send holiday.tar.gz ~/DCIM --to library:/mnt/nas/photos
        transload send dump.zip --files all --recipe original --report report.json
        transload send phone.zip --include "*.heic" --dry-run
        transload send private.7z --password-file words.txt
    """
    words = passwords.read()
    if manner.dry_run:
        from transload.cli.dry_run import DryRun

        dry_run = DryRun(source, to, choice, words, common)
        return run(common, dry_run.act, ledger=False)
    from transload.cli.sending import Sending

    sending = Sending(source, to, choice, words, manner, common)
    return run(common, sending.act, told=CONTINUES)
