"""Transload: media out of whatever it is packed in, playable where it is going, delivered exactly once.

`open` returns the asynchronous application, `send` is the blocking one-liner for scripts. Importing the package loads
nothing else and writes nothing.
"""

from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transload.app import App, Report
    from transload.config import Settings

__version__ = "0.1.0"
__all__ = ["__version__", "open", "send"]


def open(  # noqa: A001  the contract's name: `async with transload.open() as app`
    settings: "Settings | None" = None, data_dir: "str | PathLike[str] | None" = None
) -> "App":
    """The application of a data folder, for `async with`; settings are read as the command line reads them when None.

    Raises SettingError. Entering it raises StoreError when the folder cannot be used.
    """
    from transload import config
    from transload.app import App

    return App(*config.installed(settings, data_dir))


def send(
    source: "str | PathLike[str]",
    *,
    to: str = "library:",
    settings: "Settings | None" = None,
    data_dir: "str | PathLike[str] | None" = None,
    **options: Any,  # noqa: ANN401  those of `App.send`, checked there
) -> "Report":
    """Send and wait: the report of the job once it has ended or waits for a password. Options are those of `App.send`.

    Raises UsageError, SourceNotFoundError, UnreadableError, SettingError, StoreError; later faults are in the report.
    """
    import anyio

    async def act() -> "Report":
        async with open(settings, data_dir) as app:
            job = await app.send(source, to=to, **options)
            return await app.report((await app.wait(job.id)).id)

    return anyio.run(act)
