"""What sealing costs those who write: eight writers with a sealer beside them, and without.

``python -m tests.benchmarks.trail`` runs both in turns, several times, on a private PostgreSQL.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

from calibrify_core.app import lineages, make_platform
from calibrify_core.audit.seal import Sealer, seal, verify
from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.testing.postgres import running_postgres
from calibrify_core.work.platform import Platform

WRITERS = 8
SECONDS = 6.0
ROUNDS = 3


def rate(platform: Platform, *, sealing: bool) -> float:
    """Returns how many audited changes a second eight writers commit.

    Args:
        platform: over a migrated PostgreSQL.
        sealing: whether a sealer works beside them, as the relay has it.
    """
    stop = threading.Event()
    counts = [0] * WRITERS

    def write(number: int) -> None:
        while not stop.is_set():
            with platform.unit() as unit:
                unit.audit("note", "benchmark", None, f"writer {number}", {"n": [None, 1]})
            counts[number] += 1

    def chain() -> None:
        sealer = Sealer(platform.database)
        while not stop.wait(0.05):
            sealer()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    if sealing:
        threads.append(threading.Thread(target=chain))
    began = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def main() -> None:
    """Prints both rates and their ratio, and checks the trail at the end."""
    with running_postgres() as server, tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            environment="testing",
            data_dir=Path(folder),
            database_url=server.url(server.create_database()),
            secret_key="k" * 64,
            plugins=(),
        )
        platform = make_platform(settings)
        upgrade(platform.database, lineages(platform.plugins))
        Organisations(platform).prepare()
        rates: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for sealing in (False, True):
                rates[sealing].append(rate(platform, sealing=sealing))
                seal(platform.database, None)
        without, beside = (statistics.median(rates[sealing]) for sealing in (False, True))
        print(
            f"{without:.0f} a second without sealing, {beside:.0f} with: × {beside / without:.2f}"
        )
        print("the trail is intact:", verify(platform.database, platform.keys.audit).intact)
        platform.database.dispose()


if __name__ == "__main__":
    main()
