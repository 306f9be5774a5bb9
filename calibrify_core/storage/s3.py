"""Files in a bucket of an S3 store: of Amazon, or of whoever speaks the same protocol."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from calibrify_core.kernel.errors import ConfigurationError, NotFound, Unavailable
from calibrify_core.storage.copying import PIECE, copied
from calibrify_core.storage.interface import FILE_LIMIT, KEY, StoredObject, checked_key

CONNECT_SECONDS, READ_SECONDS, TRIES = 2, 10, 2
IN_MEMORY = 1024 * 1024
"""Bytes up to which a file on its way needs no place on the disk."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_OPTIONS = frozenset({"endpoint_url", "region", "prefix"})
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where a bucket is.

    Attributes:
        bucket: its name.
        endpoint_url: address of the store; None: Amazon's.
        region: as the store calls it; None: from the environment.
        prefix: what the names of all our objects begin with, ending in a slash, or empty.
    """

    bucket: str
    endpoint_url: str | None = None
    region: str | None = None
    prefix: str = ""

    @classmethod
    def of(cls, url: str) -> S3Place:
        """Reads ``s3://bucket?endpoint_url=…&region=…&prefix=…``.

        Raises:
            ConfigurationError: it is no such address.
        """
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = ", ".join(sorted(set(options) - _OPTIONS))
        if unknown:
            raise ConfigurationError(f"CALIBRIFY_STORAGE_URL has no option {unknown}.")
        if not _BUCKET.fullmatch(parts.netloc) or parts.path.strip("/"):
            raise ConfigurationError(
                "CALIBRIFY_STORAGE_URL is not s3://bucket?endpoint_url=…&region=…&prefix=… "
                "(credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)."
            )
        endpoint = options.get("endpoint_url") or None
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise ConfigurationError("endpoint_url starts with http:// or https://.")
        prefix = options.get("prefix", "").strip("/")
        return cls(
            parts.netloc,
            endpoint,
            options.get("region") or None,
            f"{prefix}/" if prefix else "",
        )


class S3Storage:
    """Keeps each file as the object ``ab/cd/abcd…``, as the folder does: one copies to the other.

    Credentials come from where Amazon's own tools look for them. An object appears whole or not
    at all. What is opened was read and checked first, so that an answer never breaks off.

    Args:
        place: the bucket.
    """

    def __init__(self, place: S3Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._made: Any = None
        self._made_in = 0

    def put(self, stream: BinaryIO, *, limit: int = FILE_LIMIT) -> StoredObject:
        """Stores all bytes of a stream; see `Storage.put`."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
            try:
                stored = copied(stream, spool, limit)
            except OSError as error:
                raise Unavailable("The file cannot be received now.", 30) from error
            spool.seek(0)
            self._ask("put_object", stored.sha256, Body=spool, ContentLength=stored.size)
        return stored

    def open(self, sha256: str) -> BinaryIO:
        """Opens a file for reading, its bytes checked; see `Storage.open`.

        Raises:
            Unavailable: the store does not answer, or gives other bytes than were put.
        """
        spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
        try:
            if self._read(sha256, spool) != sha256:
                log.error("a stored file is damaged", sha256=sha256)
                raise Unavailable("The store gives other bytes than were put there.", 30)
            spool.seek(0)
        except BaseException:
            spool.close()
            raise
        return spool  # type: ignore[return-value]

    def verify(self, sha256: str) -> bool:
        """Tells whether a file is there and whole; see `Storage.verify`."""
        try:
            return self._read(sha256, None) == sha256
        except NotFound:
            return False

    def exists(self, sha256: str) -> bool:
        """Tells whether a file is there; see `Storage.exists`."""
        try:
            self._ask("head_object", sha256)
        except NotFound:
            return False
        return True

    def delete(self, sha256: str) -> None:
        """Removes a file; see `Storage.delete`."""
        self._ask("delete_object", sha256)

    def keys(self) -> Iterator[str]:
        """Goes through the keys of all files in ascending order; see `Storage.keys`."""
        where = {"Bucket": self._place.bucket, "Prefix": self._place.prefix}
        try:
            for page in self._client().get_paginator("list_objects_v2").paginate(**where):
                names = (found["Key"].rsplit("/", 1)[-1] for found in page.get("Contents", ()))
                yield from (name for name in names if KEY.fullmatch(name))
        except (BotoCoreError, ClientError) as error:
            raise _away(error) from error

    def check(self) -> None:
        """Asks whether the bucket answers; see `Storage.check`."""
        try:
            self._client().head_bucket(Bucket=self._place.bucket)
        except (BotoCoreError, ClientError) as error:
            raise _away(error) from error

    def _read(self, sha256: str, target: Any) -> str:
        """Reads an object, into a file if there is one, and returns the digest of its bytes."""
        digest = hashlib.sha256()
        body = self._ask("get_object", sha256)["Body"]
        try:
            for piece in body.iter_chunks(PIECE):
                digest.update(piece)
                if target is not None:
                    target.write(piece)
        except BotoCoreError as error:
            raise _away(error) from error
        finally:
            body.close()
        return digest.hexdigest()

    def _ask(self, operation: str, sha256: str, **more: Any) -> Any:
        """Does one operation on one object.

        Raises:
            Invalid: this is no key.
            NotFound: there is no such object.
            Unavailable: the store does not answer, or refuses.
        """
        key = checked_key(sha256)
        name = f"{self._place.prefix}{key[:2]}/{key[2:4]}/{key}"
        try:
            return getattr(self._client(), operation)(Bucket=self._place.bucket, Key=name, **more)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                raise NotFound("This file is not in the storage.") from None
            raise _away(error) from error
        except BotoCoreError as error:
            raise _away(error) from error

    def _client(self) -> Any:
        """Returns the client of this process: connections must not cross a fork."""
        with self._lock:
            if self._made_in != os.getpid():
                self._made = boto3.session.Session().client(
                    "s3",
                    endpoint_url=self._place.endpoint_url,
                    region_name=self._place.region,
                    config=Config(
                        signature_version="s3v4",
                        s3={"addressing_style": "path"},
                        # Stores other than Amazon's do not know the newer checksums.
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        retries={"total_max_attempts": TRIES, "mode": "standard"},
                        max_pool_connections=20,
                    ),
                )
                self._made_in = os.getpid()
            return self._made


def _away(error: Exception) -> Unavailable:
    """Returns the refusal; why the store does not answer is for the log."""
    log.warning("the file store does not answer", error=str(error))
    return Unavailable("The file store does not answer just now.", 30)
