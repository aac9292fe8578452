"""An error of a library is damage, unless the header says something else."""

import pytest

from transload.archives.codecs.by_header import HeaderCheckedDecoder
from transload.errors import LimitError


def refusal(head: bytes) -> LimitError | None:
    return LimitError(head.decode()) if head.startswith(b"large") else None


class Failing:
    """A stream on which everything fails."""

    eof, needs_input, unused_data = False, True, b"rest"

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        raise ValueError(data, max_length)


def test_the_header_says_what_an_error_means() -> None:
    decoder = HeaderCheckedDecoder(Failing(), 7, ValueError, refusal)
    with pytest.raises(ValueError, match="la"):
        decoder.decompress(b"la")
    with pytest.raises(LimitError, match=r"^large h$"):
        decoder.decompress(b"rge header")
    with pytest.raises(LimitError, match=r"^large h$"):
        decoder.decompress(b"what follows")
    assert (decoder.eof, decoder.needs_input, decoder.unused_data) == (False, True, b"rest")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="damaged"):
        HeaderCheckedDecoder(Failing(), 7, OSError, refusal).decompress(b"damaged")
