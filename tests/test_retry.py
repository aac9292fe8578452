"""Delays between tries: they grow, stay bounded, obey what the other side asks for, and end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.retry import JITTER, RetryPolicy

jitters = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(("attempt", "expected"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 16.0)])
def test_delays_double_when_the_jitter_is_in_the_middle(attempt: int, expected: float) -> None:
    assert RetryPolicy().delay_s(attempt, 0.5) == pytest.approx(expected)


def test_the_last_try_has_no_delay_after_it() -> None:
    assert RetryPolicy(max_attempts=3).delay_s(2, 0.5) is not None
    assert RetryPolicy(max_attempts=3).delay_s(3, 0.5) is None


@given(st.integers(1, 10_000), jitters)
def test_delays_stay_within_the_jitter_of_the_bounds(attempt: int, jitter: float) -> None:
    delay = RetryPolicy(max_attempts=10_001).delay_s(attempt, jitter)
    assert delay is not None
    assert 2.0 * (1 - JITTER) <= delay <= 300.0 * (1 + JITTER)


@given(st.integers(1, 30), jitters)
def test_a_later_try_never_waits_less_for_the_same_chance(attempt: int, jitter: float) -> None:
    policy = RetryPolicy(max_attempts=100)
    sooner, later = policy.delay_s(attempt, jitter), policy.delay_s(attempt + 1, jitter)
    assert sooner is not None
    assert later is not None
    assert sooner <= later


@given(st.integers(1, 100), jitters, st.floats(0, 86_400))
def test_what_the_other_side_asks_for_wins(attempt: int, jitter: float, asked: float) -> None:
    delay = RetryPolicy(max_attempts=1).delay_s(attempt, jitter, asked)
    assert delay is not None
    assert asked <= delay <= asked * (1 + JITTER)
