"""`transload-telegram-sandbox`: the server with its pages, and the settings that lead to it."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from anyio.from_thread import start_blocking_portal

try:
    from transload.sandbox.chats import make_chat, set_role
    from transload.sandbox.faults import Faults, Line, read_fault
    from transload.sandbox.pages import shown
    from transload.sandbox.server import Sandbox, running
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed: {sys.executable} -m pip install 'transload[sandbox]'"
    )

EPILOG = """A fault is REQUEST:WHAT[:skip=N][:times=N][:about=FILE], the request as Telegram's schema names it (*
fits anything), WHAT an error such as FLOOD_WAIT_5 or CHAT_WRITE_FORBIDDEN, or drop, answer_then_drop, delay=SECONDS.
For example:
--fault messages.sendMultiMedia:FLOOD_WAIT_30 --fault 'upload.*:drop:skip=10'
"""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The words of a command line. Ends the program when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="transload-telegram-sandbox",
        description="A Telegram of your own on this machine, to try transload without an account.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "folder",
        type=Path,
        help="where it keeps its state; the same folder again is the same server",
    )
    parser.add_argument("--port", type=int, default=4430, help="for clients (default 4430)")
    parser.add_argument(
        "--page-port", type=int, default=4480, help="for the browser (default 4480)"
    )
    parser.add_argument(
        "--fault", action="append", default=[], type=read_fault, help="let something go wrong"
    )
    parser.add_argument(
        "--bandwidth",
        type=float,
        default=0.0,
        help="bytes a second, each direction, of a connection",
    )
    parser.add_argument("--round-trip", type=float, default=0.0, help="seconds there and back")
    parser.add_argument(
        "--close-after", type=int, help="break each connection after this many bytes"
    )
    parser.add_argument("--skew", type=float, default=0.0, help="seconds that its clock is ahead")
    parser.add_argument("--password", default="", help="two-step password of the first user")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    given = arguments(sys.argv[1:] if words is None else words)
    faults = Faults(Line(given.bandwidth, given.round_trip, given.close_after), given.skew)
    faults.plan(*given.fault)
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(
        signal.SIG_BLOCK, signals
    )  # threads inherit it: the signal is waited for below
    try:
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(
                running(given.folder, _say, port=given.port, faults=faults)
            ) as box,
        ):
            token = portal.call(fill, box, given.password)
            with shown(box, portal.call, given.page_port) as address:
                _say(welcome(box, address, token, given.folder))
                signal.sigwait(signals)
    except OSError as error:
        sys.exit(f"transload-telegram-sandbox: {error.strerror or error}")


def fill(box: Sandbox, password: str) -> str:
    """Two people, a bot and a chat of each kind, the first time; the bot's token."""
    store = box.world.store
    ann = box.add_user("49111", "Ann", username="ann", password=password)
    bob = box.add_user("49222", "Bob", username="bob")
    token = box.add_bot("transload_bot")
    (bot,) = store.users("token = ?", token)
    if not store.chats():
        for chat in (
            make_chat(store, "channel", "Family", ann, username="family"),
            make_chat(store, "supergroup", "Club", ann, username="club", forum=True),
            make_chat(store, "group", "Friends", ann),
        ):
            set_role(store, chat.id, bob, "member")
            set_role(store, chat.id, bot.id, "admin")
    return token


def welcome(box: Sandbox, address: str, token: str, folder: Path) -> str:
    """What a person at the server needs to know: the settings to use, and who is there."""
    key = folder.absolute() / "public.pem"
    key.write_text(box.key.public_pem, "ascii")
    people = ", ".join(
        f"{user.name} +{user.phone}" for user in box.world.store.users("phone is not null")
    )
    chats = ", ".join(
        f"{chat.title} ({chat.kind}) {chat.marked}" for chat in box.world.store.chats()
    )
    return f"""settings (file transload.toml, or environment TRANSLOAD_TELEGRAM__…):
  [telegram]
  api_id = 1
  api_hash = "sandbox"
  server = "{box.address}"
  server_key = "{key}"
  # bot_token = "{token}"
people (their codes appear here): {people}
chats: {chats}
pages: {address}"""


def _say(text: str) -> None:
    print(text, flush=True)
