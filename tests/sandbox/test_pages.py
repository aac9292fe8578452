"""The chats as a browser shows them: mosaics, films that play, buttons that can be pressed, a box to write in."""

import io
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image, ImageOps
from telethon import Button, events
from telethon.tl.types import DocumentAttributeVideo

from tests.kept import encode
from tests.sandbox.browser import Browser, browser
from tests.sandbox.clients import Scene, in_thread, named, telethon
from transload.sandbox.chats import make_chat, set_role
from transload.sandbox.pages import shown, write

COLOURS = ("teal", "coral", "gold", "navy", "olive", "plum", "salmon")


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A server whose one group has everything in it."""
    folder = tmp_path_factory.mktemp("pages")
    clip = encode(
        folder / "clip.mp4",
        (
            *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3"),
            *("-f", "lavfi", "-i", "sine=440:d=3", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-movflags", "+faststart"),
        ),
    )
    with in_thread(folder / "box") as made:
        assert made.portal is not None
        made.portal.call(fill, made, clip.read_bytes())
        yield made


def scenery(colour: str) -> io.BytesIO:
    """A hill under a sky."""
    sky = ImageOps.colorize(Image.linear_gradient("L"), colour, "white").resize((400, 300))
    hill = ImageOps.colorize(Image.radial_gradient("L"), "darkgreen", colour).resize((800, 400))
    mask = Image.radial_gradient("L").point(lambda value: 255 * (value < 120)).resize((800, 400))
    sky.paste(hill, (-220, 140), mask)
    out = io.BytesIO()
    sky.save(out, "JPEG")
    out.name = f"{colour}.jpg"
    out.seek(0)
    return out


async def fill(s: Scene, clip: bytes) -> None:
    group = make_chat(s.box.world.store, "supergroup", "Family <3", s.ann, username="family")
    video = DocumentAttributeVideo(duration=3, w=320, h=180, supports_streaming=True)
    async with telethon(s.box, s.ann) as ann:
        await ann.send_message("family", "Look at these <script>alert(1)</script>:")
        await ann.send_file("family", [scenery(one) for one in COLOURS], caption="The week")
        await ann.send_file("family", named(clip, "clip.mp4"), attributes=[video], caption="A film")
        async with telethon(s.box) as bot:
            me = await bot.sign_in(bot_token=s.box.add_bot("album_bot"))
            set_role(s.box.world.store, group.id, me.id, "member")
            keys = [[Button.inline("Keep", b"k"), Button.inline("Send again", b"s")]]
            await bot.send_message(group.marked, "9 sent, 1 kept: what now?", buttons=keys)
        await ann.send_file(
            "family", named(b"<script>alert(2)</script>", "notes.html"), force_document=True
        )


@pytest.fixture(scope="module")
def address(s: Scene) -> Iterator[str]:
    assert s.portal is not None
    with shown(s.box, s.portal.call) as found:
        yield found


def got(address: str, **headers: str) -> tuple[int, bytes, Any]:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_a_page_shows_what_was_sent_and_runs_nothing_of_it(address: str, s: Scene) -> None:
    status, html, _ = got(address)
    text = html.decode()
    assert status == 200
    assert "Family &lt;3" in text
    assert "Look at these &lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert text.count("<img ") == 7
    assert 'data-count="7"' in text
    assert got(f"{address}chat/1/1")[0] == 404


def test_files_are_given_in_ranges_and_never_as_pages(address: str, s: Scene) -> None:
    rows = s.box.world.store.all("select id, name from media where kind = 'document'")
    by_name = {name: f"{address}file/{ident}" for ident, name in rows}
    status, piece, headers = got(by_name["clip.mp4"], Range="bytes=4-7")
    assert (status, piece, headers["Content-Type"]) == (206, b"ftyp", "video/mp4")
    status, _, headers = got(by_name["notes.html"])
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment"
    assert got(f"{address}file/1")[0] == 404
    assert got(f"{by_name['clip.mp4']}/zz")[0] == 404


def test_other_sites_reach_nothing(address: str) -> None:
    assert got(address, Host="evil.example")[0] == 403
    request = urllib.request.Request(f"{address}write", b"text=x", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request):
        pass
    with refused.value as error:
        assert error.code == 403


needs_browser = pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium")


@pytest.fixture(scope="module")
def page(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as made:
        made.open(address)
        yield made


@needs_browser
def test_pictures_are_laid_out_and_films_play(page: Browser, address: str) -> None:
    page.open(address)
    shown_pictures = """
      Promise.all([...document.querySelectorAll('.mosaic img')].map(one => one.decode()))
        .then(() => [...document.querySelectorAll('.mosaic img')].map(one => one.naturalWidth))"""
    assert page.run(shown_pictures) == [400] * 7
    boxes = page.run(
        "[...document.querySelectorAll('.mosaic[data-count=\"7\"] img')]"
        ".map(one => one.getBoundingClientRect()).map(one => [one.top, one.left, one.width])"
    )
    assert len({(round(top), round(left)) for top, left, _ in boxes}) == 7
    assert boxes[0][2] > 1.9 * boxes[1][2]
    played = page.run("""
      (async () => {
        const video = document.querySelector('video');
        video.muted = true;
        await video.play();
        await new Promise(done => video.addEventListener('timeupdate', done, {once: true}));
        video.pause();
        video.currentTime = 2;
        await new Promise(done => video.addEventListener('seeked', done, {once: true}));
        return [video.videoWidth, video.duration > 2.9, video.currentTime];
      })()""")
    assert played == [320, True, 2]


@needs_browser
def test_what_is_written_is_heard_and_a_pressed_button_answered(
    page: Browser, s: Scene, address: str
) -> None:
    assert s.portal is not None
    with s.portal.wrap_async_context_manager(quiz_bot(s)) as (heard, bot_id):
        page.open(f"{address}chat/{s.ann}/{bot_id}")
        page.run("""
          document.querySelector('form [name=text]').value = 'hello bot';
          document.querySelector('form').requestSubmit()""")
        waits = "new Promise(done => setInterval(() => {const one = %s; if (one) done(one);}, 50))"
        page.run(waits % "document.querySelector('[data-key]')")
        assert heard == ["hello bot"]
        page.run("document.querySelector('[data-key]').click()")
        said = page.run(waits % "document.getElementById('said').textContent")
        assert said == "you said yes"


class Quiz:
    """A bot that asks whoever writes to it."""

    def __init__(self) -> None:
        self.heard, self.first = list[str](), anyio.Event()

    async def asked(self, event: Any) -> None:
        self.heard.append(event.message.text)
        self.first.set()
        await event.respond("Well?", buttons=[[Button.inline("Yes", b"yes")]])

    async def pressed(self, event: Any) -> None:
        await event.answer(f"you said {event.data.decode()}")


@asynccontextmanager
async def quiz_bot(s: Scene) -> AsyncGenerator[tuple[list[str], int]]:
    quiz, token = Quiz(), s.box.add_bot("quiz_bot")
    async with telethon(s.box) as bot:
        me = await bot.sign_in(bot_token=token)
        bot.add_event_handler(quiz.asked, events.NewMessage(incoming=True))
        bot.add_event_handler(quiz.pressed, events.CallbackQuery())
        write(s.box, {"as": str(s.ann), "box": str(s.ann), "chat": str(me.id), "text": "/start"})
        with anyio.fail_after(5):
            await quiz.first.wait()
        quiz.heard.clear()
        yield quiz.heard, me.id


@needs_browser
def test_the_picture_in_the_documents_is_of_this_page(
    page: Browser, address: str, tmp_path: Path
) -> None:
    """`SCREENSHOT=path` keeps it."""
    page.open(address)
    made = Path(os.environ.get("SCREENSHOT", tmp_path / "chat.png"))
    page.draw(made, 1000, 1500)
    assert made.stat().st_size > 20_000
