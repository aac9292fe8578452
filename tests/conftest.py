"""What every test may ask for, and which part of the proofs a run takes."""

import hashlib

import pytest

TENTHS = 10


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tenth", metavar="SEED", help="only a tenth of the tests, chosen by SEED")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The seed of the order and of random moments, which -q hides."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if isinstance(seed, int):
        terminalreporter.write_line(f"the same again: --randomly-seed={seed}")


@pytest.hookimpl(trylast=True)  # behind the choice by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --tenth, keep the tests whose names fall first when they are shuffled by the seed."""
    seed = config.getoption("--tenth")
    if seed is None:
        return
    shuffled = sorted(
        items, key=lambda item: hashlib.sha256(f"{seed} {item.nodeid}".encode()).digest()
    )
    kept = set(shuffled[: -(-len(items) // TENTHS)])
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]
