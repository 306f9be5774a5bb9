"""A message as a service writes it, and as it travels."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from calibrify_core.kernel.errors import Invalid

SUBJECT_LIMIT = 200
ADDRESS_LIMIT = 254


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one person.

    Attributes:
        to: the address, without a display name.
        subject: one line.
        text: the body that every mail program shows.
        html: the same for programs that show markup, None for plain text alone.

    Raises:
        Invalid: the address is none, or the subject is empty, too long or more than a line: so
            nobody adds a header or a recipient through a name that a mail mentions.

    >>> Message("kim@example.org", "Due" + chr(10) + "Bcc: all@example.org", "…")
    Traceback (most recent call last):
    ...
    calibrify_core.kernel.errors.Invalid: The subject of a mail is one line of printable text.
    """

    to: str
    subject: str
    text: str
    html: str | None = None

    def __post_init__(self) -> None:
        """Checks what becomes a header."""
        if not _is_address(self.to):
            raise Invalid.field("to", "This is not an e-mail address that mail can be sent to.")
        if not self.subject.isprintable() or not self.subject.strip():
            raise Invalid.field("subject", "The subject of a mail is one line of printable text.")
        if len(self.subject) > SUBJECT_LIMIT:
            raise Invalid.field(
                "subject", f"The subject of a mail has at most {SUBJECT_LIMIT} characters."
            )


def rendered(message: Message, *, sender: str, sent_at: datetime, identifier: uuid.UUID) -> bytes:
    """Returns a message as it travels (RFC 5322).

    Args:
        message: what to send.
        sender: address that it comes from.
        sent_at: aware moment of sending.
        identifier: makes the ``Message-ID``; the same id marks the same mail sent twice.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(sent_at)
    mail["Message-ID"] = f"<{identifier}@{sender.rpartition('@')[2]}>"
    # Keeps holiday notices from answering (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html")
    return mail.as_bytes()


def mail_address(text: str) -> str:
    """Returns one plain address, for settings.

    >>> mail_address("calibrify@example.com")
    'calibrify@example.com'

    Raises:
        ValueError: it is none.
    """
    if not _is_address(text):
        raise ValueError(f"{text!r} is not an e-mail address that mail can be sent from")
    return text


def _is_address(text: str) -> bool:
    """Tells whether a text is one plain address that every mail server takes."""
    if len(text) > ADDRESS_LIMIT or not text.isascii() or not text.isprintable():
        return False
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError):
        return False
    return bool(address.username) and bool(address.domain) and address.addr_spec == text
