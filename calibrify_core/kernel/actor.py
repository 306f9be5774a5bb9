"""Who acts: what every change and every audit entry says about its author."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change.

    Attributes:
        kind: a signed-in person, an API token, or the system itself.
        name: as it is shown beside the change; kept even if the account goes.
        user_id: the account, None for the system.
        credential_id: the session, refresh family or API token that was used.
        request_id: of the request in which the change happened; of background work, the id of
            its job, or of its row in the outbox.
        address: the peer's network address, None for tasks and commands.
    """

    kind: Literal["user", "token", "system"]
    name: str
    user_id: uuid.UUID | None = None
    credential_id: uuid.UUID | None = None
    request_id: str | None = None
    address: str | None = None

    @classmethod
    def system(cls, name: str = "Calibrify", request_id: str | None = None) -> Actor:
        """Returns the system as an actor, named after what it is doing."""
        return cls(kind="system", name=name, request_id=request_id)
