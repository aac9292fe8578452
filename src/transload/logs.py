"""The log: one line an event. Importing this sets nothing up.

Events are fixed words with their facts in `extra`: `log.info("album_sent", extra={"job": id, "items": 10})`.
"""

import contextlib
import logging
import sys
from functools import cached_property
from pathlib import Path

FILE_NAME = "transload.log"


def start(
    folder: Path, *, verbose: bool = False, json_lines: bool = False
) -> list[logging.Handler]:
    """Log into `folder` (rotated, 4 files of 4 MiB), and to stderr when verbose. Returns the handlers, for `stop`.

    A folder that cannot be written is no reason to stop: the log is then lost, and the ledger, which is in the
    same folder, says so with a proper error.
    """
    handlers: list[logging.Handler] = [LateFile(folder / FILE_NAME, json_lines=json_lines)]
    if verbose:
        handlers.append(_formatted(logging.StreamHandler(sys.stderr), json_lines=json_lines))
    ours = logging.getLogger("transload")
    ours.setLevel(logging.DEBUG if verbose else logging.INFO)
    ours.propagate = False
    for handler in handlers:
        ours.addHandler(handler)
    return handlers


def stop(handlers: list[logging.Handler]) -> None:
    """Take the handlers of `start` away again and close them."""
    ours = logging.getLogger("transload")
    for handler in handlers:
        ours.removeHandler(handler)
        handler.close()


class LateFile(logging.Handler):
    """Opens its file, makes the folder and loads what writes lines with the first of them.

    So commands that only look leave nothing behind, and those that have nothing to tell load nothing.
    """

    def __init__(self, path: Path, *, json_lines: bool) -> None:
        super().__init__()
        self.path = path
        self._json_lines = json_lines

    @cached_property
    def _file(self) -> logging.Handler:
        from transload.log_lines import QuietFile

        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _formatted(QuietFile(str(self.path)), json_lines=self._json_lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; one that cannot be written is lost: the ledger, which is in the same folder, says why."""
        with contextlib.suppress(OSError):
            self._file.emit(record)

    def close(self) -> None:
        """Close the file, where there is one."""
        if "_file" in self.__dict__:
            self._file.close()
        super().close()


def _formatted(handler: logging.Handler, *, json_lines: bool) -> logging.Handler:
    from transload.log_lines import JsonFormatter, KeyValueFormatter

    handler.setFormatter(JsonFormatter() if json_lines else KeyValueFormatter())
    return handler
