"""Outgoing addresses: every way to write a forbidden one is refused, public ones pass."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_integration.domain.addresses import (
    Refused,
    check_address,
    is_admitted,
    is_public,
    parse,
    parse_networks,
    unfold,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.com",
        "//hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "https://",
        "https:///in",
        "https://user:secret@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks.exämple.com/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://hooks.example.com./",
        "https://127.0.0.1./",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://[::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1/",
        "https://[v1.x]/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com:port/",
        "https://hooks.example.com/#part",
        "https://-hooks.example.com/",
        "https://hooks..example.com/",
        "https://" + "a" * 64 + ".example.com/",
        "https://hooks.example.com/" + "a" * 2000,
    ],
)
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse(text)


@given(st.text(max_size=60))
def test_whatever_is_given_is_taken_apart_or_refused(text: str) -> None:
    for address in (text, f"https://{text}", f"https://h.example{text}/"):
        try:
            target = parse(address)
        except Refused:
            continue
        assert target.host.isascii()
        assert 1 <= target.port <= 65535
        assert target.path.startswith("/")
        assert "\n" not in target.path


CLOSED = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("text", CLOSED)
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    assert not is_public(ip_address(text))
    with pytest.raises(Refused, match="not public"):
        check_address(parse("https://hooks.example.com/"), ip_address(text))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1", "2a00:1450:4001::200e"]
)
def test_a_public_address_passes(text: str) -> None:
    check_address(parse("https://hooks.example.com/"), ip_address(text))


@given(st.ip_addresses(v=4))
def test_no_form_of_ipv6_is_kinder_than_the_ipv4_address_within_it(inner: IPv4Address) -> None:
    number = int(inner)
    mapped = IPv6Address((0xFFFF << 32) | number)
    assert unfold(mapped) == inner
    assert is_public(mapped) == is_public(inner)
    for prefix in (0, int(IPv6Address("64:ff9b::"))):
        assert not is_public(IPv6Address(prefix | number))
    assert not is_public(IPv6Address((0x2002 << 112) | (number << 80)))


@given(st.ip_addresses())
def test_what_is_called_public_is_what_python_calls_global(address: IPv4Address) -> None:
    if is_public(address):
        assert unfold(address).is_global
        assert not address.is_multicast


@given(st.ip_addresses(network=IPv6Network("ff00::/8")))
def test_no_multicast_passes(address: IPv6Address) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://hooks.example.com/", "only https://"),
        ("https://hooks.example.com:25/", "Port 25"),
        ("https://hooks.example.com:22/", "Port 22"),
    ],
)
def test_outside_of_the_house_only_the_web_is_spoken_to_and_never_in_the_clear(
    text: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        check_address(parse(text), ip_address("1.1.1.1"))


def test_a_network_that_is_admitted_takes_any_port_and_plain_http() -> None:
    networks = parse_networks("127.0.0.0/8")

    check_address(parse("http://receiver.example:25/"), ip_address("127.0.0.9"), networks)
    with pytest.raises(Refused):
        check_address(parse("http://receiver.example:25/"), ip_address("10.0.0.1"), networks)
    assert is_admitted(ip_address("::ffff:127.0.0.1"), networks)
    assert not is_admitted(ip_address("::1"), networks)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "house", "10.0.0.1/8", "0.0.0.0/0", "::/0"])
def test_a_setting_that_names_no_network_or_everything_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a network|every address"):
        parse_networks(text)
