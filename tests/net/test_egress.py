"""The guard: nothing that is not public is reached, in whatever notation it is asked for."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.servers.ranged import Ranged, ranged
from transload.errors import BlockedAddressError, DnsError, InvalidUrlError
from transload.faults import NextStep, Step
from transload.net.egress import Egress, system_lookup
from transload.net.fetch import Web, target_of

HOSTS = (
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1",
    "0x7f.1", "017700000001", "0177.0.0.1", "0177.0.0.0x1", "127.000.000.001", "127.0.0.1.", "0", "0.0.0.0",
    "127.255.255.254", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::ffff:0:127.0.0.1]", "[fe80::1]",
    "[fe80::1%25lo]", "[::1%25lo]", "public@127.0.0.1", "public:80@127.0.0.1", "public%40x@127.0.0.1", "1.1.1.1@[::1]",
    "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1%00.example", "169.254.169.254",
    "[fd00:ec2::254]", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fc00::1]", "[fec0::1]", "224.0.0.1",
    "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "[2001:db8::1]", "[ff02::1]",
    "[2001:0:53aa:64c:0:0:80ff:fffe]", "[64:ff9b:1::7f00:1]",
)  # fmt: skip


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "a.zip").write_bytes(b"reached")
    with ranged(tmp_path) as server:
        yield server


def web(egress: Egress) -> Web:
    return Web(egress, pause=lambda _s: None)


@pytest.mark.parametrize("host", HOSTS)
def test_no_notation_reaches_what_is_not_public(canary: Ranged, host: str) -> None:
    client = web(Egress())
    with pytest.raises((BlockedAddressError, InvalidUrlError, DnsError)):
        client.get(target_of(f"http://{host}:{canary.port}/a.zip"))
    client.close()
    assert canary.connections == 0


def test_there_are_enough_notations() -> None:
    assert len(set(HOSTS)) >= 40


@pytest.mark.parametrize(
    "text",
    [
        "http://public\\@127.0.0.1:{port}/a.zip",
        "http://127.0.0.1:{port}\\@public/a.zip",
        "http:\\\\127.0.0.1:{port}/a.zip",
        "http:127.0.0.1:{port}/a.zip",
        "http:///127.0.0.1:{port}/a.zip",
        "http://public#@127.0.0.1:{port}/a.zip",
        "http://127.0.0.1:{port}#@public/",
        "http://127.0.0.1:{port}?@public/",
        " http://127.0.0.1:{port}/a.zip ",
        "http://127.0.0.1\t:{port}/a.zip",
        "http://127.0.0.1:0{port}/a.zip",
        "//127.0.0.1:{port}/a.zip",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "unix:///run/docker.sock",
        "data:text/plain,x",
    ],
)
def test_no_tricky_address_reaches_what_is_not_public(canary: Ranged, text: str) -> None:
    client = web(
        Egress(
            lookup=lambda host, port: (
                ["127.0.0.1"] if "public" in host else system_lookup(host, port)
            )
        )
    )
    with pytest.raises((BlockedAddressError, InvalidUrlError, DnsError)):
        client.get(target_of(text.format(port=canary.port)))
    client.close()
    assert canary.connections == 0


def test_a_redirect_is_judged_again(canary: Ranged, tmp_path: Path) -> None:
    canary.does.redirects = {"/go": f"http://127.0.0.1:{canary.port}/a.zip"}
    answers = iter((["127.0.0.1"], ["127.0.0.1"]))

    def lookup(host: str, port: int) -> Sequence[str]:
        return next(answers) if host == "friend" else system_lookup(host, port)

    class OnlyFriend(Egress):
        """Lets one name through to the canary, nothing else: what a public server that redirects is."""

        def addresses(self, host: str, port: int) -> Sequence[str]:
            return lookup(host, port) if host == "friend" else super().addresses(host, port)

    client = web(OnlyFriend())
    with pytest.raises(BlockedAddressError):
        client.get(target_of(f"http://friend:{canary.port}/go"))
    client.close()
    assert [request.path for request in canary.requests] == ["/go"]


def test_a_name_is_resolved_once_and_that_address_is_dialled(canary: Ranged) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) > 1 else ["127.0.0.1"]

    client = web(Egress(["127.0.0.0/8"], rebinding))
    client.get(target_of(f"http://public:{canary.port}/a.zip")).close()
    client.close()
    assert asked == ["public"]
    assert canary.requests[0].headers["host"] == f"public:{canary.port}"


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    egress = Egress(lookup=lambda _host, _port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(BlockedAddressError, match=r"public \(10\.0\.0\.1\)"):
        egress.addresses("public", 80)


@pytest.mark.parametrize("found", [[], ["not an address"]])
def test_a_name_without_an_address_is_not_known(found: list[str]) -> None:
    with pytest.raises(DnsError):
        Egress(lookup=lambda _host, _port: found).addresses("public", 80)


def test_the_error_names_the_setting_and_the_value_that_allows_it() -> None:
    egress = Egress(["10.0.0.0/8"], lambda _host, _port: ["192.168.1.5"])
    with pytest.raises(BlockedAddressError) as caught:
        egress.addresses("nas.home", 80)
    assert "nas.home (192.168.1.5)" in caught.value.detail
    assert "egress.allow_networks" in caught.value.detail
    allowed = "egress.allow_networks=10.0.0.0/8,192.168.1.5/32"
    assert caught.value.suggestion == Step(NextStep.ALLOW_ADDRESS, allowed)


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.168.1.5", ["192.168.0.0/16"]),
        ("::ffff:192.168.1.5", ["192.168.0.0/16"]),
        ("64:ff9b::c0a8:105", ["192.168.0.0/16"]),
        ("fd00::5", ["fd00::/8"]),
        ("::1", ["::1/128"]),
        ("198.18.0.7", ["198.18.0.0/15"]),
        ("2002:c0a8:105::1", ["2002:c0a8::/32"]),
    ],
)
def test_allowed_networks_are_let_through(address: str, networks: list[str]) -> None:
    assert Egress(networks).allows(ip_address(address))
    assert not Egress().allows(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_pass(address: str) -> None:
    assert Egress().allows(ip_address(address))


@pytest.mark.parametrize(
    "address", ["2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:10.0.0.1", "2002:a00:1::1"]
)
def test_public_looking_tunnels_to_private_addresses_do_not(address: str) -> None:
    assert not Egress().allows(ip_address(address))


def test_the_suggested_value_is_enough_for_mapped_addresses() -> None:
    egress = Egress(lookup=lambda _host, _port: ["::ffff:10.0.0.1"])
    with pytest.raises(BlockedAddressError) as caught:
        egress.addresses("nas", 80)
    assert isinstance(caught.value.suggestion, Step)
    value = caught.value.suggestion.about.removeprefix("egress.allow_networks=")
    assert Egress([value]).allows(ip_address("::ffff:10.0.0.1"))


def test_the_systems_resolver_tells_unknown_names() -> None:
    with pytest.raises(DnsError):
        system_lookup("no-such-host.invalid", 80)
    with pytest.raises(DnsError):
        system_lookup("a" * 70 + ".example", 80)
    assert system_lookup("127.0.0.1", 80) == ("127.0.0.1",)
