"""The guards of the product: where each stands, how to switch it off, and the test that notices."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Guard:
    """One safety measure.

    `code` stands exactly once in the file `path` of src/transload; `without` takes its place, and then `test` fails: a
    test's name as pytest takes it.
    """

    name: str
    path: str
    code: str
    without: str
    test: str


_TABLE = Path(__file__).with_name("guards.toml")
GUARDS = tuple(Guard(**row) for row in tomllib.loads(_TABLE.read_text("utf-8"))["guard"])
