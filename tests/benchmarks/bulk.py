"""Whole registers at once: export and its memory, import, and what sealing the audit costs."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Client

CALIBRIFY = str(Path(sys.executable).with_name("calibrify"))
COPY = "COPY (SELECT e.*, s.* FROM equipment_equipment e JOIN calibration_state s ON "
COPY += "s.equipment_id = e.id ORDER BY e.tag_key) TO STDOUT WITH (FORMAT csv, HEADER)"


class Memory(threading.Thread):
    """Samples the resident memory of a process, in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.status, self.samples = Path(f"/proc/{pid}/statm"), [0.0]
        self.over = threading.Event()
        self.samples[0] = self.now()

    def now(self) -> float:
        """Returns the resident memory at this moment."""
        return int(self.status.read_text("ascii").split()[1]) * 4096 / 2**20

    def run(self) -> None:
        """Samples ten times a second."""
        while not self.over.wait(0.1):
            with contextlib.suppress(OSError):
                self.samples.append(self.now())


def measure(
    client: Client, server: int, cursor: Any, environ: Mapping[str, str], size: int
) -> dict[str, Any]:
    """Measures export and import of a register; prints and returns what it saw."""
    started = time.perf_counter()
    cursor.copy_expert(COPY, io.BytesIO())
    copied = time.perf_counter() - started
    memory = Memory(server)
    memory.start()
    started = time.perf_counter()
    client.connection.request(
        "GET", "/api/v1/equipment/export/?format=csv", headers=_bearer(client)
    )
    answer, content = client.connection.getresponse(), bytearray()
    while piece := answer.read(1 << 20):
        content += piece
    exported = time.perf_counter() - started
    memory.over.set()
    grown = max(memory.samples) - memory.samples[0]
    print(f"export of {size:,}: {exported:.1f} s, COPY {copied:.1f} s, memory + {grown:.0f} MB")
    rows, imported = _import(bytes(content), environ, min(size, 10_000))
    print(f"import of {rows:,} rows, all of them there already: {imported:.1f} s")
    return {
        "export_s": round(exported, 2),
        "copy_s": round(copied, 2),
        "export_grows_mb": round(grown, 1),
        "import_rows": rows,
        "import_s": round(imported, 2),
    }


def _bearer(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"}


def _import(content: bytes, environ: Mapping[str, str], rows: int) -> tuple[int, float]:
    """Imports the first rows of an export over what is there; returns their number and seconds."""
    head = content.split(b"\n")[: rows + 1]
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(b"\n".join(head) + b"\n")
        file.flush()
        started = time.perf_counter()
        subprocess.run(
            [CALIBRIFY, "import", "equipment", file.name],
            env=dict(environ),
            check=False,
            capture_output=True,
        )
        return rows, time.perf_counter() - started
