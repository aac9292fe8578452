"""Outcomes are values: equal when they say the same, and told in a broken download."""

from transload.clients.outcomes import BrokenOffError, Done, Gone, Wait


def test_outcomes_are_compared_by_what_they_say() -> None:
    assert Wait(3, "chat", "x") == Wait(3.0, "chat", "x")
    assert Gone("parts", 3) != Gone("parts")
    assert Done([1]) == Done([1])


def test_a_broken_download_says_why() -> None:
    broken = BrokenOffError(Wait(3, "uploads", "FloodPremiumWait"))
    assert broken.outcome == Wait(3, "uploads", "FloodPremiumWait")
    assert "FloodPremiumWait" in str(broken)
