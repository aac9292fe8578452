"""Make the seeds again: `python -m fuzz.seeds_made` packs small archives and keeps what 7zz lists of them."""

import os
import subprocess
import tempfile
from pathlib import Path

from fuzz.listings import SEEDS
from transload.archives.sevenzip.tool import find_sevenzip

FILES = {
    "IMG_1.jpg": b"\xff\xd8" * 40,
    "d/empty": b"",
    "d/Фото.jpg": b"x" * 3000,
    "a\nPath = b": b"1",
    "{": b"2",
    "} = {": b"3",
}
ARCHIVES = {
    "7z-solid": ["a.7z", "-mx=1"],
    "7z-single": ["a.7z", "-ms=off", "-mtc=on", "-mta=on"],
    "7z-locked": ["a.7z", "-psecret"],
    "7z-split": ["a.7z", "-mx=0", "-v2k"],
    "7z-ppmd": ["a.7z", "-m0=PPMd"],
    "zip-plain": ["a.zip"],
    "zip-aes": ["a.zip", "-psecret", "-mem=AES256"],
    "tar-plain": ["a.tar"],
}


def main() -> None:
    """Write one listing for each of ARCHIVES."""
    tool = str(find_sevenzip(None).path)
    SEEDS.mkdir(exist_ok=True)
    for name, (archive, *options) in ARCHIVES.items():
        with tempfile.TemporaryDirectory(prefix="seeds-") as folder:
            tree = _tree(Path(folder))
            _listed(tool, ["a", *options, f"../{archive}", "."], tree)
            made = min(path.name for path in Path(folder).glob(f"{archive}*"))
            (SEEDS / f"{name}.slt").write_bytes(_listed(tool, ["l", "-slt", made], Path(folder)))


def _tree(folder: Path) -> Path:
    tree = folder / "tree"
    for name, content in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_600_000_000, 1_600_000_000))
    (tree / "link").symlink_to("IMG_1.jpg")
    return tree


def _listed(tool: str, words: list[str], folder: Path) -> bytes:
    environment = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath}
    command = [tool, *words, "-bd", "-y"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
