"""Debian's nginx over a folder, on a free port of 127.0.0.1, in the foreground for as long as a test runs."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("nginx")
START_S = 10

_CONFIG = """
daemon off; master_process off; pid {own}/pid; error_log {own}/error.log;
events {{ worker_connections 64; }}
http {{
    log_format sent '$status $body_bytes_sent $http_range';
    access_log {own}/sent.log sent;
    client_body_temp_path {own}/t1; proxy_temp_path {own}/t2; fastcgi_temp_path {own}/t3;
    uwsgi_temp_path {own}/t4; scgi_temp_path {own}/t5;
    server {{
        listen 127.0.0.1:{port}; root {served};
        location /plain/ {{ alias {served}/; max_ranges 0; }}
        location /private/ {{ alias {served}/; auth_basic x; auth_basic_user_file {own}/users; }}
        location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx: `/`, `/plain/` without ranges, `/private/` for me:secret, `/moved/` with redirects."""

    folder: Path
    own: Path
    port: int

    def url(self, path: str, login: str = "") -> str:
        """The address of a file, with `user:password` if given."""
        at = f"{login}@" if login else ""
        return f"http://{at}127.0.0.1:{self.port}/{path}"

    def log(self) -> list[tuple[int, int]]:
        """Status and body bytes of every request that is over."""
        lines = (self.own / "sent.log").read_text().splitlines()
        return [(int(line.split()[0]), int(line.split()[1])) for line in lines]


@contextmanager
def nginx(folder: Path, own: Path) -> Iterator[Nginx]:
    """An nginx that serves `folder` and keeps its own files in `own`."""
    assert PROGRAM is not None
    own.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (own / "users").write_text("me:{PLAIN}secret\n")
    config = own / "nginx.conf"
    config.write_text(_CONFIG.format(own=own, served=folder, port=port))
    command = [PROGRAM, "-p", str(own), "-c", str(config), "-e", str(own / "error.log")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _await(process, port)
            yield Nginx(folder, own, port)
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the port is open: `wait` with a time is the pause between two looks."""
    for _ in range(START_S * 50):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(0.02)
            raise RuntimeError(f"nginx ended with status {status}")
    raise TimeoutError("nginx does not listen")
