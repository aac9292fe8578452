"""What callers of the Python API may hand in, taken as the values of the model. Pure.

Each function raises UsageError in words a caller can act on: an option of a wrong kind is never guessed at, or taken
for something else (a text where a list belongs is a list of its letters).
"""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from typing import cast, get_args

from transload.errors import UsageError
from transload.model import AlbumMix, Files, Hevc, Originals, Recipe, Sort

_WORDS: dict[str, tuple[str, ...]] = {
    "files": get_args(Files),
    "hevc": get_args(Hevc),
    "album_mix": get_args(AlbumMix),
    "sort": get_args(Sort),
    "originals": get_args(Originals),
}
_BY_SETTING = frozenset({"hevc", "album_mix"})
NAMES_SHOWN = 3  # examples of names where no name fits


def source_text(given: object) -> str:
    """The text of a source: a path or an address, as text or as a path object."""
    path = isinstance(given, os.PathLike)
    text: object = os.fspath(cast("os.PathLike[str]", given)) if path else given
    return _text(
        text,
        f"a source is a path or an address, not {_kind(given)}",
        'Write it as text ("photos.zip") or as pathlib.Path("photos.zip").',
    )


def destination_text(given: object) -> str:
    """The text of a destination."""
    problem = f"`to` is a text such as library:DIR, not {_kind(given)}"
    return _text(given, problem, 'Write it as to="library:/folder".')


def id_text(given: object) -> str:
    """The id of a job or of a kept original, or how it begins."""
    hint = "Hand in the id itself: job.id of a job, record.id of a kept original."
    return _text(given, f"an id is a str, not {type(given).__name__}", hint)


def password_text(given: object) -> str:
    """The text of a password; it is not repeated in the error."""
    problem = f"a password is a str, not {type(given).__name__}"
    return _text(given, problem, 'Write it as text: "...".')


def _text(given: object, problem: str, hint: str) -> str:
    if not isinstance(given, str):
        raise UsageError(problem, suggestion=hint)
    return given


def recipe_of(given: object) -> Recipe | None:
    """The recipe that is meant, by its word too; None stays None."""
    if given is None or isinstance(given, Recipe):
        return given
    check_word("recipe", given, [one.value for one in Recipe])
    return Recipe(str(given))


def check_words(**given: object) -> None:
    """Raise UsageError unless each option is one of its words; those that a setting stands for may be None."""
    for name, word in given.items():
        if word is not None or name not in _BY_SETTING:
            check_word(name, word, _WORDS[name])


def check_word(name: str, given: object, words: Sequence[str]) -> None:
    """Raise UsageError unless an option is one of its words."""
    if isinstance(given, str) and given in words:
        return
    near = get_close_matches(given, words, n=1) if isinstance(given, str) else []
    said = repr(given) if isinstance(given, str) else _kind(given)
    raise UsageError(
        f"`{name}` cannot be {said}; it is one of {', '.join(words)}",
        suggestion=f'Write it as {name}="{(near or words)[0]}".',
    )


def check_switches(**given: object) -> None:
    """Raise UsageError unless each option is True or False."""
    for name, switch in given.items():
        if not isinstance(switch, bool):
            raise UsageError(
                f"`{name}` is True or False, not {_kind(switch)}",
                suggestion=f"Write it as {name}=True.",
            )


def check_caption(given: object) -> None:
    """Raise UsageError unless a caption is a text, or None for none."""
    if given is not None and not isinstance(given, str):
        raise UsageError(
            f"`caption` is a text, not {_kind(given)}", suggestion='Write it as caption="...".'
        )


def texts(name: str, given: object) -> tuple[str, ...]:
    """A list of texts as a tuple. What is in it is not repeated in the error: it may be a password."""
    listed = _listed(given)
    words = tuple(one for one in listed or () if isinstance(one, str))
    if listed is None or len(words) < len(listed):
        raise UsageError(
            f"`{name}` is a list of texts, not {_kind(given)}",
            suggestion=f'Write it as {name}=["...", "..."], a single one too.',
        )
    return words


def _listed(given: object) -> Sequence[object] | None:
    """The members of a list; None for what is none, a text too."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        return None
    return cast("Sequence[object]", given)


def _kind(given: object) -> str:
    """What a value is, without what is in it."""
    if isinstance(given, list | tuple):
        return "a list of something else"
    return "one text" if isinstance(given, str) else type(given).__name__


def usual_recipe(destination: str) -> Recipe:
    """The recipe that fits a destination when none is named."""
    return Recipe.TELEGRAM if destination.startswith("telegram:") else Recipe.PLAYABLE


def nothing_fits(
    include: Sequence[str], exclude: Sequence[str], names: Sequence[str]
) -> UsageError:
    """The error of filters that leave nothing of a source in which there is something, with some of its `names`."""
    filters = [f"include {one!r}" for one in include] + [f"exclude {one!r}" for one in exclude]
    shown = ", ".join(repr(name) for name in names[:NAMES_SHOWN])
    return UsageError(
        f"no name in the source fits {', '.join(filters)}",
        suggestion=f"Names there are {shown}{' …' if len(names) > NAMES_SHOWN else ''}; `*` crosses folders, and"
        " capitals count.",
    )
