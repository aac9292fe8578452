"""Runs a job inside this process and prints the 99th percentile of the event loop's lag in milliseconds."""

import sys
import time
from pathlib import Path

import anyio

import transload

TICK_S = 0.01


async def measure(source: str, folder: Path) -> float:
    """How late a tick of 10 ms comes while the job runs."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            due = time.monotonic() + TICK_S
            await anyio.sleep(TICK_S)
            late.append(max(0.0, time.monotonic() - due))

    async with transload.open(data_dir=folder / "data") as app, anyio.create_task_group() as group:
        group.start_soon(tick)
        job = await app.send(source, to=f"library:{folder / 'out'}")
        await app.wait(job.id)
        group.cancel_scope.cancel()
    return sorted(late)[int(len(late) * 0.99)] * 1000


if __name__ == "__main__":
    print(anyio.run(measure, sys.argv[1], Path(sys.argv[2])))
