"""Names that nobody could guess, and what took their place: none of them comes back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.rules import python_files

OLD_WORDS = {
    "Bench": "TaskContext",
    "Box": "ArchivePath",
    "complaint": "error_text",
    "Effort": "EncoderSettings",
    "fenced": "task_writes",
    "fetching": "refetch",
    "forgive": "exclude",
    "GaveWay": "Yielded",
    "give_back": "release",
    "gives_way": "should_yield",
    "guarded": "launcher_args",
    "intake": "read",
    "Load": "StagedEntry",
    "Look": "OpenResult",
    "looked_into": "open_nested",
    "making": "prepare",
    "NOBODY": "NO_REGISTRY",
    "mp3_promise": "mp3_header",
    "Pace": "SpeedProbe",
    "packing": "compression",
    "PACKINGS": "COMPRESSIONS",
    "PartStore": "SegmentStore",
    "Parts": "Dependencies",
    "pieces_box": "keyframes",
    "portrait": "job_detail",
    "rehearsal": "dry_run",
    "Rehearsal": "DryRun",
    "Roll": "ChildRegistry",
    "roll": "registry",
    "Saw": "Splitter",
    "saying": "output",
    "segments_box": "remux",
    "segments_words": "ffmpeg_args",
    "settle": "reconcile",
    "shipping": "deliveries",
    "Stage": "DryRunTools",
    "standing": "with_totals",
    "studio": "toolbox",
    "Studio": "MediaToolbox",
    "take_in": "stage",
    "taking": "staging",
    "Teller": "ProgressReporter",
    "telling": "follow",
    "told_again": "finished_equal",
    "Tree": "LimitBudget",
    "void_dead": "release_dead",
    "wish": "request",
    "Wish": "DryRunRequest",
}
_IN_DOCS = re.compile(r"`(?:[\w/.]*?[/.])?(\w+)(?:\.py)?(?:\(\))?`")


def old_words(root: Path) -> list[str]:
    """Modules, classes, functions and variables of an old name, and documents that speak of one as of code."""
    return [
        f"{place}: {word} is {OLD_WORDS[word]} now"
        for place, word in (*_in_code(root), *_in_documents(root))
        if word in OLD_WORDS
    ]


def _in_code(root: Path) -> Iterator[tuple[str, str]]:
    for path in (path for path in python_files(root) if path.parts[0] in ("src", "tests")):
        for part in (path.stem.removeprefix("test_"), *path.parts[:-1]):
            yield str(path), part
        for node in ast.walk(ast.parse((root / path).read_text("utf-8"))):
            line = getattr(node, "lineno", 0)
            yield from ((f"{path}:{line}", name.lstrip("_")) for name in _named(node))


def _named(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()) | ast.alias(asname=str(name)):
            yield name
        case _:
            pass


def _in_documents(root: Path) -> Iterator[tuple[str, str]]:
    texts = [*sorted((root / "docs").glob("*.md")), *root.glob("README.md")]
    for path in texts:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for found in _IN_DOCS.finditer(line):
                yield f"{path.relative_to(root)}:{number}", found[1]
