"""A bucket keeps the storage contract, and what is true of a store far away."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from calibrify_core.kernel.errors import ConfigurationError, NotFound, Unavailable
from calibrify_core.storage.s3 import S3Place, S3Storage
from calibrify_core.testing.processes import free_port
from calibrify_core.testing.s3 import S3Server, running_s3
from calibrify_core.testing.storage_contract import CERTIFICATE, SHA256, StorageContract


@pytest.fixture(scope="module")
def endpoint() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def client(endpoint: S3Server, credentials: None) -> Any:
    return boto3.session.Session().client(
        "s3", endpoint_url=endpoint.endpoint_url, region_name="us-east-1"
    )


@pytest.fixture
def place(client: Any, endpoint: S3Server) -> S3Place:
    bucket = f"files-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=bucket)
    return S3Place.of(
        f"s3://{bucket}?endpoint_url={endpoint.endpoint_url}&region=us-east-1&prefix=main"
    )


class TestS3(StorageContract):
    @pytest.fixture
    def storage(self, place: S3Place, client: Any) -> S3Storage:
        self.place, self.client = place, client
        return S3Storage(place)

    def damage(self, storage: S3Storage, sha256: str) -> None:
        self.client.put_object(
            Bucket=self.place.bucket,
            Key=f"main/{sha256[:2]}/{sha256[2:4]}/{sha256}",
            Body=CERTIFICATE.replace(b"torque", b"toque!"),
        )

    def test_a_damaged_file_is_not_handed_out(self, storage: S3Storage) -> None:
        storage.put(io.BytesIO(CERTIFICATE))
        self.damage(storage, SHA256)

        with pytest.raises(Unavailable, match="other bytes"):
            storage.open(SHA256)

    def test_other_objects_in_the_bucket_are_no_keys(self, storage: S3Storage) -> None:
        storage.put(io.BytesIO(CERTIFICATE))
        for name in ("main/notes.txt", f"other/{SHA256}"):
            self.client.put_object(Bucket=self.place.bucket, Key=name, Body=b"by hand")

        assert list(storage.keys()) == [SHA256]
        storage.check()


def test_a_store_that_is_away_is_unavailable_soon(credentials: None) -> None:
    storage = S3Storage(S3Place("files", f"http://127.0.0.1:{free_port()}", "us-east-1", ""))
    started = time.monotonic()
    for call in (
        lambda: storage.put(io.BytesIO(CERTIFICATE)),
        lambda: storage.open(SHA256),
        lambda: storage.verify(SHA256),
        lambda: list(storage.keys()),
        storage.check,
    ):
        with pytest.raises(Unavailable):
            call()
    assert time.monotonic() - started < 20


def test_a_bucket_that_is_not_there_is_told_by_the_check(
    endpoint: S3Server, credentials: None
) -> None:
    storage = S3Storage(S3Place("no-such-bucket", endpoint.endpoint_url, "us-east-1", ""))
    with pytest.raises(Unavailable):
        storage.check()
    with pytest.raises((NotFound, Unavailable)):
        storage.put(io.BytesIO(CERTIFICATE))


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://B",
        "s3://bucket/path",
        "s3://key:secret@bucket",
        "s3://bucket?region=eu&acl=public",
        "s3://bucket?endpoint_url=ftp://x",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        S3Place.of(url)
