"""Send the sample into a chat of the sandbox under `demo/`, and tell where its page is."""

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

import anyio

from transload.clients.accounts import accounts, signing_in
from transload.clients.outcomes import Me
from transload.config import DataFolder, Settings, Telegram

HERE = Path("demo")
BOX, DATA = HERE / "telegram", HERE / "data"
PHONE, CHAT = "49111", "telegram:@family"  # who and what the sandbox begins with
PORT, PAGE_PORT = 4431, 4481


def main() -> None:
    """Serve, sign in, send as a user would, and keep the pages until somebody has looked."""
    words = [
        program("transload-telegram-sandbox"),
        str(BOX),
        f"--port={PORT}",
        f"--page-port={PAGE_PORT}",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        told, listening = heard(server)
        try:
            page = address_in(told)
            write_settings()
            anyio.run(sign_in, told)
            status, state = sent()
            print(f"\nexit status {status}: {state}\nthe chat's page: {page}")
            if sys.stdin.isatty():
                input("Enter ends the sandbox. ")
        finally:
            server.terminate()
            listening.join()
    # The sample holds a broken picture and a web page named .jpg: `partial` is right, anything else is not.
    sys.exit(0 if (status, state) == (3, "partial") else 1)


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def heard(server: "subprocess.Popen[str]") -> "tuple[queue.Queue[str], threading.Thread]":
    """What the server says, line by line, "" when it has ended; and who listens."""
    told: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in server.stdout or ():
            told.put(line.strip())
        told.put("")

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    return told, listening


def address_in(told: "queue.Queue[str]") -> str:
    """The address of the family's page."""
    number = ""
    while line := told.get():
        word, _, rest = line.partition(" ")
        if word == "chats:":
            number = next(one.split()[-1] for one in rest.split(", ") if one.startswith("Family "))
        if word == "pages:":
            return f"{rest.rstrip('/')}/chat/{number}/{number}"
    sys.exit("the sandbox did not start: is its port in use?")


def write_settings() -> None:
    """What leads `transload` to the sandbox, as its user would write it."""
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / "transload.toml").write_text(
        f'[telegram]\napi_id = 1\napi_hash = "sandbox"\nserver = "127.0.0.1:{PORT}"\n'
        f'server_key = "{(BOX / "public.pem").absolute()}"\npace = "fast"\n'
    )


async def sign_in(told: "queue.Queue[str]") -> None:
    """As `transload login telegram`, with the code that the sandbox says."""
    key = (BOX / "public.pem").read_text()
    telegram = Telegram(api_id=1, api_hash="sandbox", server=f"127.0.0.1:{PORT}", server_key=key)
    one = accounts(Settings(telegram=telegram), DataFolder(DATA).telegram)[0]
    async with signing_in(one) as client:
        await client.send_code(PHONE)
        who = await client.give_code(PHONE, told.get(timeout=10).split()[-1])
        print(f"signed in as {who.name if isinstance(who, Me) else who}")


def sent() -> tuple[int, str]:
    """Exit status of the command, and the state that its report tells."""
    report = HERE / "telegram.json"
    command = [
        program("transload"), "send", str(HERE / "sample.zip"), "--to", CHAT, "--data-dir", str(DATA),
        "--report", str(report),
    ]  # fmt: skip
    print("$ transload " + " ".join(command[1:]), flush=True)
    status = subprocess.run(command, check=False).returncode
    state: str = json.loads(report.read_text("utf-8"))["state"]
    return status, state


if __name__ == "__main__":
    main()
