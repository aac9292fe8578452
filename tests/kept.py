"""Encoded samples that are made once and kept between runs, by what they are made of."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from transload.media.encode.ffmpeg import wheel_binary

KEPT = Path(__file__).resolve().parent.parent / ".samples"


@cache
def _encoder() -> tuple[Path, str]:
    """The bundled ffmpeg, and what it says of itself: another one may encode another way."""
    binary = wheel_binary()
    assert binary is not None
    said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=True)
    return binary, said.stdout


def encode(target: Path, words: Sequence[str | Path]) -> Path:
    """Write what ffmpeg makes with these words, without running it where that was done before.

    The key of what is kept: the words, the content of the files that they name, the ending, and the encoder.
    """
    binary, version = _encoder()
    key = hashlib.sha256(f"{target.suffix}\0{version}".encode())
    for word in words:
        file = Path(word)
        is_file = len(str(word)) < 256 and file.is_file()
        key.update(hashlib.sha256(file.read_bytes() if is_file else str(word).encode()).digest())
    kept = KEPT / f"{key.hexdigest()}{target.suffix}"
    if not kept.exists():
        KEPT.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            made = Path(folder) / target.name
            command = [str(binary), "-nostdin", "-v", "error", "-y", *map(str, words), str(made)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            os.replace(made, kept)  # noqa: PTH105  whole or not at all, also beside other workers
    shutil.copyfile(kept, target)
    return target
