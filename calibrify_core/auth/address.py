"""Where a request comes from, as far as it can be believed.

``X-Forwarded-For`` and ``X-Forwarded-Proto`` count only when the connection itself comes
from a network that the settings trust; anybody else could write into them what they like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
IPV6_SITE = 64  # a site of IPv6 has at least a /64: single addresses are free to its owner
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def client_address(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """Returns the address of the peer, seen through trusted proxies alone.

    The list of ``X-Forwarded-For`` is read from its end, where our own proxies write; the
    first address that is not trusted is the peer's.

    >>> client_address({"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}, ())
    '203.0.113.9'
    """
    address = _parse(environ.get("REMOTE_ADDR", ""))
    if address is None:
        return UNKNOWN
    if trusted and _within(address, trusted):
        for part in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            forwarded = _parse(part)
            if forwarded is None:
                break
            address = forwarded
            if not _within(address, trusted):
                break
    return str(address)


def scheme(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """Returns ``https`` or ``http``: how the browser speaks, not how the last proxy does."""
    address = _parse(environ.get("REMOTE_ADDR", "")) if trusted else None
    if address is not None and _within(address, trusted):
        forwarded: str = environ.get("HTTP_X_FORWARDED_PROTO", "").strip().lower()
        if forwarded in {"http", "https"}:
            return forwarded
    return str(environ.get("wsgi.url_scheme", "http"))


def is_loopback(environ: Mapping[str, Any]) -> bool:
    """Tells whether the browser calls this machine by one of its own names."""
    host: str = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name.lower() in LOOPBACK_NAMES or name.lower().endswith(".localhost")


def throttle_key(address: str) -> str:
    """Returns under what attempts from an address are counted together.

    >>> throttle_key("2001:db8::1") == throttle_key("2001:db8::2")
    True
    """
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return f"address:{IPv6Network((parsed, IPV6_SITE), strict=False)}"
    return f"address:{address}"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    """Returns an address, IPv4 written as IPv6 turned back; None if it is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _within(address: Address, networks: Sequence[Network]) -> bool:
    """Tells whether an address lies in one of the networks."""
    return any(address.version == network.version and address in network for network in networks)
