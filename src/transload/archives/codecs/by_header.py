"""The shape of all decoders, and a library's decoder whose one error can mean more than damage."""

from collections.abc import Callable
from typing import Protocol

from transload.errors import TransloadError


class Decoder(Protocol):
    """A running decompression."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed stream was reached."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether no more output can come without more input."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Input after the end of the packed stream."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes of output."""
        ...


class HeaderCheckedDecoder:
    """One stream; its header says what an error of the library means.

    When the library raises `error`, `refusal` is asked with the first `head_bytes` of the stream: the error that it
    returns is raised in place of the library's, which stands for damage where it returns None.
    """

    def __init__(
        self,
        stream: Decoder,
        head_bytes: int,
        error: type[Exception],
        refusal: Callable[[bytes], TransloadError | None],
    ) -> None:
        self._stream, self._head_bytes = stream, head_bytes
        self._error, self._refusal = error, refusal
        self._head = b""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether no more output can come without more input."""
        return self._stream.needs_input

    @property
    def unused_data(self) -> bytes:
        """Input after the stream."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes of output."""
        self._head += data[: self._head_bytes - len(self._head)]
        try:
            return self._stream.decompress(data, max_length)
        except self._error as error:
            if (refused := self._refusal(self._head)) is not None:
                raise refused from error
            raise
