"""Mail that is kept in a folder instead of sent, to be read in the admin pages."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from calibrify_core.kernel.clock import Clock
from calibrify_core.kernel.errors import NotFound, Unavailable
from calibrify_core.kernel.ids import new_id
from calibrify_core.mail.message import Message, rendered


@dataclass(frozen=True, slots=True)
class SpooledMail:
    """A line of the list of mails.

    Attributes:
        id: to read it by.
        to: address of the recipient.
        subject: its subject.
        sent_at: when it was written, aware, in UTC.
        size: in bytes.
    """

    id: str
    to: str
    subject: str
    sent_at: datetime
    size: int


class Spool:
    """Writes each mail to ``<id>.eml``, readable by the program's own account alone.

    Args:
        folder: where; made with the first mail.
        sender: address that mail comes from.
        clock: tells when.
    """

    def __init__(self, folder: Path, sender: str, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    def send(self, message: Message) -> str:
        """Keeps a message; see `Mailer.send`."""
        identifier = new_id()
        content = rendered(
            message, sender=self._sender, sent_at=self._clock.now(), identifier=identifier
        )
        begun = self._folder / f".{identifier}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            begun.replace(self._folder / f"{identifier}.eml")
        except OSError as error:
            raise Unavailable(f"The mail cannot be written now: {error.strerror}.") from error
        return str(identifier)

    def list(self, limit: int = 50) -> list[SpooledMail]:
        """Returns the newest mails, newest first.

        Args:
            limit: at most so many.
        """
        # An id begins with the moment of its making, so names sort by time.
        paths = sorted(self._folder.glob("*.eml"), reverse=True)[:limit]
        return [_line(path) for path in paths]

    def read(self, identifier: str) -> bytes:
        """Returns one mail as it would have travelled.

        Raises:
            NotFound: there is no such mail.
        """
        try:
            return (self._folder / f"{uuid.UUID(identifier)}.eml").read_bytes()
        except (ValueError, FileNotFoundError):
            raise NotFound("This mail is not in the spool.") from None


def _line(path: Path) -> SpooledMail:
    """Reads the headers of a mail."""
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=default).parse(file)
    return SpooledMail(
        id=path.stem,
        to=str(headers["To"]),
        subject=str(headers["Subject"]),
        sent_at=headers["Date"].datetime,
        size=path.stat().st_size,
    )
