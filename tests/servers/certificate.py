"""A certificate for 127.0.0.1 and `localhost`, made on the spot."""

import ssl
from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Trust:
    """Both sides of a connection: the server's context, and a client's that trusts only this server."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def trust(*names: str) -> Trust:
    """A fresh certificate for the names or addresses, with the contexts of both sides."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    return Trust(server, client)
