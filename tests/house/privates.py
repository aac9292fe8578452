"""Private names of foreign libraries: none may be used, since none is promised to be there in the next version.

Looked for twice: in the classes as they are at run time, by their method resolution order, for what they override of
foreign bases; and in the source, for what is taken from foreign modules and objects.
"""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

OF_THE_INTERPRETER = frozenset({"_abc_impl", "_is_protocol", "_is_runtime_protocol"})
"""Set in every class of a kind by the machinery of `abc` and `typing`, not by our source."""
DOCUMENTED = frozenset({"os._exit", "sys._getframe"})
"""Public by their documentation in spite of their names."""


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """The package with all its modules, imported; those that start a program when imported are left out."""
    yield package
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def overridden(module: ModuleType, own: str) -> list[str]:
    """Private names of foreign bases that a class of the module defines, or touches in its methods."""
    return [
        f"{module.__name__}.{name}: {private} of {where}"
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and cls.__module__ == module.__name__
        for where, private in _overridden_by(cls, own)
    ]


def _overridden_by(cls: type, own: str) -> Iterator[tuple[str, str]]:
    foreign = {
        f"{base.__module__}.{base.__qualname__}": private
        for base in cls.__mro__[1:]
        if not _is_own(base.__module__, own)
        and (private := {name for name in vars(base) if _is_private(name)} - OF_THE_INTERPRETER)
    }
    names = _private_names(cls) if foreign else set[str]()
    for where, private in foreign.items():
        yield from ((where, name) for name in sorted(names & private))


def _private_names(cls: type) -> set[str]:
    names = {name for name in vars(cls) if _is_private(name)}
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (OSError, TypeError):  # made at run time
        return names
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            names.add(node.attr)
    return names


def taken(root: Path, own: str) -> list[str]:
    """Uses, in the source below a folder, of private names that this source itself defines nowhere."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(root.rglob("*.py"))}
    defined = {name for tree in trees.values() for name in _defined(tree)}
    return [
        f"{path.relative_to(root)}:{line}: {what}"
        for path, tree in trees.items()
        for line, what in _foreign_uses(tree, defined, own)
    ]


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def _foreign_uses(tree: ast.AST, defined: set[str], own: str) -> Iterator[tuple[int, str]]:
    modules = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if not _is_own(alias.name, own)
    }
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if not _is_own(module, own):
                words = [*module.split("."), *(alias.name for alias in names)]
                private = [word for word in words if _is_private(word)]
                yield from ((node.lineno, f"{module}: {word}") for word in private)
            case ast.Import(names=names):
                for alias in names:
                    if any(_is_private(word) for word in alias.name.split(".")):
                        yield node.lineno, alias.name
            case ast.Attribute(value=value, attr=attr) if _is_private(attr):
                named = f"{ast.unparse(value)}.{attr}"
                from_module = isinstance(value, ast.Name) and value.id in modules
                if named not in DOCUMENTED and (from_module or attr not in defined):
                    yield node.lineno, named
            case _:
                pass


def _is_private(name: str) -> bool:
    """`_x`; not `__x__`, nor the `_x_` that `enum` documents."""
    return name.startswith("_") and not name.endswith("_")


def _is_own(module: str, own: str) -> bool:
    return module == own or module.startswith(own + ".")
