"""Every shipped plugin is held to the plugin standard by a test of its own, as a stranger's is."""

from pathlib import Path

import pytest

PLUGINS = sorted(path.parent for path in Path(__file__).parents[2].glob("plugins/*/setup.cfg"))


@pytest.mark.parametrize("home", PLUGINS, ids=lambda home: home.name)
def test_a_plugin_subclasses_the_contract(home: Path) -> None:
    text = (home / "tests/contract/test_standard.py").read_text(encoding="utf-8")
    assert "class TestStandard(PluginContract):" in text
    assert f'plugin = "{home.name}"' in text
