"""The way out, against real servers on loopback: checked, bounded, and without detours."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from calibrify_core.kernel.errors import Invalid
from calibrify_integration.domain.addresses import Refused, parse_networks
from calibrify_integration.services.egress import Egress, Limits, Unreachable
from plugins.integration.tests import receiver as behave
from plugins.integration.tests.receiver import Receiver, receiving

HERE = Egress(parse_networks("127.0.0.0/8, ::1"))
ANYWHERE_PUBLIC = Egress()
SOON = Limits(connect_seconds=1, total_seconds=1, most_bytes=1000)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_request_arrives_as_it_was_meant(receiver: Receiver) -> None:
    receiver.behaviour = behave.answer(201, b"thanks", {"X-Kind": "one"})

    answer = HERE.send("POST", receiver.url("/in?x=1"), headers={"X-A": "b"}, body=b"hello")

    assert (answer.status, answer.body, answer.whole) == (201, b"thanks", True)
    assert answer.headers["x-kind"] == "one"
    (heard,) = receiver.heard
    assert (heard.method, heard.path, heard.body) == ("POST", "/in?x=1", b"hello")
    assert heard.headers["x-a"] == "b"
    assert heard.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_name_is_sent_as_the_host_of_the_address_that_was_checked(receiver: Receiver) -> None:
    HERE.send("GET", receiver.url(host="localhost"))

    assert receiver.heard[0].headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:7f00:1]"],
)
def test_without_the_setting_nothing_in_the_house_is_reached(receiver: Receiver, host: str) -> None:
    with pytest.raises(Invalid):
        ANYWHERE_PUBLIC.check(receiver.url(host=host))
    with pytest.raises(Refused):
        ANYWHERE_PUBLIC.send("GET", receiver.url(host=host))
    assert receiver.heard == []


def test_the_error_at_saving_names_the_member() -> None:
    with pytest.raises(Invalid) as caught:
        ANYWHERE_PUBLIC.check("https://127.0.0.1/", "address")
    assert caught.value.errors[0].pointer == "/address"


def test_a_name_that_does_not_exist_cannot_be_kept() -> None:
    with pytest.raises(Invalid, match="cannot be resolved"):
        HERE.check("https://no-such-host.invalid/")
    with pytest.raises(Unreachable, match="cannot be resolved"):
        HERE.send("GET", "https://no-such-host.invalid/")


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.behaviour = behave.answer(302, headers={"Location": receiver.url("/elsewhere")})

    assert HERE.send("GET", receiver.url()).status == 302
    assert [heard.path for heard in receiver.heard] == ["/in"]


def test_a_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert HERE.send("GET", receiver.url()).status == 200


def test_only_the_first_bytes_of_an_endless_answer_are_read(receiver: Receiver) -> None:
    receiver.behaviour = behave.endless

    answer = HERE.send("GET", receiver.url(), limits=SOON)

    assert (len(answer.body), answer.whole) == (1000, False)


@pytest.mark.parametrize("behaviour", [behave.drip, behave.drip_body])
def test_an_answer_byte_by_byte_is_cut_off_when_the_time_is_over(
    receiver: Receiver, behaviour: behave.Behaviour
) -> None:
    receiver.behaviour = behaviour
    started = time.monotonic()

    with pytest.raises(Unreachable, match="no answer within 1 seconds"):
        HERE.send("GET", receiver.url(), limits=SOON)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("behaviour", [behave.hang_up, behave.cut_short])
def test_a_server_that_closes_early_has_not_answered(
    receiver: Receiver, behaviour: behave.Behaviour
) -> None:
    receiver.behaviour = behaviour

    with pytest.raises(Unreachable, match="failed"):
        HERE.send("GET", receiver.url())


def test_nobody_listening_is_told_in_plain_words(receiver: Receiver) -> None:
    with receiving() as gone:
        pass
    with pytest.raises(Unreachable, match="The connection failed: Connection refused"):
        HERE.send("GET", gone.url())


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("identity") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(identity: Path) -> Iterator[Receiver]:
    """A server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity)
    with receiving(context) as running:
        yield running


def test_a_certificate_must_be_trusted_and_be_the_hosts_own(
    secure: Receiver, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = parse_networks("127.0.0.0/8, ::1")
    with pytest.raises(Unreachable, match="certificate was not accepted"):
        Egress(networks).send("GET", secure.url(host="localhost"))

    monkeypatch.setenv("SSL_CERT_FILE", str(identity))
    assert Egress(networks).send("GET", secure.url(host="localhost")).status == 200
    # The same server by an address that its certificate does not name.
    with pytest.raises(Unreachable, match="certificate was not accepted"):
        Egress(networks).send("GET", secure.url(host=str(ip_address("127.0.0.1"))))


def test_a_server_without_tls_gives_no_secure_connection(receiver: Receiver) -> None:
    with pytest.raises(Unreachable):
        HERE.send("GET", receiver.url().replace("http:", "https:"), limits=SOON)
