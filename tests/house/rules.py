"""The rules of the house that no linter knows, as functions from a source tree to its offences."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.code_lines import code_lines

LINES_MAX = 600
UNTESTED_LINES_MAX = 80
"""Shorter modules are tested where they are used."""
MEASURED = ("src", "tests", "bench", "fuzz", "prove", "scripts")
EMPTY_NAMES = frozenset(
    {"utils", "util", "manager", "managers", "helper", "helpers", "misc", "legacy", "original"}
)
OF_THE_WHOLE = frozenset({"house", "crash", "faults", "fuzz", "conformance", "servers", "matrix"})
"""Rooms of tests/ that test no single file."""
SPEAK_OF_PLACES = frozenset(
    {
        "scripts/lock.py",
        "tests/scripts/test_lock.py",
        "tests/house/rules.py",
        "tests/house/test_rules.py",
    }
)
"""They search for the very words."""
NAME_COMMANDS = (
    "src/transload/cli/",
    "src/transload/present/next_steps.py",
    "src/transload/sandbox/command.py",
)
"""The command line itself, the next steps as it words them, and the sandbox's own command line."""
OUR_COMMAND = re.compile(r"\btransload (?:[a-z]|\{)|(?<![\w-])--(?!force-reinstall)[a-z]")
BLOCK_LINES = 6
"""So many equal lines of code are one idea written twice."""
IMPORTED_MAX = 12
UNTYPED_MAX = 40
UNTYPED = re.compile(r"\b(?:dict|Mapping|MutableMapping)\[str, (?:Any|object)\]|[:>] dict\b(?!\[)")
"""Mappings of which nothing is known but that their keys are words."""
MIRRORED = {"src/transload": "tests", "scripts": "tests/scripts", "prove": "tests/prove"}


def python_files(root: Path) -> Iterator[Path]:
    """The Python files that the rules speak of, as paths from the root."""
    for room in MEASURED:
        for path in sorted((root / room).rglob("*.py")):
            yield path.relative_to(root)


def too_long(root: Path) -> list[str]:
    """Files beyond the ceiling; generated migrations may be as long as they are."""
    counts = {
        path: len((root / path).read_text("utf-8").splitlines())
        for path in python_files(root)
        if "migrations" not in path.parts
    }
    return [f"{path}: {count} lines" for path, count in counts.items() if count > LINES_MAX]


def without_test(root: Path) -> list[str]:
    """Source files above 80 lines that have no test file of their name."""
    return [
        f"{source} has no {expected}"
        for source, expected in _expected_tests(root).items()
        if not (root / expected).exists()
        and len((root / source).read_text("utf-8").splitlines()) > UNTESTED_LINES_MAX
    ]


def without_source(root: Path) -> list[str]:
    """Test files that test no source file: it was moved or removed. `test_reader_salvage.py` is of `reader.py`."""
    expected = set(_expected_tests(root).values())
    return [
        str(path)
        for path in python_files(root)
        if path.parts[0] == "tests"
        and path.name.startswith("test_")
        and path.parts[1] not in OF_THE_WHOLE
        and expected.isdisjoint(_tested_by(path))
    ]


def _tested_by(path: Path) -> Iterator[Path]:
    """The test files that this one is, or is a topic of: large modules are tested in several files."""
    words = path.stem.split("_")
    for count in range(2, len(words) + 1):
        yield path.with_stem("_".join(words[:count]))


def _expected_tests(root: Path) -> dict[Path, Path]:
    expected: dict[Path, Path] = {}
    for room, tests in MIRRORED.items():
        for path in sorted((root / room).rglob("*.py")):
            inner = path.relative_to(root / room)
            if "migrations" not in inner.parts:
                name = f"test_{inner.stem.strip('_')}.py"
                expected[path.relative_to(root)] = Path(tests) / inner.parent / name
    return expected


def empty_names(root: Path) -> list[str]:
    """Modules and folders named for nothing in particular."""
    return [
        str(path)
        for path in python_files(root)
        if any(
            EMPTY_NAMES & set(re.split(r"[_\W]+", part.removesuffix(".py").lower()))
            for part in path.parts
        )
    ]


def mocks_and_sleeps(root: Path) -> list[str]:
    """Tests that replace our parts by mocks, or wait for time to pass instead of for an event."""
    offences: list[str] = []
    for path in python_files(root):
        if path.parts[0] == "tests":
            tree = ast.parse((root / path).read_text("utf-8"))
            offences += [f"{path}:{line}: {what}" for line, what in _shortcuts(tree)]
    return offences


def _shortcuts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module)) if module.startswith("unittest.mock"):
                yield node.lineno, "mock"
            case ast.Import(names=names) if any(n.name.startswith("unittest.mock") for n in names):
                yield node.lineno, "mock"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="time" | "asyncio" | "anyio"), attr="sleep"),
                args=args,
            ) if not _is_zero(args):
                yield node.lineno, "sleep"
            case _:
                pass


def _is_zero(args: list[ast.expr]) -> bool:
    """`sleep(0)` lets other tasks run and waits for nothing."""
    return len(args) == 1 and isinstance(args[0], ast.Constant) and args[0].value == 0


def places_told(root: Path) -> list[str]:
    """Lines that name a place of one machine, or an index packages come from."""
    told = re.compile(r"(?<![\w.])/(?:work|root|home)/\w|pypi\.org|index-url|find-links")
    texts = [*python_files(root), *(Path(name) for name in ("requirements.lock", "pyproject.toml"))]
    return [
        f"{path}:{number}"
        for path in texts
        if path.as_posix() not in SPEAK_OF_PLACES
        for number, line in enumerate((root / path).read_text("utf-8").splitlines(), 1)
        if told.search(line) and "/home/me/" not in line
    ]


def commands_named(root: Path) -> list[str]:
    """Strings outside the command line that name one of its commands or flags; docstrings may."""
    offences: list[str] = []
    for path in python_files(root):
        name = path.as_posix()
        if not name.startswith("src/") or name.startswith(NAME_COMMANDS):
            continue
        tree = ast.parse((root / path).read_text("utf-8"))
        offences += [
            f"{name}:{line}: {text}" for line, text in _texts(tree) if OUR_COMMAND.search(text)
        ]
    return offences


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings of a module that are used for anything."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def repeated_blocks(root: Path) -> list[str]:
    """Blocks of code in `src` that stand there twice; migrations stay as they were run."""
    first: dict[tuple[str, ...], str] = {}
    offences: list[str] = []
    for path in python_files(root):
        if path.parts[0] != "src" or "migrations" in path.parts:
            continue
        lines = _acting((root / path).read_text("utf-8"))
        for start in range(len(lines) - BLOCK_LINES + 1):
            block = lines[start : start + BLOCK_LINES]
            here = f"{path}:{block[0][0]}"
            there = first.setdefault(tuple(bare for _, bare in block), here)
            if there != here:
                offences.append(f"{here} is {there}")
    return offences


def _acting(text: str) -> list[tuple[int, str]]:
    imports: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return [(number, bare) for number, bare in code_lines(text) if number not in imports]


def untyped_mappings(root: Path) -> list[str]:
    """More than the few that JSON documents and rows of SQL need, as one offence: what we know is a type."""
    uses = [
        f"{path}:{number}"
        for path in python_files(root)
        if path.parts[0] == "src"
        for number, line in enumerate((root / path).read_text("utf-8").splitlines(), 1)
        if UNTYPED.search(line)
    ]
    return [f"{len(uses)} untyped mappings: {' '.join(uses)}"] if len(uses) > UNTYPED_MAX else []


def imports_too_much(root: Path) -> list[str]:
    """Modules that know too many others of ours; wiring is there to know them all."""
    offences: list[str] = []
    for path in python_files(root):
        if path.parts[0] == "src" and path.name != "wiring.py":
            count = len(_ours(root, ast.parse((root / path).read_text("utf-8"))))
            if count > IMPORTED_MAX:
                offences.append(f"{path}: {count} modules")
    return offences


def _ours(root: Path, tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if _is_ours(module):
                room = root / "src" / module.replace(".", "/")
                inner = {n.name for n in names if _is_module(room / n.name)}
                found |= {f"{module}.{name}" for name in inner}
                found |= {module} if len(inner) < len(names) else set()
            case ast.Import(names=names):
                found |= {n.name for n in names if _is_ours(n.name)}
            case _:
                pass
    return found


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "transload"


def _is_module(path: Path) -> bool:
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
