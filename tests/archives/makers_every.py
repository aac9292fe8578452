"""An archive of every kind that is read, out of a tree of files."""

from collections.abc import Callable
from pathlib import Path

from tests.archives.makers import PACKERS, make_tar, make_zip
from tests.archives.makers_7z import make_by_7zz
from tests.archives.makers_image import arj_bytes, iso_bytes
from tests.archives.makers_old import OLD_KINDS, make_old
from tests.archives.rar_maker import make_rar
from transload.entry import Secret

SECRET = Secret("secret")
Maker = Callable[[Path, dict[str, bytes]], Path]


def _by_7zz(name: str, *words: str) -> Maker:
    return lambda folder, tree: make_by_7zz(folder / name, tree, *words)


def _old(kind: str) -> Maker:
    return lambda folder, tree: make_old(folder / f"a.{kind}", tree, kind)


def _tar(compression: str) -> Maker:
    return lambda folder, tree: make_tar(folder / f"a.tar.{compression}", tree, compression)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


MAKERS: dict[str, Maker] = {
    "zip": lambda folder, tree: make_zip(folder / "a.zip", tree),
    "zip-aes": _by_7zz("a.zip", "-psecret", "-mem=AES256", "-mx=1"),
    "zip-crypto": _by_7zz("a.zip", "-psecret", "-mem=ZipCrypto", "-mx=1"),
    "zip-deflate64": _by_7zz("a.zip", "-mm=Deflate64", "-mx=1"),
    "7z-solid": _by_7zz("a.7z", "-ms=on", "-mx=1"),
    "7z-not-solid": _by_7zz("a.7z", "-ms=off", "-mx=1"),
    "7z-copy": _by_7zz("a.7z", "-m0=copy"),
    "7z-locked": _by_7zz("a.7z", "-psecret", "-mhe=on", "-mx=1"),
    "rar5": lambda folder, tree: make_rar(folder / "a.rar", tree),
    **{f"tar.{compression}": _tar(compression) for compression in PACKERS},
    **{kind: _old(kind) for kind in OLD_KINDS},
    "arj": lambda folder, tree: _written(folder / "a.arj", arj_bytes(tree)),
    "iso": lambda folder, tree: _written(folder / "a.iso", iso_bytes(tree)),
}
