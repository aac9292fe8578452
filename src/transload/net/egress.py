"""Where requests may go: a name is resolved once, every address of it is judged, and that address is connected to.

A judge of names or of addresses looked up apart from the connection could be cheated: by numbers in odd notation, by
redirects, by a name that answers differently the second time. Here the very address that was judged is dialled.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from transload.errors import BlockedAddressError, DnsError
from transload.faults import NextStep, Step

Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], Sequence[str]]
"""The addresses of a host, as texts; raises DnsError."""

_SETTING = "egress.allow_networks"

# IANA special-purpose registries, checked 2026-11: not globally reachable, and not known to every Python's `ipaddress`.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
    )
)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = ip_network("::/96")  # RFC 4291 2.5.5.1, long out of use
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 6.1: the upper half of the interface identifier


class Egress:
    """Judges addresses. `allow_networks` are networks (CIDR) that are let through although they are not public."""

    def __init__(self, allow_networks: Sequence[str] = (), lookup: Lookup | None = None) -> None:
        self._allowed = tuple(ip_network(text) for text in allow_networks)
        self._lookup = lookup or system_lookup

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a host, each of them judged; one that may not be reached refuses them all.

        Raises DnsError, BlockedAddressError (naming the setting and the value that would allow it).
        """
        found = self._lookup(host, port)
        if not found:
            raise DnsError(f"{host} has no address")
        for text in found:
            if not self.allows(_parsed(text, host)):
                raise self._blocked(host, text)
        return found

    def allows(self, address: Address) -> bool:
        """Whether this address may be connected to: it, and every IPv4 address inside it, is public or allowed."""
        if self._is_listed(address):
            return True
        if isinstance(address, IPv4Address):
            return _is_public(address)
        inner = tuple(_embedded(address))
        if not all(self._is_listed(one) or _is_public(one) for one in inner):
            return False
        return (bool(inner) and _is_translated(address)) or _is_public(address)

    def _is_listed(self, address: Address) -> bool:
        return any(
            address.version == network.version and address in network for network in self._allowed
        )

    def _blocked(self, host: str, text: str) -> BlockedAddressError:
        address = _parsed(text, host)
        if isinstance(address, IPv6Address) and _is_translated(address):
            address = next(_embedded(address))
        raised = ",".join((*map(str, self._allowed), str(ip_network(address))))
        where = text if host.strip("[]") == text else f"{host} ({text})"
        return BlockedAddressError(
            f"{where} is not a public address, and {_SETTING} does not allow it",
            suggestion=Step(NextStep.ALLOW_ADDRESS, f"{_SETTING}={raised}"),
        )


def system_lookup(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, in its order, each once. It knows every notation that connecting knows."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except socket.gaierror as error:
        raise DnsError(f"{host} cannot be resolved: {error.strerror}") from error
    except (UnicodeError, ValueError) as error:  # a label over 63 bytes, a NUL
        raise DnsError(f"{host!r} is no host name") from error
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


def _parsed(text: str, host: str) -> Address:
    try:
        return ip_address(
            text.partition("%")[0]
        )  # the zone of a link-local address is not part of it
    except ValueError as error:
        raise DnsError(f"{host} resolves to {text!r}, which is no address") from error


def _is_public(address: Address) -> bool:
    special = (
        address.is_multicast
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or (isinstance(address, IPv6Address) and address.is_site_local)
        or any(address.version == network.version and address in network for network in _NOT_PUBLIC)
    )
    return address.is_global and not special


def _is_translated(address: IPv6Address) -> bool:
    """Whether the address is only another spelling of an IPv4 one: then that one alone is judged."""
    return address.ipv4_mapped is not None or address in _NAT64


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that packets to this one may end at."""
    number = int(address)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64 or address in _COMPATIBLE:
        yield IPv4Address(number & 0xFFFFFFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)
