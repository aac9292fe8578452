"""The state on disk: one SQLite file and a folder of bytes. Blocking calls of microseconds, from one thread."""

import hmac
import json
import secrets
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeVar

ChatKind = Literal["group", "supergroup", "channel"]
Role = Literal["creator", "admin", "member", "read_only", "banned"]
CHANNEL_BASE = 1_000_000_000_000
"""A channel's number as clients write it is -100… (their libraries' convention)."""

SCHEMA = """
create table if not exists about(name text primary key, value blob);
create table if not exists keys(id blob primary key, key blob, salt integer, user integer, pending integer,
  revoked integer default 0);
create table if not exists users(id integer primary key, phone text unique, name text, username text unique,
  token text unique, srp_salt blob, verifier blob, trouble text default '', premium integer default 0);
create table if not exists chats(id integer primary key, kind text, title text, username text unique,
  forum integer default 0, slow_s integer default 0, invite text unique, became integer);
create table if not exists members(chat integer, user integer, role text, sent_at real default 0,
  primary key(chat, user));
create table if not exists boxes(box integer primary key, pts integer, last_id integer);
create table if not exists messages(box integer, id integer, uid integer, chat integer, sender integer,
  date integer, body text, deleted integer default 0, primary key(box, id));
create index if not exists by_uid on messages(uid);
create index if not exists by_chat on messages(box, chat, id);
create table if not exists events(box integer, pts integer, kind text, message integer, primary key(box, pts));
create table if not exists sent(user integer, random_id integer, uid integer, primary key(user, random_id));
create table if not exists media(id integer primary key, kind text, name text, mime text, size integer,
  attributes blob, sizes text, created real);
create table if not exists parts(user integer, file integer, part integer, size integer, total integer,
  primary key(user, file, part));
create table if not exists codes(hash text primary key, phone text, code text, until real);
create table if not exists qr(token blob primary key, key blob, user integer, until real);
"""

LATER = {"users": ("premium", "integer default 0"), "chats": ("became", "integer")}
"""Columns that the folder of an earlier version lacks."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody; a bot has a token, a user a phone number. `trouble` is the error that its sign-in gets."""

    id: int
    name: str
    phone: str | None = None
    username: str | None = None
    token: str | None = None
    srp_salt: bytes | None = None
    verifier: bytes | None = None
    trouble: str = ""
    premium: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """A group, supergroup or channel; `became` is the supergroup that a group was made into."""

    id: int
    kind: ChatKind
    title: str
    username: str | None
    forum: bool
    invite: str
    slow_s: int = 0
    became: int | None = None

    @property
    def marked(self) -> int:
        """Its number as clients write it."""
        return -self.id if self.kind == "group" else -CHANNEL_BASE - self.id


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as one box has it: `chat` is the marked number of where it stands, seen from the box's owner."""

    box: int
    id: int
    uid: int
    chat: int
    sender: int
    date: int
    body: dict[str, Any]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """A photo or document. `attributes` is TL; `sizes` of a photo are (type, width, height, bytes)."""

    id: int
    kind: Literal["photo", "document"]
    name: str
    mime: str
    size: int
    attributes: bytes
    sizes: Sequence[Sequence[Any]]
    created: float


Row = TypeVar("Row", User, Chat, Letter, Media)
TABLES: dict[type, str] = {User: "users", Chat: "chats", Letter: "messages", Media: "media"}
FIRST_NUMBERS: dict[type, int] = {User: 1_000_001, Chat: 5_000_000_001}
"""Chats are above all users: no number is both."""
JSON_COLUMNS, FLAGS = ("body", "sizes"), ("forum", "deleted", "premium")
"""What SQLite keeps in another form."""


def _read(column: str, value: Any) -> Any:
    if column in JSON_COLUMNS:
        return json.loads(value)
    return bool(value) if column in FLAGS else value


class Store:
    """Rows and files. Every write is durable against a kill when the call returns."""

    def __init__(self, folder: Path) -> None:
        for room in (folder, folder / "parts", folder / "files"):
            room.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        file = folder / "sandbox.db"
        self.db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.db.executescript("pragma journal_mode=wal; pragma synchronous=off;" + SCHEMA)
        for table, (column, kind) in LATER.items():
            if column not in [row[1] for row in self.all(f"pragma table_info({table})")]:
                self.run(f"alter table {table} add column {column} {kind}")
        self.run("insert or ignore into about values('secret', ?)", secrets.token_bytes(32))
        self.secret = bytes(self.one("select value from about where name='secret'")[0])

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()

    @contextmanager
    def writing(self) -> Generator[None]:
        """All of the writes inside, or none."""
        self.db.execute("begin immediate")
        with self.db:
            yield

    def run(self, sql: str, *values: Any) -> None:
        """Run a statement."""
        kept = [json.dumps(one) if isinstance(one, dict | list) else one for one in values]
        self.db.execute(sql, kept)

    def all(self, sql: str, *values: Any) -> list[Any]:
        """All rows of a question."""
        return self.db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        """The first row, or None."""
        return self.db.execute(sql, values).fetchone()

    def hash_of(self, number: int) -> int:
        """The access hash of anything with a number."""
        whole = hmac.digest(self.secret, str(number).encode(), sha256)
        return int.from_bytes(whole[:8], "little", signed=True)

    def rows(self, kind: type[Row], where: str, *values: Any) -> list[Row]:
        """Everything of a kind of which the condition is true; it may end in an order and a limit."""
        names = kind.__match_args__
        found = self.all(f"select {', '.join(names)} from {TABLES[kind]} where {where}", *values)
        return [kind(*map(_read, names, row)) for row in found]

    def first(self, kind: type[Row], where: str, *values: Any) -> Row | None:
        """The first one of a kind of which the condition is true."""
        return next(iter(self.rows(kind, where, *values)), None)

    def free_number(self, kind: type[User | Chat]) -> int:
        """The number of the next user or chat."""
        sql = f"select coalesce(max(id) + 1, ?) from {TABLES[kind]}"
        return int(self.one(sql, FIRST_NUMBERS[kind])[0])

    def add(self, row: Row) -> Row:
        """Keep something new; the same."""
        names = row.__match_args__
        marks = ", ".join("?" for _ in names)
        sql = f"insert into {TABLES[type(row)]}({', '.join(names)}) values({marks})"
        self.run(sql, *(getattr(row, name) for name in names))
        return row

    def user(self, ident: int) -> User | None:
        """Somebody by number."""
        return self.first(User, "id = ?", ident)

    def users(self, where: str = "true", *values: Any) -> list[User]:
        """Everybody of whom the condition is true."""
        return self.rows(User, f"{where} order by id", *values)

    def chat(self, ident: int) -> Chat | None:
        """A chat by its own number."""
        return self.first(Chat, "id = ?", ident)

    def chats(self, where: str = "true", *values: Any) -> list[Chat]:
        """All chats of which the condition is true."""
        return self.rows(Chat, f"{where} order by id", *values)

    def marked(self, number: int) -> Chat | None:
        """A chat by its marked number; None for a user's."""
        if number >= 0:
            return None
        return self.chat(-number if number > -CHANNEL_BASE else -number - CHANNEL_BASE)

    def role(self, chat: int, user: int) -> Role | None:
        """What somebody is in a chat."""
        row = self.one("select role from members where chat = ? and user = ?", chat, user)
        return row[0] if row else None

    def members(self, chat: int) -> list[int]:
        """Who is in a chat."""
        sql = "select user from members where chat = ? and role != 'banned' order by user"
        return [user for (user,) in self.all(sql, chat)]

    def box(self, box: int) -> tuple[int, int]:
        """Its pts and last message number."""
        return self.one("select pts, last_id from boxes where box = ?", box) or (1, 0)

    def happened(self, box: int, kind: str, message: int) -> int:
        """Note an event in a box; the pts after it."""
        pts, last = self.box(box)
        self.run("insert or replace into boxes values(?, ?, ?)", box, pts + 1, max(last, message))
        self.run("insert into events values(?, ?, ?, ?)", box, pts + 1, kind, message)
        return pts + 1

    def letters(self, where: str, *values: Any) -> list[Letter]:
        """Messages of which the condition is true; it may end in an order and a limit."""
        return self.rows(Letter, where, *values)

    def letter(self, box: int, ident: int) -> Letter | None:
        """A message by its number in a box, a deleted one too."""
        return self.first(Letter, "box = ? and id = ?", box, ident)

    def media(self, ident: int) -> Media | None:
        """A photo or document by number."""
        return self.first(Media, "id = ?", ident)

    def file(self, media: int, size: str = "") -> Path:
        """Where the bytes of a medium are; `size` names one of a photo's sizes."""
        return self.folder / "files" / f"{media}{'.' if size else ''}{size}"

    def part(self, user: int, file: int, part: int) -> Path:
        """Where an uploaded part is."""
        return self.folder / "parts" / f"{user}.{file}.{part}"
