"""What tests of several kinds share: the wheels of this tree, built once for each worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wheelhouse import build_wheels


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of the core and the plugins."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))
