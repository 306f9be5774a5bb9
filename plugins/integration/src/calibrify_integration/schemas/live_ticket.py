"""Tickets for streams of live events on the wire."""

from calibrify_core.api.types import Shape


class LiveTicket(Shape):
    """A ticket: opens one stream within ``expires_in`` seconds, as ``?ticket=``."""

    ticket: str
    expires_in: int
    href: str
