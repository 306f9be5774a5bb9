"""What a way out for mail must do."""

from __future__ import annotations

from typing import Protocol

from calibrify_core.mail.message import Message


class Mailer(Protocol):
    """Sends messages; called from background tasks, never while somebody waits for a page."""

    def send(self, message: Message) -> str:
        """Hands a message over for delivery and returns its id.

        Raises:
            Unavailable: it cannot be handed over now; another try makes sense.
        """
        ...
