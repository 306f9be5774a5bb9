"""When a credential was last used: noted in memory, written at most once a minute.

A request that only reads does not write, and none waits for this: notes are written after
an answer has left, in a short transaction of their own.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from calibrify_core.auth.api_token import ApiToken
from calibrify_core.auth.signed_in import BrowserSession, RefreshFamily
from calibrify_core.work.platform import Platform

EVERY = timedelta(minutes=1)

logger = logging.getLogger(__name__)

CREDENTIALS: Mapping[str, Any] = {
    "session": BrowserSession.__table__.c.last_seen_at,
    "jwt": RefreshFamily.__table__.c.last_seen_at,
    "token": ApiToken.__table__.c.last_seen_at,
}


class Touches:
    """Collects uses of credentials.

    Args:
        platform: where they are written to.
        columns: the column that holds the last use, by kind of credential; its table has an id.
    """

    def __init__(self, platform: Platform, columns: Mapping[str, Any] = CREDENTIALS) -> None:
        self._platform = platform
        self._columns = columns
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, uuid.UUID], datetime] = {}
        self._written_at = platform.clock.now() - EVERY

    def note(self, kind: str, credential_id: uuid.UUID, used_at: datetime | None) -> bool:
        """Notes a use, unless a recent one is already in the database.

        Args:
            kind: of the credential.
            credential_id: which one.
            used_at: its last use as the database knows it.

        Returns:
            Whether it is time to write.
        """
        now = self._platform.clock.now()
        if used_at is not None and now - used_at < EVERY:
            return False
        with self._lock:
            self._noted[kind, credential_id] = now
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
                for kind, column in self._columns.items():
                    rows = [
                        {"credential": identifier, "moment": moment}
                        for (noted_kind, identifier), moment in sorted(noted.items())
                        if noted_kind == kind
                    ]
                    if rows:
                        connection.execute(
                            sa.update(column.table)
                            .where(column.table.c.id == sa.bindparam("credential"))
                            .values({column: sa.bindparam("moment")}),
                            rows,
                        )
        except SQLAlchemyError as error:
            logger.warning(
                "the last use of some credentials was not written (%d): %s",
                len(noted),
                error.orig if isinstance(error, DBAPIError) else error,
            )
