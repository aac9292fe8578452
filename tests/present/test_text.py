"""Hostile names must not reach the terminal as commands; figures must read as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.present.text import (
    clean,
    count_text,
    short_id_length,
    shortened,
    size_text,
    time_text,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.jpg", "plain name.jpg"),
        ("日本語 写真.jpg", "日本語 写真.jpg"),
        ("صورة.jpg", "صورة.jpg"),
        ("\x1b[2J\x1b]0;owned\x07.jpg", "\ufffd[2J\ufffd]0;owned\ufffd.jpg"),
        ("a\r\nb\tc", "a\ufffd\ufffdb\ufffdc"),
        ("\u202egpj.exe", "\ufffdgpj.exe"),
        ("\x9b31mred", "\ufffd31mred"),
        ("👨‍👩‍👧.png", "👨‍👩‍👧.png"),
        ("half\udcff.jpg", "half\ufffd.jpg"),
    ],
)
def test_clean(name: str, shown: str) -> None:
    assert clean(name) == shown


@given(st.text())
def test_clean_text_is_one_line_and_can_be_encoded(text: str) -> None:
    shown = clean(text)
    assert shown.splitlines() in ([shown], [])
    assert "\x1b" not in shown
    assert len(shown.encode("utf-8")) >= len(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "?"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (120 << 20, "120 MiB"),
        (1000 << 20, "0.977 GiB"),
        (5 << 40, "5 TiB"),
    ],
)
def test_size_text(size: int | None, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "?"), (0.25, "0.2 s"), (42, "42 s"), (185, "3:05 min"), (7389, "2:03:09 h")],
)
def test_time_text(seconds: float | None, text: str) -> None:
    assert time_text(seconds) == text


def test_shortened_keeps_both_ends_of_a_name() -> None:
    assert shortened("holiday/2024/clip.avi", 11) == "holid…p.avi"
    assert shortened("short", 11) == "short"


def test_counts_agree_with_their_noun() -> None:
    assert (count_text(1, "item"), count_text(12345, "item")) == ("1 item", "12,345 items")


def test_short_ids_still_tell_jobs_apart() -> None:
    ids = ["01KA3XABCDEF1", "01KA3XABCDEG2", "01KA3XABCDEF3"]
    length = short_id_length(ids)
    assert len({one[:length] for one in ids}) == 3
    assert short_id_length(["01KA3XABCDEF1"]) == 10
