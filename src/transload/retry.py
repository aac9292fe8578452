"""When a task that failed for a passing reason is tried again. Pure: randomness is an argument."""

from dataclasses import dataclass

SIT_OUT_S = 60.0
"""A shorter wait is sat out where it is met, with what is staged ahead; a longer one frees the slot of its task."""
JITTER = 0.2  # +-20 %: many tasks that failed together do not come back together


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays double from `first_s` up to `longest_s`; after `max_attempts` tries the failure is final.

    A full disk is no failure: it is looked at again every `space_s`.
    """

    max_attempts: int = 5
    first_s: float = 2.0
    longest_s: float = 300.0
    space_s: float = 30.0

    def delay_s(self, attempt: int, jitter: float, asked_s: float | None = None) -> float | None:
        """Seconds to wait after failed try number `attempt` (from 1), or None when it was the last.

        `jitter` is a random value in [0, 1). `asked_s` is what the other side asked for (Retry-After): it wins, is
        never shortened, and such a refusal to serve yet is no try, so it does not end the tries.
        """
        if asked_s is not None:
            return asked_s * (1 + JITTER * jitter)
        if attempt >= self.max_attempts:
            return None
        return self.outage_s(attempt, jitter)

    def outage_s(self, outages: int, jitter: float) -> float:
        """Seconds to wait after so many failures in a row, from 1; an outage may have any number of them."""
        doublings = min(outages - 1, 64)  # beyond, the float would overflow before the minimum
        plain = min(self.longest_s, self.first_s * 2.0**doublings)
        return plain * (1 + JITTER * (2 * jitter - 1))
