"""When a credential was last used: noted in memory, written at most once a minute.

A request that only reads does not write, and none waits for this: notes are written after
an answer has left, in a short transaction of their own.
"""

from __future__ import annotations

import logging
import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from calibrify_core.auth.api_token import ApiToken
from calibrify_core.auth.principal import Principal
from calibrify_core.auth.signed_in import BrowserSession, RefreshFamily
from calibrify_core.work.platform import Platform

EVERY = timedelta(minutes=1)

logger = logging.getLogger(__name__)

_TABLES: dict[str, Any] = {
    "session": BrowserSession.__table__,
    "jwt": RefreshFamily.__table__,
    "token": ApiToken.__table__,
}


class Touches:
    """Collects uses of credentials.

    Args:
        platform: where they are written to.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, uuid.UUID], datetime] = {}
        self._written_at = platform.clock.now() - EVERY

    def note(self, principal: Principal) -> bool:
        """Notes a use, unless a recent one is already in the database.

        Returns:
            Whether it is time to write.
        """
        now = self._platform.clock.now()
        if principal.last_seen_at is not None and now - principal.last_seen_at < EVERY:
            return False
        with self._lock:
            self._noted[principal.kind, principal.credential_id] = now
            return now - self._written_at >= EVERY

    def write(self) -> None:
        """Writes what was noted; a database that is busy just now is tried again later."""
        with self._lock:
            noted, self._noted = self._noted, {}
            self._written_at = self._platform.clock.now()
        if not noted:
            return
        try:
            with self._platform.session(write=True) as session, session.begin():
                connection = session.connection()
                for kind, table in _TABLES.items():
                    rows = [
                        {"credential": identifier, "moment": moment}
                        for (noted_kind, identifier), moment in sorted(noted.items())
                        if noted_kind == kind
                    ]
                    if rows:
                        connection.execute(
                            sa.update(table)
                            .where(table.c.id == sa.bindparam("credential"))
                            .values(last_seen_at=sa.bindparam("moment")),
                            rows,
                        )
        except SQLAlchemyError as error:
            logger.warning(
                "the last use of some credentials was not written (%d): %s",
                len(noted),
                error.orig if isinstance(error, DBAPIError) else error,
            )
