"""Where an outgoing request may go: how an address is written, and what it stands for.

A person names the address, so it is nothing that the installation would go to by itself. Only
public unicast addresses are left, whatever form they are written in; an installation may admit
networks of its own. `ipaddress.is_global` does not do: it is true for multicast and for the
forms of IPv6 that carry any IPv4 address within them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 2000
PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024

_PRINTABLE = re.compile(r"[!-~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ZONE = "An address must not hold a zone (%)."
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")

# IANA's registry of special-purpose addresses, with the relays of 6to4 and all multicast.
_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Global unicast is one block; the forms that carry an IPv4 address lie outside of it (mapped,
# compatible, NAT64) or are closed below (Teredo in 2001::/23, 6to4 in 2002::/16).
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


class Refused(ValueError):
    """An address to which no request is sent; the text says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart.

    Attributes:
        scheme: ``http`` or ``https``.
        host: a name in lower case, or an IP address as it is written canonically.
        port: the port, the scheme's own filled in.
        path: path and query, from the slash on.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header has them.

        >>> parse("https://[2606:4700::1]:8443/x").authority
        '[2606:4700::1]:8443'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(text: str) -> Target:
    """Takes an address apart, and refuses every way of writing it that two readers may read apart.

    Args:
        text: as a person gave it.

    Raises:
        Refused: it is no plain http or https address.

    >>> parse("https://hooks.example.com/in?x=1")
    Target(scheme='https', host='hooks.example.com', port=443, path='/in?x=1')
    >>> parse("http://0x7f.1/")
    Traceback (most recent call last):
    ...
    calibrify_integration.domain.addresses.Refused: Write the IP address as four plain numbers.
    """
    if len(text) > LONGEST:
        raise Refused(f"An address has at most {LONGEST} characters.")
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        raise Refused("Write the address in plain characters, without spaces.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Refused("This is no address.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refused("Give an address that starts with https://.")
    if "[" in parts.netloc and ":" not in parts.hostname:
        raise Refused("This is no IP address.")
    if "@" in parts.netloc:
        raise Refused("An address must not hold a name or a password.")
    if parts.fragment:
        raise Refused("An address must not hold a fragment (#).")
    if port == 0:
        raise Refused("There is no port 0.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _host(parts.hostname), port or PORTS[parts.scheme], path)


def _host(host: str) -> str:
    """Returns a host in its one way to be written.

    Raises:
        Refused: it is neither a plain name nor a plain IP address.
    """
    if "%" in host:
        raise Refused(_ZONE)
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError:
            raise Refused("This is no IP address.") from None
    labels = host.split(".")
    # What ends in a number is an IPv4 address to every resolver, in whatever notation.
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise Refused("Write the IP address as four plain numbers.") from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("The host's name is not a plain one; write other alphabets as xn--.")
    return host


def unfold(address: Address) -> Address:
    """Returns the IPv4 address that an IPv4-mapped one is, any other as it is.

    >>> unfold(ip_address("::ffff:127.0.0.1"))
    IPv4Address('127.0.0.1')
    """
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_public(address: Address) -> bool:
    """Tells whether an address is a public unicast one, by no detour.

    >>> [is_public(ip_address(text)) for text in ("93.184.215.14", "2606:4700::1")]
    [True, True]
    >>> forms = ("127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.251")
    >>> [is_public(ip_address(text)) for text in forms]
    [False, False, False, False, False]
    """
    address = unfold(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def is_admitted(address: Address, networks: Iterable[Network]) -> bool:
    """Tells whether an address lies in one of the networks that the installation admits.

    >>> is_admitted(ip_address("::ffff:10.1.2.3"), parse_networks("10.1.0.0/16"))
    True
    """
    address = unfold(address)
    return any(address in network for network in networks if network.version == address.version)


def check_address(target: Target, address: Address, networks: Iterable[Network] = ()) -> None:
    """Checks one network address that a target's host stands for.

    Outside of the admitted networks nothing is sent in the clear, and no well-known service but
    the web is spoken to.

    Raises:
        Refused: no request goes there.
    """
    if is_admitted(address, networks):
        return
    if not is_public(address):
        raise Refused("The address leads into a network that is not public.")
    if target.scheme != "https":
        raise Refused("Outside of the house only https:// is allowed.")
    if target.port != PORTS["https"] and target.port < FIRST_FREE_PORT:
        raise Refused(f"Port {target.port} belongs to another service than the web.")


def parse_networks(text: str) -> tuple[Network, ...]:
    """Reads networks, separated by commas or spaces.

    Raises:
        ValueError: one of them is none, or covers everything.

    >>> parse_networks("10.1.0.0/16, ::1")
    (IPv4Network('10.1.0.0/16'), IPv6Network('::1/128'))
    """
    networks = []
    for word in text.replace(",", " ").split():
        try:
            network = ip_network(word)
        except ValueError:
            raise ValueError(f"{word} is not a network such as 10.1.0.0/16") from None
        if network.prefixlen == 0:
            raise ValueError(f"{word} is every address there is")
        networks.append(network)
    return tuple(networks)


def parse_address(text: str) -> Address:
    """Reads the network address that a resolver gave, without a zone.

    Raises:
        Refused: it carries a zone, so it holds on one cable only.
    """
    if "%" in text:
        raise Refused(_ZONE)
    return ip_address(text)
