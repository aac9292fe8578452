"""Which code writes the state of a job, an item or a task: only `ledger/moves.py` may (DESIGN, section 2, rule 6)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

STATE_COLUMNS = frozenset({"state", "owner", "lease_until_ms", "epoch"})
THE_WRITER = "moves.py"


def other_writers(root: Path) -> list[str]:
    """Updates outside the one writer that set a state column, or whose columns cannot be told where they stand."""
    return [
        f"{path.relative_to(root)}:{line}: {what}"
        for path in sorted((root / "src/transload/ledger").glob("*.py"))
        if path.name != THE_WRITER
        for scope in _scopes(ast.parse(path.read_text("utf-8")))
        for line, what in _in_scope(scope)
    ]


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node


def _in_scope(scope: ast.AST) -> Iterator[tuple[int, str]]:
    nodes = list(_own_nodes(scope))
    told = {id(call) for node in nodes if _is_values(node) for call in _chain(node)}
    for node in nodes:
        if isinstance(node, ast.Constant) and _updates_by_text(node.value):
            yield node.lineno, "an UPDATE as text"
        if _calls(node, "update") and id(node) not in told:
            yield getattr(node, "lineno", 0), "columns that cannot be told"
        if _is_values(node) and not any(_calls(call, "insert") for call in _chain(node)):
            yield from _written(node, scope)


def _written(node: ast.Call, scope: ast.AST) -> Iterator[tuple[int, str]]:
    columns = set(_columns_of(node, scope))
    if None in columns:
        yield node.lineno, "columns that cannot be told"
    for column in sorted(STATE_COLUMNS & columns - {None}, key=str):
        yield node.lineno, f"writes {column}"


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of functions in it, which are looked at for themselves."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def _is_values(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether it is `....values(columns)`; without arguments it is what a dict has."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "values"
        and bool(node.args or node.keywords)
    )


def _chain(node: ast.AST) -> Iterator[ast.AST]:
    """The calls that a chain of methods begins with: of `update(t).where(x).values(y)` all three."""
    while isinstance(node, ast.Call):
        yield node
        node = node.func.value if isinstance(node.func, ast.Attribute) else node.func


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _updates_by_text(value: object) -> bool:
    return isinstance(value, str) and re.match(r"\s*UPDATE\s+\w+\s+SET\b", value, re.I) is not None


def _columns_of(call: ast.Call, function: ast.AST) -> Iterator[str | None]:
    """The columns that a `.values(...)` sets; None for what cannot be told."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg
        else:
            yield from _keys_of(keyword.value, function)
    for argument in call.args:
        yield from _keys_of(argument, function)


def _keys_of(value: ast.expr, function: ast.AST) -> Iterator[str | None]:
    match value:
        case ast.Dict(keys=keys, values=values):
            for key, inner in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value
                elif key is None:
                    yield from _keys_of(inner, function)
                else:
                    yield None
        case ast.DictComp(
            key=ast.Name(id=key),
            generators=[ast.comprehension(target=ast.Name(id=each), iter=ast.Tuple(elts=names))],
        ) if key == each:
            yield from (_word(name) for name in names)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _keys_of(left, function)
            yield from _keys_of(right, function)
        case ast.Name(id=name):
            yield from _keys_of_name(name, function)
        case _:
            yield None


def _word(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _keys_of_name(name: str, function: ast.AST) -> Iterator[str | None]:
    """The keys of everything that the function puts into a dict of this name."""
    found = False
    for node in ast.walk(function):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
                | ast.AugAssign(target=ast.Name(id=target), value=value)
            ) if target == name:
                found = True
                yield from _keys_of(value, function)
            case ast.Subscript(
                value=ast.Name(id=target), slice=ast.Constant(value=str(key)), ctx=ast.Store()
            ) if target == name:
                yield key
            case _:
                pass
    if not found:
        yield None
