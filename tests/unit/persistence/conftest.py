"""Lineages of migrations, written into a temporary folder as packages of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent

import pytest

from calibrify_core.persistence.lineages import Lineage


class LineageWriter:
    """Writes packages with revisions and forgets them again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages: list[str] = []

    def lineage(self, name: str) -> Lineage:
        """Makes an empty lineage, in a package named after it."""
        package = f"unit_lineage_{name}"
        versions = self.folder / package / "versions"
        versions.mkdir(parents=True)
        (versions.parent / "__init__.py").write_text("", encoding="utf-8")
        self.packages.append(package)
        return Lineage(name, package)

    def revision(
        self, lineage: Lineage, name: str, after: str | None, up: str, down: str = "pass"
    ) -> None:
        """Writes one revision; ``up`` and ``down`` are bodies of functions."""
        path = self.folder / lineage.package / "versions" / f"{name}.py"
        lines = [
            f'"""Makes {name}."""',
            "import sqlalchemy as sa",
            "from alembic import op",
            f"revision = {name!r}",
            f"down_revision = {after!r}",
            "def upgrade():",
            indent(dedent(up).strip(), "    "),
            "def downgrade():",
            indent(dedent(down).strip(), "    "),
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LineageWriter]:
    folder = tmp_path / "packages"
    folder.mkdir()
    sys.path.insert(0, str(folder))
    made = LineageWriter(folder)
    try:
        yield made
    finally:
        sys.path.remove(str(folder))
        for package in made.packages:
            sys.modules.pop(package, None)
