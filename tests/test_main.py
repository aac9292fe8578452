"""The console entry, and what importing the package costs."""

import subprocess
import sys
from pathlib import Path

import pytest

from transload.main import main

HEAVY = ("anyio", "sqlalchemy", "alembic", "PIL", "av", "asyncio", "transload.app")


def test_main_leaves_with_the_status_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("transload ")


@pytest.mark.parametrize(
    "code",
    [
        "import transload",
        "from transload.main import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_importing_and_help_load_nothing_heavy_and_write_nothing(tmp_path: Path, code: str) -> None:
    question = (
        f"{code}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    tmp_path.chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-B", "-c", question],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
