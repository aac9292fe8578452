"""The parent's end of the decoder child: one persistent process, restarted when it dies, hangs or grows.

A request is answered, or ends with an error of ours. The process is started by the thread that runs the event loop:
the kernel's death signal follows the spawning *thread*, so a short-lived one would take the child with it.
"""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass

import anyio
import anyio.abc
import anyio.to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

from transload.errors import (
    BugError,
    CorruptError,
    DiskFullError,
    MemoryLimitError,
    StalledError,
    TransloadError,
    UnreadableError,
)
from transload.json_codec import JsonObject, from_json, to_json
from transload.media.requests import A, Operation, R
from transload.processes.registry import NO_REGISTRY, ChildRegistry

log = logging.getLogger(__name__)

MODULE = "transload.media.decoder_child"
ANSWER_BYTES_MAX = 1 << 20
DEATHS_MAX = 3
"""Deaths on one file after which the file is given up: a third equal death is no accident."""

_FAULTS: dict[str, type[TransloadError]] = {
    "memory": MemoryLimitError,
    "disk": DiskFullError,
    "damaged": CorruptError,
    "io": UnreadableError,
    "bug": BugError,
}


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """Bounds of the child, all settings: bytes of address space, bytes of memory kept, seconds without progress."""

    probe_bytes: int = 384 << 20
    shrink_bytes: int = 1 << 30
    keep_rss_bytes: int = 100 << 20
    silence_s: float = 20.0
    shrink_silence_s: float = 120.0


class _DiedError(Exception):
    """The child ended in the middle of a request."""


class Decoder:
    """One child, used by one request at a time; further callers wait their turn."""

    def __init__(self, limits: DecoderLimits, registry: ChildRegistry = NO_REGISTRY) -> None:
        self._limits = limits
        self._registry = registry
        self._turn = anyio.Lock()
        self._process: anyio.abc.Process | None = None
        self._answers: BufferedByteReceiveStream | None = None
        self._next = 0
        self.starts = 0
        self.has_answered = False
        """Whether the child that was started last has its libraries loaded."""

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def ask(self, operation: Operation[R, A], request: R) -> A:
        """The child's answer.

        Raises CorruptError, MemoryLimitError, DiskFullError, UnreadableError as the child says; CorruptError when it
        died `DEATHS_MAX` times on this request, StalledError when it stood still that often.
        """
        async with self._turn:
            stalled = False
            words = {"op": operation.word, **to_json(request)}
            for _ in range(DEATHS_MAX):
                try:
                    answer = await self._once(words, heavy=operation.heavy)
                    return from_json(operation.answer, answer)
                except _DiedError:
                    stalled = False
                except TimeoutError:
                    stalled = True
                log.info("decoder_restarted", extra={"op": operation.word, "stalled": stalled})
            if stalled:
                raise StalledError("the decoder stood still on this file", stage="probe")
            raise CorruptError("the decoder died on this file three times", stage="probe")

    async def aclose(self) -> None:
        """End the child and reap it."""
        with anyio.CancelScope(shield=True):
            await self._end()

    async def _once(self, words: JsonObject, *, heavy: bool) -> JsonObject:
        process, answers = await self._running()
        self._next += 1
        request = {"id": self._next, "heavy": heavy, **words}
        silence_s = self._limits.shrink_silence_s if heavy else self._limits.silence_s
        done = False
        try:
            answer = await self._exchange(process, answers, request, silence_s)
            done = self.has_answered = True
        finally:
            if not done:
                await self.aclose()
        held, result, evidence = (answer.get(key) for key in ("rss", "ok", "evidence"))
        if isinstance(held, int) and held > self._limits.keep_rss_bytes:
            await self.aclose()
        if isinstance(result, dict):
            return result
        raise _FAULTS[str(answer["fault"])](
            str(answer["detail"]),
            stage="decode",
            evidence=None if evidence is None else str(evidence),
        )

    async def _exchange(
        self,
        process: anyio.abc.Process,
        answers: BufferedByteReceiveStream,
        request: JsonObject,
        silence_s: float,
    ) -> JsonObject:
        """Send and wait; each sign of life renews the deadline."""
        try:
            assert process.stdin is not None
            await process.stdin.send(json.dumps(request).encode() + b"\n")
            while True:
                with anyio.fail_after(silence_s):
                    line = await answers.receive_until(b"\n", ANSWER_BYTES_MAX)
                answer: JsonObject = json.loads(line)
                if answer["id"] == request["id"] and "beat" not in answer:
                    return answer
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
            raise _DiedError from error

    async def _running(self) -> tuple[anyio.abc.Process, BufferedByteReceiveStream]:
        if self._process is not None and self._process.returncode is not None:
            await self._end()
        if self._process is None or self._answers is None:
            self._process = await anyio.open_process(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert self._process.stdout is not None
            self._answers = BufferedByteReceiveStream(self._process.stdout)
            self.starts += 1
            self.has_answered = False
            await anyio.to_thread.run_sync(self._registry.enter, self._process.pid, MODULE)
        return self._process, self._answers

    def _command(self) -> list[str]:
        numbers = (os.getpid(), self._limits.probe_bytes, self._limits.shrink_bytes)
        words = [str(number) for number in numbers]
        return [sys.executable, "-I", "-m", MODULE, *words]

    async def _end(self) -> None:
        process, self._process, self._answers = self._process, None, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
        await process.aclose()
        await anyio.to_thread.run_sync(self._registry.leave, process.pid)
