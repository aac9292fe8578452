"""Send the sample into a library under `demo/`, show what came of it and where to look."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path("demo")


def main() -> None:
    """Run the installed command as a user would, then print the report's sums and the gallery's place."""
    command = [
        str(Path(sys.executable).with_name("transload")), "send", str(HERE / "sample.zip"),
        "--to", f"library:{HERE / 'library'}", "--data-dir", str(HERE / "data"), "--report", str(HERE / "report.json"),
    ]  # fmt: skip
    print("$ transload " + " ".join(command[1:]), flush=True)
    status = subprocess.run(command, check=False).returncode
    report = json.loads((HERE / "report.json").read_text("utf-8"))
    sums = ", ".join(
        f"{number} {name}"
        for name, number in report["totals"].items()
        if number and "bytes" not in name
    )
    gallery = (HERE / "library" / "sample" / "gallery.html").resolve()
    print(f"\nexit status {status}: {report['state']} ({sums})")
    print(f"report:  {(HERE / 'report.json').resolve()}\ngallery: {gallery.as_uri()}")
    # The sample holds a broken picture and a web page named .jpg: `partial` is right, anything else is not.
    sys.exit(0 if (status, report["state"]) == (3, "partial") and gallery.exists() else 1)


if __name__ == "__main__":
    main()
