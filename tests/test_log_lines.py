"""Lines of the log: machine-readable, and never a secret in one."""

import json
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transload.log_lines import JsonFormatter, KeyValueFormatter, redact
from transload.web_address import HIDDEN

SECRET = "zQ9sTopSecretzQ9"
PLACES = [
    "password={}",
    "password: {}",
    "--password {}",
    "--password={}",
    'PASSWORD="{} with spaces"',
    "{{'password': '{}'}}",
    '{{"api_key": "{}", "n": 1}}',
    '{{\\"bot_token\\": \\"{}\\"}}',
    "key={}",
    "TRANSLOAD_S3__SECRET_KEY={}",
    "access_token={}&expires=3600",
    "Authorization: Bearer {}",
    "authorization={}",
    "Proxy-Authorization: Basic {}",
    "got 401 for bearer {}",
    "Set-Cookie: {}",
    "https://user:{}@host.example/path",
    "webdavs://{}@host.example/",
    "https://user:p@{}@host.example/",
    "https://host.example/file?X-Amz-Signature={}&X-Amz-Date=1",
    "https://host.example/file?anything={}",
    "ftp://host.example:21/x?sig={} and more",
]
around = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/:?#@\"'\\="), max_size=20
)


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "transload.test", "levelname": "INFO", "msg": message})
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_hidden_wherever_it_stands(place: str) -> None:
    told = redact(place.format(SECRET))
    assert SECRET not in told
    assert HIDDEN in told


@given(st.sampled_from(PLACES), around, around)
def test_a_secret_is_hidden_whatever_is_around_it(place: str, before: str, after: str) -> None:
    text = f"{before} {place.format(SECRET)} {after}"
    for formatter in (KeyValueFormatter(), JsonFormatter()):
        assert SECRET not in formatter.format(record("seen", detail=text))
        assert SECRET not in formatter.format(record(text))


secrets = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",;&\"'/?#@"),
    min_size=6,
    max_size=40,
)


@given(
    st.sampled_from(
        ["password={} x", "--token {}", "https://u:{}@h.example/p", "https://h.example/f?k={}"]
    ),
    secrets,
)
def test_whatever_the_secret_is_made_of(place: str, secret: str) -> None:
    marked = f"zQ9{secret}9Qz"
    told = redact(place.format(marked))
    assert marked not in told
    assert "9Qz" not in told


@pytest.mark.parametrize(
    "name", ["password", "bot_token", "api_key", "Authorization", "secret", "session"]
)
def test_a_value_with_a_secret_name_is_hidden(name: str) -> None:
    told = json.loads(JsonFormatter().format(record("login", **{name: SECRET})))
    assert told[name] == HIDDEN


@pytest.mark.parametrize(
    "text",
    [
        "album_sent",
        "photo 7 of 10 in IMG_0001.JPG",
        "keyframe=12 monkey=1",
        "author: someone, authoritative",
        "https://host.example/plain/path",
        "/home/me/pictures/passwords.zip",
        "the monkeys are keyed by number",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=200))
@example("=" * 200)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(st.text(), st.text())
def test_every_event_is_one_line(message: str, value: str) -> None:
    event = record("seen", detail=message, name_of_it=value)
    assert len(JsonFormatter().format(event).splitlines()) == 1
    assert len(KeyValueFormatter().format(event).splitlines()) == 1


def test_key_value_lines_can_be_read_and_split() -> None:
    line = KeyValueFormatter().format(
        record("album_sent", items=10, took_s=0.5, path="a b", none=None)
    )
    assert " level=info log=transload.test event=album_sent items=10 took_s=0.5" in line
    assert line.endswith('path="a b" none=null')


def test_json_lines_keep_types_and_the_time_is_utc() -> None:
    told = json.loads(JsonFormatter().format(record("album_sent", items=10, ok=True)))
    assert (told["event"], told["items"], told["ok"]) == ("album_sent", 10, True)
    assert told["at"].endswith("Z")


def test_a_traceback_is_in_the_line_without_its_secret() -> None:
    error = ValueError(f"password={SECRET}")
    event = record("crashed", exc_info=(ValueError, error, None))
    told = json.loads(JsonFormatter().format(event))
    assert "ValueError" in told["trace"]
    assert SECRET not in told["trace"]
