"""Files in a bucket, and what is said while the bucket and Redis are away: never a 500."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform
from calibrify_core.testing.redis import RedisServer, running_redis
from calibrify_core.testing.s3 import S3Server, running_s3

FILES = "/api/v1/files/"
PDF = b"%PDF-1.7 a manual"
REGION = "us-east-1"


@pytest.fixture(scope="module")
def fresh_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database is enough: what is away here lies beside it."""
    return f"sqlite:///{tmp_path_factory.mktemp('database') / 'calibrify.sqlite3'}"


@pytest.fixture(scope="module")
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield


@pytest.fixture(scope="module")
def bucket(credentials: None) -> Iterator[S3Server]:
    with running_s3() as server:
        make_bucket(server)
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module")
def served(make_platform: MakePlatform, bucket: S3Server, redis: RedisServer) -> House:
    """The core with equipment, its files in the bucket, and Redis."""
    storage = f"s3://files?endpoint_url={bucket.endpoint_url}&region={REGION}"
    platform = make_platform(names=("equipment",), storage_url=storage, redis_url=redis.url)
    return House(platform, build(platform))


@pytest.fixture
def without(bucket: S3Server, redis: RedisServer) -> Iterator[None]:
    """Neither answers for as long as the test lasts."""
    bucket.stop()
    redis.stop()
    yield
    bucket.start()
    redis.start()
    make_bucket(bucket)


def make_bucket(server: S3Server) -> None:
    client: Any = boto3.session.Session().client(
        "s3", endpoint_url=server.endpoint_url, region_name=REGION
    )
    client.create_bucket(Bucket="files")


def attach(house: House, status: int) -> Any:
    """Attaches a manual to a new instrument; the answer."""
    made = house.make("equipment", name="Caliper")
    fields = {"kind": "attachment", "object_type": "equipment", "object_id": made["id"]}
    upload = [("file", "m.pdf", PDF)]
    return house.administrator.post(FILES, fields, upload_files=upload, status=status)


def test_a_file_goes_into_the_bucket_and_comes_back(served: House) -> None:
    made = attach(served, 201).json
    content = f"{FILES}{made['id']}/content/"
    assert served.administrator.get(content).body == PDF
    assert served.client.get("/health/ready").json["status"] == "ok"


def test_while_both_are_away_the_answers_say_so(served: House, without: None) -> None:
    refused = attach(served, 503)
    assert refused.json["code"] == "unavailable"
    assert refused.headers["Retry-After"] == "30"
    listed: ApiClient = served.administrator
    assert listed.get("/api/v1/equipment/").json["results"], "the rest goes on"

    ready = served.client.get("/health/ready", status=503).json
    away = {check["name"]: check["detail"] for check in ready["checks"] if not check["ok"]}
    assert away.keys() == {"storage", "redis"}
    assert "Redis does not answer" in away["redis"]
    assert served.client.get("/health/live").json["status"] == "ok"

    said = doctor(served)
    assert "storage does not answer" in said
    assert "redis does not answer" in said


def doctor(house: House) -> str:
    """Returns what the command says of the installation."""
    settings = house.platform.settings
    environ = {
        **os.environ,
        "CALIBRIFY_DATABASE_URL": settings.database_url,
        "CALIBRIFY_DATA_DIR": str(settings.data_dir),
        "CALIBRIFY_SECRET_KEY": settings.secret_key,
        "CALIBRIFY_STORAGE_URL": settings.storage_url,
        "CALIBRIFY_REDIS_URL": settings.redis_url,
        "CALIBRIFY_PLUGINS": "equipment",
    }
    command = [Path(sys.executable).with_name("calibrify"), "doctor"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout
