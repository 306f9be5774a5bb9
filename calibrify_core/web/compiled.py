"""Templates compiled once for each process, however many applications stand in it."""

from __future__ import annotations

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """The code of templates by name and file; a template that has changed is compiled anew."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills a bucket with the code of its template, where that was compiled before."""
        checksum, code = self._found.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps the code of a template that has just been compiled."""
        self._found[bucket.key] = bucket.checksum, bucket.code


COMPILED = Compiled()
