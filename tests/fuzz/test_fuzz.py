"""A bounded run of every target, and the machinery that finds, shrinks and tells a crash."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.__main__ import main
from fuzz.cases import Outcome, Target, crash_of, made, promise, run
from fuzz.table import reaches
from fuzz.targets import TARGETS
from transload.errors import CorruptError

SEED = 7
CASES = 2_000


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_cases_end_as_they_may(name: str) -> None:
    tally = run(TARGETS[name], SEED, range(CASES))
    assert [crash.raised for crash in tally.crashes] == []
    assert tally.cases == CASES
    assert reaches(tally, TARGETS[name])
    assert len(tally.kinds) >= 2


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_end_as_they_may(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(st.binary(max_size=2_000), st.integers(0, 1 << 30))
    def hold(data: bytes, number: int) -> None:
        whole = made(target, SEED, number)
        for case in (data, whole + data, data + whole):
            outcome = crash_of(target, case)
            if not isinstance(outcome, Outcome):
                raise outcome

    hold()


@pytest.mark.parametrize("name", TARGETS)
def test_a_number_makes_the_same_case_and_outcome_again(name: str) -> None:
    target = TARGETS[name]
    for number in range(50):
        case = made(target, SEED, number)
        assert case == made(target, SEED, number)
        assert _outcome(target, case) == _outcome(target, case)
    assert len({made(target, seed, 0) for seed in range(20)}) > 1


def _outcome(target: Target, case: bytes) -> tuple[bool, set[str]]:
    outcome = crash_of(target, case)
    assert isinstance(outcome, Outcome)
    return outcome.opened, set(outcome.kinds)


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(200)


def _fragile(data: bytes) -> Outcome:
    if b"\x07" in data:
        raise CorruptError
    promise(b"\x09" not in data, "a nine")
    return Outcome(opened=True, kinds=("fine",))


def _endless(data: bytes) -> Outcome:
    while data:
        pass
    return Outcome(opened=True, kinds=("fine",))


def test_a_crash_is_found_and_shrunk_to_its_cause() -> None:
    tally = run(Target("fragile", _noise, _fragile), SEED, range(1000))
    (crash,) = tally.crashes
    assert crash.data == b"\x09"
    assert crash.made_bytes == 200
    assert "BrokenPromiseError: a nine" in crash.raised
    assert tally.kinds["input.corrupt"] + tally.kinds["fine"] == tally.cases - 1


def test_a_case_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.cases.CPU_S_MAX", 0.02)
    tally = run(Target("endless", _noise, _endless), SEED, range(10))
    (crash,) = tally.crashes
    assert len(crash.data) == 1
    assert "TooSlowError" in crash.raised


def test_the_command_prints_a_table_and_keeps_a_crash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert main(["--cases", "200", "--jobs", "1", "--only", "limits"]) == 0
    assert "200 cases, 0 crashes" in capsys.readouterr().out
    assert main(["--cases", "9000", "--jobs", "2", "--only", "limits", "--only", "paths"]) == 0
    assert "9,000 cases, 0 crashes" in capsys.readouterr().out
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(TARGETS, "limits", Target("limits", _noise, _fragile))
    assert main(["--cases", "100", "--jobs", "1", "--only", "limits"]) == 1
    (kept,) = tmp_path.iterdir()
    assert str(kept) in capsys.readouterr().out
    assert main(["--only", "limits", "--replay", str(kept)]) == 1
