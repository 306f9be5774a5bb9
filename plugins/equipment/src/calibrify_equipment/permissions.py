"""What can be allowed in the equipment plugin, and which default roles hold it."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission

VIEW = "equipment.equipment:view"
CHANGE = "equipment.equipment:change"
OVERRIDE = "equipment.equipment:override"
IMPORT = "equipment.equipment:import"
CUSTODY = "equipment.custody:change"
CATEGORY_VIEW = "equipment.category:view"
CATEGORY_CHANGE = "equipment.category:change"
LOCATION_VIEW = "equipment.location:view"
LOCATION_CHANGE = "equipment.location:change"
CATALOGUE_VIEW = "equipment.catalogue:view"
CATALOGUE_CHANGE = "equipment.catalogue:change"
PARTY_VIEW = "equipment.party:view"
PARTY_CHANGE = "equipment.party:change"

_MANAGERS = ("administrator", "metrology_manager")
_WORKERS = (*_MANAGERS, "technician")
_EVERYBODY = (*_WORKERS, "viewer")

PERMISSIONS = (
    Permission(VIEW, "See, search and export instruments", _EVERYBODY),
    Permission(CHANGE, "Add, change and retire instruments, and move them on", _WORKERS),
    Permission(OVERRIDE, "Put to use or issue what may not be used, with a reason", _MANAGERS),
    Permission(IMPORT, "Import registers of instruments", _MANAGERS),
    Permission(CUSTODY, "Check instruments out and in", _WORKERS),
    Permission(CATEGORY_VIEW, "See categories", _EVERYBODY),
    Permission(CATEGORY_CHANGE, "Add, change and delete categories", _MANAGERS),
    Permission(LOCATION_VIEW, "See locations", _EVERYBODY),
    Permission(LOCATION_CHANGE, "Add, change and delete locations", _MANAGERS),
    Permission(CATALOGUE_VIEW, "See manufacturers and models", _EVERYBODY),
    Permission(CATALOGUE_CHANGE, "Add, change and delete manufacturers and models", _MANAGERS),
    Permission(PARTY_VIEW, "See suppliers and customers", _EVERYBODY),
    Permission(PARTY_CHANGE, "Add, change and delete suppliers and customers", _MANAGERS),
)
