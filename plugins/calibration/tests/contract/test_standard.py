"""The plugin keeps to the plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestStandard(PluginContract):
    plugin = "calibration"
    may_import = frozenset({"public", "parties", "head"})
    # Whoever holds the code on a certificate may check it.
    public_routes = frozenset({"calibration.certificate.verify"})
    # Rows of a record, reached through it alone.
    without_organisation = frozenset({"calibration_standard_use"})
