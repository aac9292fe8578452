"""Values of settings as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.units import GIB, MIB
from transload.values import networks, size_bytes, time_or_off_s, time_s


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("3GiB", 3 * GIB),
        ("16 MiB", 16 * MIB),
        ("500MB", 500_000_000),
        ("2k", 2000),
        ("7", 7),
        (9, 9),
        ("1.5GiB", 3 * GIB // 2),
    ],
)
def test_sizes(text: object, size: int) -> None:
    assert size_bytes(text) == size


@given(st.integers(0, 1 << 50))
def test_a_size_in_mebibytes_is_exact(count: int) -> None:
    assert size_bytes(f"{count}") == count
    assert size_bytes(f"{count % 4096}MiB") == (count % 4096) * MIB


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h 2m 3.5s", 3723.5), (2, 2), (0.5, 0.5)],
)
def test_times(text: object, seconds: float) -> None:
    assert time_s(text) == seconds


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        ("192.168.0.0/16, fd00::/8", ("192.168.0.0/16", "fd00::/8")),
        ("10.0.0.7", ("10.0.0.7/32",)),
        (["127.0.0.0/8"], ("127.0.0.0/8",)),
        ("", ()),
    ],
)
def test_networks(given_: object, read: tuple[str, ...]) -> None:
    assert networks(given_) == read


@pytest.mark.parametrize("given_", ["home", "10.0.0.7/8", 7, ["x"], None])
def test_what_is_no_network_is_refused(given_: object) -> None:
    with pytest.raises(ValueError, match="networks such as"):
        networks(given_)


@pytest.mark.parametrize("text", [0, "0", " 0s ", "off", 0.0])
def test_a_bound_in_time_can_be_switched_off(text: object) -> None:
    assert time_or_off_s(text) == 0


@pytest.mark.parametrize("text", [False, "", "never", -1])
def test_what_is_neither_a_time_nor_off_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a time above zero"):
        time_or_off_s(text)


def test_a_bound_in_time_is_else_a_time() -> None:
    assert time_or_off_s("30m") == 1800
