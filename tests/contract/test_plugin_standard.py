"""Every shipped plugin keeps to the plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestEquipment(PluginContract):
    plugin = "equipment"


class TestCalibration(PluginContract):
    plugin = "calibration"
    may_import = frozenset({"public", "parties"})
    # Whoever holds the code on a certificate may check it.
    public_routes = frozenset({"calibration.certificate.verify"})
    # Rows of a record, reached through it alone.
    without_organisation = frozenset({"calibration_standard_use"})


class TestMaintenance(PluginContract):
    plugin = "maintenance"


class TestIntegration(PluginContract):
    plugin = "integration"
    # A calendar program signs in nowhere; the address itself is the secret.
    public_routes = frozenset({"integration.calendar.show"})
