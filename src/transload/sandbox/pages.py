"""The chats as pages in a browser, much as Telegram shows them; what is written or pressed there happens."""

import http.server
import re
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from html import escape
from http import HTTPStatus
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from transload.sandbox.letters import has, read
from transload.sandbox.messages import post, pressed, tell
from transload.sandbox.server import Sandbox
from transload.sandbox.store import Letter, Media, Store
from transload.sandbox.tl import Refused, types

PAGE = Template(files("transload.sandbox").joinpath("page.html").read_text("utf-8"))
SHOWN = 200
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
SAFE_TYPES = re.compile(r"(?:image/(?:jpeg|png|gif|webp)|video/[\w.+-]+|audio/[\w.+-]+)")
"""What a browser may show as it is; anything else is offered for saving only."""
Run = Callable[..., Any]
"""Runs a function on the server's thread and returns what it returns."""


def boxes(store: Store) -> list[tuple[str, str, str]]:
    """Every chat to be shown: its address, its title, its kind. Private ones are shown as one side has them."""
    found: list[tuple[str, str, str]] = [
        (f"/chat/{one.marked}/{one.marked}", one.title, one.kind)
        for one in store.chats()
        if one.kind != "group"
    ]
    for one in store.chats("kind = 'group'"):
        found += [
            (f"/chat/{user}/{one.marked}", one.title, "group") for user in store.members(one.id)[:1]
        ]
    pairs = store.all(
        "select distinct box, chat from messages where box > 0 and chat >= box order by box, chat"
    )
    for box, chat in pairs:
        names = [user.name for number in dict.fromkeys((box, chat)) if (user := store.user(number))]
        found.append((f"/chat/{box}/{chat}", " and ".join(names), "private"))
    return found


def page(store: Store, address: str) -> str | None:
    """The page of a chat, the first one for `/`; None where there is none."""
    known = boxes(store)
    if address == "/" and known:
        address = known[0][0]
    titles = {where: title for where, title, _ in known}
    if address not in titles and address != "/":
        return None
    links = "".join(
        f'<a href="{where}"{" class=here" if where == address else ""}>{escape(title)}<small>{kind}</small></a>'
        for where, title, kind in known
    )
    messages, writing = "", ""
    if address in titles:
        box, chat = map(int, address.split("/")[2:])
        letters = store.letters(
            "box = ? and chat = ? and not deleted order by id desc limit ?", box, chat, SHOWN
        )
        messages = "".join(_messages(store, letters[::-1]))
        writing = _writing(store, box, chat)
    title = escape(titles.get(address, "Nothing yet"))
    return PAGE.substitute(title=title, chats=links, messages=messages, box=writing)


def _messages(store: Store, letters: Iterable[Letter]) -> Generator[str]:
    for _, group in groupby(letters, key=lambda one: one.body.get("grouped") or one.uid):
        yield _message(store, [*group])


def _message(store: Store, members: list[Letter]) -> str:
    first = members[0]
    if "topic_made" in first.body:
        return f'<div class="m service">topic: {escape(first.body["topic_made"])}</div>'
    media = [one for member in members if (one := store.media(member.body.get("media") or 0))]
    seen = [one for one in media if _is_seen(one)]
    sender = store.user(first.sender)
    out = " out" if first.box > 0 and first.sender == first.box else ""
    shape = _mosaic([_shown(one) for one in seen]) if seen else ""
    rest = "".join(_file(one) for one in media if one not in seen)
    texts = "".join(f"<p>{escape(one.body['text'])}</p>" for one in members if one.body.get("text"))
    edited = " edited" if any(one.body.get("edited") for one in members) else ""
    name = f"<b>{escape(sender.name if sender else '')}</b>"
    return (
        f'<div class="m{out}{" media" if seen else ""}" data-id="{first.id}">{name}{shape}{rest}{texts}'
        f"<time>{first.id}{edited}</time>{_keys(store, first)}</div>"
    )


def _mosaic(pictures: list[str]) -> str:
    count = len(pictures)
    shape = " thirds" if count > 4 and count % 3 == 0 else " odd" if count > 1 and count % 2 else ""
    return f'<div class="mosaic{shape}" data-count="{count}">{"".join(pictures)}</div>'


def _is_seen(media: Media) -> bool:
    return media.kind == "photo" or has(media, types.DocumentAttributeVideo)


def _shown(media: Media) -> str:
    if media.kind == "photo":
        return f'<img src="/file/{media.id}" alt="{escape(media.name)}">'
    gif = has(media, types.DocumentAttributeAnimated)
    how = "autoplay loop muted" if gif else "controls"
    poster = f' poster="/file/{media.id}/m"' if media.sizes else ""
    return f'<video src="/file/{media.id}" preload="metadata"{poster} {how}></video>'


def _file(media: Media) -> str:
    size = f"{media.size / 1_000_000:.1f} MB" if media.size > 99_999 else f"{media.size:,} bytes"
    name = f"{escape(media.name)}<br><small>{size}</small>"
    return f'<a class="file" href="/file/{media.id}"><i>&darr;</i><span>{name}</span></a>'


def _keys(store: Store, letter: Letter) -> str:
    markup = read(letter.body.get("markup"))
    if not isinstance(markup, types.ReplyInlineMarkup):
        return ""
    by = letter.chat if 0 < letter.chat != letter.sender else letter.box
    if by < 0:
        chat = store.marked(letter.box)
        by = (
            next((user for user in store.members(chat.id) if user != letter.sender), 0)
            if chat
            else 0
        )
    rows = [
        "".join(
            f'<button data-key="{_data(key).hex()}" data-box="{letter.box}"'
            f' data-message="{letter.id}" data-as="{by}">{escape(key.text)}</button>'
            for key in row.buttons
        )
        for row in markup.rows
    ]
    return f'<div class="keys">{"".join(f"<div>{row}</div>" for row in rows)}</div>'


def _data(key: Any) -> bytes:
    """What a button sends to its bot; nothing for one that only opens an address."""
    return bytes(getattr(getattr(key, "type", key), "data", b""))


def _writing(store: Store, box: int, chat: int) -> str:
    there = store.marked(chat)
    users = [
        user
        for number in (store.members(there.id) if there else dict.fromkeys((box, chat)))
        if (user := store.user(number))
    ]
    options = "".join(
        f'<option value="{user.id}">{escape(user.name)}</option>'
        for user in users
        if not user.token
    )
    hidden = f'<input type="hidden" name="box" value="{box}"><input type="hidden" name="chat" value="{chat}">'
    text = '<input name="text" placeholder="Write a message" autocomplete="off">'
    return f'<form>{hidden}<select name="as">{options}</select>{text}<button>Send</button></form>'


def write(box: Sandbox, given: dict[str, str]) -> str:
    """Post what somebody wrote on a page, as whom they chose. Blocking part of the server's thread."""
    sender, owner, chat = int(given["as"]), int(given["box"]), int(given["chat"])
    goal = chat if chat < 0 or sender == owner else owner
    if given["text"].strip():
        tell(box.world, post(box.world, sender, goal, [{"text": given["text"]}]))
    return ""


async def press(box: Sandbox, given: dict[str, str]) -> str:
    """Press a button as somebody; what the bot says."""
    (letter,) = box.world.store.letters(
        "box = ? and id = ?", int(given["box"]), int(given["message"])
    )
    try:
        answer = await pressed(box.world, int(given["as"]), letter, bytes.fromhex(given["key"]))
    except Refused as refused:
        return refused.message
    return str(answer.message or "")


class Desk(http.server.BaseHTTPRequestHandler):
    """One request of a browser. `box` and `run` are set by `shown`."""

    box: ClassVar[Sandbox]
    run: ClassVar[Run]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A page or a file."""
        path = urlsplit(self.path).path
        if not self._is_asked_here():
            self._say(HTTPStatus.FORBIDDEN, b"", "text/plain")
        elif path.startswith("/file/"):
            self._file(path.split("/")[2:])
        else:
            html = self.run(page, self.box.world.store, path)
            status = HTTPStatus.NOT_FOUND if html is None else HTTPStatus.OK
            self._say(status, (html or "not here").encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """Something written or pressed. A header that no foreign page can set keeps those out."""
        length = int(self.headers.get("Content-Length", 0))
        given = {name: one[0] for name, one in parse_qs(self.rfile.read(length).decode()).items()}
        acts = {"/write": write, "/press": press}
        if (
            not self._is_asked_here()
            or self.headers.get("X-Sandbox") != "1"
            or self.path not in acts
        ):
            self._say(HTTPStatus.FORBIDDEN, b"", "text/plain")
            return
        try:
            said = self.run(acts[self.path], self.box, given)
        except (KeyError, ValueError):
            self._say(HTTPStatus.BAD_REQUEST, b"not understood", "text/plain")
        else:
            self._say(HTTPStatus.OK, said.encode(), "text/plain; charset=utf-8")

    def _is_asked_here(self) -> bool:
        """Whether the browser asks for this address: no name of another site leads here."""
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname in ("127.0.0.1", "localhost")

    def _file(self, words: list[str]) -> None:
        store = self.box.world.store
        media = self.run(store.media, int(words[0])) if words[0].isdecimal() else None
        if media is None:
            self._say(HTTPStatus.NOT_FOUND, b"", "text/plain")
            return
        size = words[1] if len(words) > 1 else media.sizes[-1][0] if media.kind == "photo" else ""
        path = store.file(media.id, size if size.isalpha() else "")
        if not path.exists():
            self._say(HTTPStatus.NOT_FOUND, b"", "text/plain")
            return
        kind = "image/jpeg" if size else media.mime
        self._piece(path, kind if SAFE_TYPES.fullmatch(kind) else "application/octet-stream")

    def _piece(self, path: Path, kind: str) -> None:
        """A file or the range of it that is asked for; without ranges no browser seeks in a video."""
        whole = path.stat().st_size
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        start, end = 0, whole - 1
        if asked:
            start, end = int(asked[1]), min(int(asked[2] or end), end)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        self.send_header("Accept-Ranges", "bytes")
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{whole}")
        if kind == "application/octet-stream":
            self.send_header("Content-Disposition", "attachment")
        with path.open("rb") as file:
            file.seek(start)
            self._end(file.read(max(end - start + 1, 0)), kind)

    def _say(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self._end(body, kind)

    def _end(self, body: bytes, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base
        """Say nothing."""


@contextmanager
def shown(box: Sandbox, run: Run, port: int = 0) -> Generator[str]:
    """The pages of a server, on loopback until the block ends; their address."""
    desk = type("BoxDesk", (Desk,), {"box": box, "run": staticmethod(run)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), desk) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
