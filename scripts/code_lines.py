"""Print how many lines of code stand in src/transload: no docstrings, no comments, no blank lines.

`python scripts/code_lines.py REV …` counts at those commits, the working tree last; the share is of the first.
"""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "src/transload"


def code_lines(text: str) -> list[tuple[int, str]]:
    """The numbered lines of code, without the space around them."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last):
                left_out.update(range(first, (last or first) + 1))
            case _:
                pass
    return [
        (number, bare)
        for number, line in enumerate(text.splitlines(), 1)
        if number not in left_out and (bare := line.strip()) and not bare.startswith("#")
    ]


def count_at(revision: str, root: Path) -> int:
    """Of all modules at a commit."""
    names = _git(root, "ls-tree", "-r", "--name-only", revision, SOURCE).split("\n")
    texts = (_git(root, "show", f"{revision}:{name}") for name in names if name.endswith(".py"))
    return sum(len(code_lines(text)) for text in texts)


def count_now(root: Path) -> int:
    """Of all modules as they lie there."""
    return sum(len(code_lines(path.read_text("utf-8"))) for path in (root / SOURCE).rglob("*.py"))


def _git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *words], check=True, capture_output=True, text=True
    ).stdout


def main(revisions: list[str], root: Path = ROOT) -> None:
    """Print a line for each commit and one for the working tree."""
    counts = [(revision, count_at(revision, root)) for revision in revisions]
    counts.append(("now", count_now(root)))
    for name, count in counts:
        print(f"{name:>10} {count:>7,} {count / counts[0][1]:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
