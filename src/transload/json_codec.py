"""Dataclasses as JSON and back, by the types of their fields: for what the ledger stores and what comes out of a pipe.

A field that has its default is left out; one without a default is always written.
"""

import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, Union

Json: TypeAlias = Union[bool, int, float, str, list["Json"], dict[str, "Json"], None]  # noqa: UP007
"""A value of JSON."""
JsonObject: TypeAlias = dict[str, Json]


class AnyDataclass(Protocol):
    """What the decorator makes of a class."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=AnyDataclass)
_Read = Callable[[Json], object]
_PLAIN: frozenset[object] = frozenset({bool, int, float, str, type(None)})


def to_json(value: AnyDataclass) -> JsonObject:
    """Its fields by name, without those that have their default."""
    members = ((one, getattr(value, one.name)) for one in fields(value))
    return {one.name: _plain(held) for one, held in members if _is_told(one.default, held)}


def from_json(kind: type[T], stored: Mapping[str, Json]) -> T:
    """The value that `to_json` wrote. Fields that `kind` does not have are another version's and passed over.

    Raises TypeError for a value of another type, or where one is missing; ValueError for a word that is not known.
    """
    known = _readers(kind)
    held: dict[str, object] = {}
    for name, value in stored.items():
        if name in known:
            plain, read = known[name]
            held[name] = value if type(value) in plain else read(value)
    return kind(**held)


def _is_told(default: object, held: object) -> bool:
    return default is MISSING or held != default


def _plain(value: object) -> Json:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in typing.cast("tuple[object, ...]", value)]
    if isinstance(value, enum.StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return to_json(value)
    raise TypeError(f"{type(value).__name__} is no type of JSON")


@functools.cache
def _readers(kind: type[AnyDataclass]) -> dict[str, tuple[frozenset[object], _Read]]:
    """For each field the types of JSON that are its own, and what reads the others."""
    hints = typing.get_type_hints(kind)
    shown = {one.name: hints[one.name] for one in fields(kind)}
    return {name: (_plain_types(hint), _reader(hint)) for name, hint in shown.items()}


def _plain_types(hint: object) -> frozenset[object]:
    words: tuple[object, ...] = typing.get_args(hint) if _is_union(hint) else (hint,)
    return _PLAIN.intersection(words)


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType)


def _reader(hint: object) -> _Read:
    """What reads a value of this type."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if _is_union(hint):
        return functools.partial(_read_or_none, _reader_of_union(inner))
    if origin is tuple and inner[-1] is ...:
        return functools.partial(_read_row, _reader(inner[0]))
    if origin is tuple:
        return functools.partial(_read_fixed_row, tuple(_reader(one) for one in inner))
    if origin is Literal:
        return functools.partial(_read_one_of, inner)
    if isinstance(hint, type):
        return _reader_of_class(hint)
    raise TypeError(f"no JSON for {hint}")


def _reader_of_class(kind: type) -> _Read:
    if is_dataclass(kind):
        return functools.partial(_read_object, kind)
    if issubclass(kind, enum.StrEnum):
        return functools.partial(_read_word, kind)
    if kind in _PLAIN:
        return functools.partial(_read_plain, kind)
    raise TypeError(f"no JSON for {kind}")


def _reader_of_union(inner: tuple[object, ...]) -> _Read:
    """Of its one type that is no plain one, or of any: a plain value that is one of the types is not read at all."""
    composed = [one for one in inner if one not in _PLAIN]
    if len(composed) > 1:
        return functools.partial(_read_none_of, inner)
    (shown,) = composed or [one for one in inner if one is not type(None)][:1]
    return _reader(shown)


def _read_or_none(read: _Read, value: Json) -> object:
    return None if value is None else read(value)


def _read_none_of(kinds: tuple[object, ...], value: Json) -> object:
    raise TypeError(f"{value!r} does not say which of {kinds} it is")


def _read_row(read: _Read, value: Json) -> object:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(read(one) for one in value)


def _read_fixed_row(reads: tuple[_Read, ...], value: Json) -> object:
    if not isinstance(value, list) or len(value) != len(reads):
        raise TypeError(f"{value!r} is no list of {len(reads)}")
    return tuple(read(one) for read, one in zip(reads, value, strict=True))


def _read_word(kind: type[enum.StrEnum], value: Json) -> object:
    return kind(typing.cast("str", value))


def _read_one_of(words: tuple[object, ...], value: Json) -> object:
    if value not in words:
        raise ValueError(f"{value!r} is none of {words}")
    return value


def _read_object(kind: type[AnyDataclass], value: Json) -> object:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no object")
    return from_json(kind, value)


def _read_plain(kind: type, value: Json) -> object:
    """A whole number is a fraction, too; nothing else is taken for another type."""
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise TypeError(f"{value!r} is no {kind.__name__}")
