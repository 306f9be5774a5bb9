"""Copying a stream piece by piece, counting and hashing as it goes."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO

from calibrify_core.kernel.errors import TooLarge
from calibrify_core.storage.interface import StoredObject

PIECE = 1024 * 1024


def copied(stream: BinaryIO, target: Any, limit: int) -> StoredObject:
    """Copies a stream into a file from where it stands; returns its digest and size.

    Args:
        stream: is read in pieces, never as a whole.
        target: is written to.
        limit: most bytes to take.

    Raises:
        TooLarge: the stream is longer than the limit.
    """
    digest = hashlib.sha256()
    size = 0
    # One byte more than allowed is asked for, so that a file of just the limit passes.
    while piece := stream.read(min(PIECE, limit - size + 1)):
        size += len(piece)
        if size > limit:
            raise TooLarge(f"A file may have at most {limit} bytes.", limit=limit)
        digest.update(piece)
        target.write(piece)
    return StoredObject(digest.hexdigest(), size)
