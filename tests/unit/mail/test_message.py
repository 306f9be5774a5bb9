"""A message carries what was written and nothing that was smuggled in."""

from __future__ import annotations

import email
import uuid
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest

from calibrify_core.kernel.errors import Invalid
from calibrify_core.mail.message import Message, rendered

SENT_AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def read_back(message: Message) -> EmailMessage:
    content = rendered(
        message, sender="calibrify@lab.example", sent_at=SENT_AT, identifier=uuid.UUID(int=7)
    )
    return email.message_from_bytes(content, policy=default)


def test_a_message_travels_whole() -> None:
    mail = read_back(Message("kim@example.org", "Überfällig: Ø 12 µm", "Liebe Kim,\n…", "<p>…</p>"))

    assert mail["From"] == "calibrify@lab.example"
    assert mail["To"] == "kim@example.org"
    assert mail["Subject"] == "Überfällig: Ø 12 µm"
    assert mail["Date"].datetime == SENT_AT
    assert mail["Message-ID"] == f"<{uuid.UUID(int=7)}@lab.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content() == "Liebe Kim,\r\n…\r\n"
    assert mail.get_body(("html",)).get_content() == "<p>…</p>\r\n"


def test_a_plain_message_has_one_part() -> None:
    mail = read_back(Message("kim@example.org", "Due", "text"))

    assert not mail.is_multipart()


def test_a_long_subject_is_folded_and_comes_back_whole() -> None:
    subject = "Kalibrierung überfällig " * 8

    assert read_back(Message("kim@example.org", subject.strip(), "…"))["Subject"] == subject.strip()


@pytest.mark.parametrize(
    "subject",
    [
        "Due\r\nBcc: all@example.org",
        "Due\nX: y",
        "Due\x00",
        "Due\u2028Bcc: x",
        "",
        "   ",
        "x" * 201,
    ],
)
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(Invalid) as caught:
        Message("kim@example.org", subject, "…")

    assert caught.value.errors[0].pointer == "/subject"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kim",
        "@example.org",
        "kim@",
        "kim@example.org, all@example.org",
        "kim@example.org\r\nBcc: all@example.org",
        "Kim <kim@example.org>",
        "kim @example.org",
        "kïm@example.org",
        "kim@example.org\x00",
        "kim@" + "x" * 254,
    ],
)
def test_an_address_is_one_address(address: str) -> None:
    with pytest.raises(Invalid) as caught:
        Message(address, "Due", "…")

    assert caught.value.errors[0].pointer == "/to"


@pytest.mark.parametrize("address", ["kim@example.org", "kim.o'neil+lab@sub.example.org", "a@host"])
def test_usual_addresses_pass(address: str) -> None:
    assert read_back(Message(address, "Due", "…"))["To"] == address
