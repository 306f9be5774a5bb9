"""The worked example of the documentation, applied to a copy of the plugin and run there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[2]
HOUSE = PLUGIN.parents[1]
GUIDE = HOUSE / "docs" / "how-to" / "add-a-field.md"
HUNK = re.compile(r"^@@ -\d+,(\d+) \+\d+,(\d+) @@$")


def apply(diff: str, folder: Path) -> str:
    """Applies one diff of the guide by its context; returns the file's path."""
    lines = diff.splitlines()
    path = folder / lines[1].removeprefix("+++ b/")
    old = "" if lines[0] == "--- /dev/null" else path.read_text(encoding="utf-8")
    hunks: list[list[str]] = []
    for line in lines[2:]:
        if HUNK.match(line):
            hunks.append([])
        else:
            hunks[-1].append(line)
    text = old
    for hunk in hunks:
        before = "".join(f"{line[1:]}\n" for line in hunk if line[:1] in {" ", "-"})
        after = "".join(f"{line[1:]}\n" for line in hunk if line[:1] in {" ", "+"})
        if old:
            assert text.count(before) == 1, f"{path.name}: {before!r} stands there not once"
            text = text.replace(before, after)
        else:
            text = after
    path.write_text(text, encoding="utf-8")
    return str(path.relative_to(folder))


def test_the_worked_example_works_and_touches_five_files(tmp_path: Path) -> None:
    copy = tmp_path / "equipment"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "test_*.py")
    shutil.copytree(PLUGIN, copy, ignore=ignored)
    diffs = re.findall(r"```diff\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    touched = [apply(diff, copy) for diff in diffs]
    assert [path.split("/")[-2] for path in touched] == [
        "models", "versions", "schemas", "equipment", "functional",
    ]  # fmt: skip
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-c", str(HOUSE / "pyproject.toml"), "--rootdir", str(copy), "-k", "sqlite"),
            str(copy / touched[-1]),
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(copy / "src"), str(HOUSE)))},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "1 passed" in done.stdout
