"""Settings of plugins: what was given, checked against what each plugin declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrify_core.hooks.manager import Plugins
from calibrify_core.kernel.errors import ConfigurationError

PluginSettings = Mapping[str, Mapping[str, Any]]


def read_plugin_settings(
    plugins: Plugins, given: Mapping[str, Mapping[str, str]]
) -> PluginSettings:
    """Returns the settings of each running plugin, defaults filled in.

    Args:
        plugins: the running plugins.
        given: texts by plugin and key, as `Settings.plugin_settings` has them.

    Raises:
        ConfigurationError: naming the first variable that is unknown or does not parse.
    """
    found: dict[str, dict[str, Any]] = {name: {} for name in plugins.names}
    known = {}
    for contribution in plugins.collect("calibrify_settings"):
        declared = contribution.value
        known[contribution.plugin, declared.key] = declared
        found[contribution.plugin][declared.key] = declared.default
    for plugin, options in given.items():
        for key, text in options.items():
            name = f"CALIBRIFY_{plugin.upper()}__{key.upper()}"
            if (plugin, key) not in known:
                raise ConfigurationError(
                    f"{name} is not a setting of a running plugin; remove or correct it."
                )
            try:
                found[plugin][key] = known[plugin, key].parse(text)
            except ValueError as error:
                raise ConfigurationError(f"{name}: {error}.") from None
    return found
