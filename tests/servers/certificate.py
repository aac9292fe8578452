"""A certificate for 127.0.0.1 and `localhost`, made on the spot by Debian's openssl."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trust:
    """Both sides of a connection: the server's context, and a client's that trusts only this server."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def trust(folder: Path, names: str = "IP:127.0.0.1,DNS:localhost") -> Trust:
    """A fresh self-signed certificate for the names, with the contexts of both sides."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", f"subjectAltName={names}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return Trust(server, ssl.create_default_context(cafile=str(certificate)))
