"""Writes requirements.lock: every package of the product and its tools, with hashes, without index addresses."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
OPTIONS = (
    "--quiet",
    "--extra=bit7z",
    "--extra=dev",
    "--extra=sandbox",
    "--extra=telegram",
    "--generate-hashes",
    "--no-header",  # the header repeats the command line with the indexes of the machine
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--strip-extras",
    "--allow-unsafe",
)
ADDRESS = re.compile(r"://|^\s*-(?:i|f|-index-url|-extra-index-url|-find-links|-trusted-host)\b")


def addresses(lock: str) -> list[str]:
    """The lines of a lock file that name where packages come from; an index is each machine's own choice."""
    return [line for line in lock.splitlines() if ADDRESS.search(line)]


def clean_environment() -> dict[str, str]:
    """The environment without pip's extra places, so that the lock holds what any index gives."""
    kept = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    return kept | {"PIP_CONFIG_FILE": os.devnull}


def main() -> int:
    """Write the lock file; 1 if it would name an address (it is then left as it was)."""
    made = LOCK.with_suffix(".lock.new")
    try:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "piptools",
                "compile",
                *OPTIONS,
                "-o",
                str(made),
                "pyproject.toml",
            ],
            cwd=ROOT,
            env=clean_environment(),
            check=True,
        )
        found = addresses(made.read_text("utf-8"))
        if found:
            print("the lock would name an address:", *found, sep="\n", file=sys.stderr)
            return 1
        made.replace(LOCK)
    finally:
        made.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
