"""What a place for files must do: keep bytes under the SHA-256 of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from calibrify_core.kernel.errors import Invalid

FILE_LIMIT = 50 * 1024 * 1024
"""Most bytes of one file, unless the caller says otherwise."""

KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What was stored.

    Attributes:
        sha256: digest of the bytes, 64 lower-case hexadecimal digits; the key to open them by.
        size: in bytes.
    """

    sha256: str
    size: int


class Storage(Protocol):
    """Keeps files by their content: the same bytes are stored once, under the same key.

    Who may read a file, what it is called and of which type it is, is not its business: that
    stands in the database, beside the key.
    """

    def put(self, stream: BinaryIO, *, limit: int = FILE_LIMIT) -> StoredObject:
        """Stores all bytes of a stream from where it stands; no reader ever sees a part of them.

        Args:
            stream: is read in pieces, never as a whole.
            limit: most bytes to take.

        Raises:
            TooLarge: the stream is longer than the limit; nothing is kept.
            Unavailable: the place does not take it now, or the stream breaks off.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Opens a file for reading; the caller closes it.

        Raises:
            NotFound: there is no such file.
            Invalid: this is no key.
        """
        ...

    def verify(self, sha256: str) -> bool:
        """Reads a file and tells whether it is there and still what its key says.

        Raises:
            Invalid: this is no key.
        """
        ...

    def exists(self, sha256: str) -> bool:
        """Tells whether a file is there, without reading it.

        Raises:
            Invalid: this is no key.
        """
        ...

    def delete(self, sha256: str) -> None:
        """Removes a file; one that is not there is no error.

        Raises:
            Invalid: this is no key.
        """
        ...

    def keys(self) -> Iterator[str]:
        """Goes through the keys of all files, in ascending order."""
        ...

    def check(self) -> None:
        """Asks whether the place answers and takes files.

        Raises:
            Unavailable: it does not.
        """
        ...


def checked_key(sha256: str) -> str:
    """Returns a key that is one; anything else could lead out of the storage.

    Raises:
        Invalid: it is not 64 lower-case hexadecimal digits.

    >>> checked_key("../../etc/passwd")
    Traceback (most recent call last):
    ...
    calibrify_core.kernel.errors.Invalid: The key of a file is 64 lower-case hexadecimal digits.
    """
    if not KEY.fullmatch(sha256):
        raise Invalid(detail="The key of a file is 64 lower-case hexadecimal digits.")
    return sha256
