"""Knowing a process again."""

import os
import subprocess
import sys

from transload.processes.registry import NO_REGISTRY, birth, has_word


def test_the_birth_of_a_process_is_its_own_and_does_not_change() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        own, other = birth(os.getpid()), birth(child.pid)
        assert own is not None
        assert other is not None
        assert (birth(os.getpid()), birth(child.pid)) == (own, other)
        assert own != other


def test_the_dead_have_none_not_even_before_they_are_reaped() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.read() == b""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert birth(child.pid) is None
    assert not has_word(child.pid, sys.executable)
    child.wait()
    child.stdout.close()
    assert birth(child.pid) is None


def test_a_word_must_be_whole() -> None:
    words = [sys.executable, "-c", "print(flush=True); input()", "/opt/x"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # by then it has become itself
        assert has_word(child.pid, "/opt/x")
        assert not has_word(child.pid, "/opt")


def test_nobody_remembers_nothing() -> None:
    NO_REGISTRY.enter(1, "init")
    NO_REGISTRY.leave(1)
