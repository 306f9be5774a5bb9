"""Where a request comes from, and how often it may."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from calibrify_core.auth import address, cookies
from calibrify_core.auth.limits import RateLimits
from calibrify_core.kernel.errors import Forbidden, TooManyRequests
from calibrify_core.kernel.settings import Settings

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def environ(peer, forwarded=None, scheme=None, host="lab.example", spoken="http"):
    found = {"REMOTE_ADDR": peer, "wsgi.url_scheme": spoken, "HTTP_HOST": host}
    if forwarded is not None:
        found["HTTP_X_FORWARDED_FOR"] = forwarded
    if scheme is not None:
        found["HTTP_X_FORWARDED_PROTO"] = scheme
    return found


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "rubbish, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "rubbish", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("", "198.51.100.1", "unknown"),
        ("a socket", "198.51.100.1", "unknown"),
    ],
)
def test_forwarded_addresses_count_through_our_own_proxies_alone(peer, forwarded, expected):
    assert address.client_address(environ(peer, forwarded), TRUSTED) == expected


def test_nobody_is_trusted_by_default():
    assert address.client_address(environ("127.0.0.1", "198.51.100.1"), ()) == "127.0.0.1"
    assert address.scheme(environ("127.0.0.1", scheme="https"), ()) == "http"


def test_the_scheme_is_that_of_the_browser():
    assert address.scheme(environ("10.0.0.1", scheme="https"), TRUSTED) == "https"
    assert address.scheme(environ("10.0.0.1", scheme="http", spoken="https"), TRUSTED) == "http"
    assert address.scheme(environ("10.0.0.1", scheme="gopher"), TRUSTED) == "http"
    assert address.scheme(environ("203.0.113.9", scheme="https"), TRUSTED) == "http"


def test_a_password_needs_https_or_this_machine_or_leave():
    settings = Settings(secret_key="k" * 64)
    for host in ("localhost", "localhost:6543", "127.0.0.1:80", "[::1]", "[::1]:6543"):
        cookies.require_safe_transport(environ("192.0.2.1", host=host), settings)
    cookies.require_safe_transport(environ("192.0.2.1", spoken="https"), settings)
    for host in ("lab.example", "localhost.example:80", "127.0.0.1.example", ""):
        with pytest.raises(Forbidden):
            cookies.require_safe_transport(environ("192.0.2.1", host=host), settings)
    allowed = settings.model_copy(update={"allow_http": True})
    cookies.require_safe_transport(environ("192.0.2.1"), allowed)


def test_a_limit_is_used_up_and_says_so():
    limits = RateLimits(stranger="3/minute", caller="5/minute")
    states = [limits.check("address:192.0.2.1") for _ in range(4)]

    assert [state.allowed for state in states] == [True, True, True, False]
    assert [state.remaining for state in states] == [2, 1, 0, 0]
    assert dict(states[0].headers)["RateLimit-Policy"] == '"stranger";q=3;w=60'
    assert dict(states[1].headers)["RateLimit"].startswith('"stranger";r=1;t=')
    states[2].require()
    with pytest.raises(TooManyRequests) as refused:
        states[3].require()
    assert 1 <= refused.value.retry_after <= 60
    assert limits.check("address:192.0.2.2").allowed
    assert limits.check("user:1").quota == 5


def test_a_costly_request_counts_as_several():
    limits = RateLimits(caller="10/minute")

    assert limits.check("user:1", 8).remaining == 2
    assert not limits.check("user:1", 8).allowed


def test_limits_can_be_switched_off_for_load_tests():
    limits = RateLimits(enabled=False, stranger="1/minute")

    assert all(limits.check("address:192.0.2.1").allowed for _ in range(5))
