"""The bar and the lines."""

import io

from rich.console import Console

from transload.cli.display import Bar, Lines, display_for
from transload.cli.session import Common
from transload.model import JobState
from transload.present.status import View

VIEW = View(
    "日本語\x1b[2J trip",
    JobState.RUNNING,
    stage="converting",
    item="a\x07b.avi",
    item_share=0.42,
    overall=0.5,
    items=5,
    items_total=10,
)


def test_lines_are_said_when_the_state_changes() -> None:
    out = io.StringIO()
    with Lines(out) as lines:
        lines.show(VIEW, changed=True)
        lines.show(VIEW, changed=False)
    assert out.getvalue() == f"{VIEW.line}\n"
    assert "converting a\ufffdb.avi 42 %" in VIEW.line


def test_silence_when_nobody_asked() -> None:
    display = display_for(Common(json=True))
    display.show(VIEW, changed=True)
    assert not display.waits
    assert isinstance(display, Lines)


def test_the_bar_shows_share_counts_and_item_without_control_signs() -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=60)
    bar = Bar(console)
    bar.show(VIEW, changed=False)
    with console.capture() as drawn:
        console.print(bar)
    text = drawn.get()
    assert " 50%" in text
    assert "5/10 items" in text
    assert "converting a\ufffdb.avi 42 %" in text
    assert "\x1b[2J" not in text
    assert "日本語" in text


def test_the_bar_leaves_the_terminal_clean() -> None:
    screen = io.StringIO()
    with Bar(Console(file=screen, force_terminal=True, width=60)) as bar:
        bar.show(VIEW, changed=True)
    assert screen.getvalue().count("\x1b[?25h") == screen.getvalue().count("\x1b[?25l") > 0
