"""The demonstration laboratory: places, kinds and some forty instruments, all invented."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import move_on
from calibrify_equipment.services import categories, custody, entries, equipment, locations

DAYS_A_YEAR = 365

PLACES = (
    ("north", "North works", "site", None),
    ("lab", "Calibration laboratory", "building", "north"),
    ("electrical", "Electrical room", "room", "lab"),
    ("dimensional", "Dimensional room", "room", "lab"),
    ("mass", "Mass and balance room", "room", "lab"),
    ("line4", "Assembly line 4", "room", "north"),
    ("south", "South works", "site", None),
    ("quality", "Incoming inspection", "room", "south"),
    ("utility", "Utility building", "building", "south"),
)
KINDS = (
    ("EL-DMM", "Handheld multimeter", "Electrical", 12),
    ("EL-DMMB", "Bench multimeter", "Electrical", 12),
    ("EL-OSC", "Oscilloscope", "Electrical", 12),
    ("EL-CLP", "Clamp meter", "Electrical", 12),
    ("EL-CAL", "Multifunction calibrator", "Electrical", 12),
    ("DM-MIC", "Outside micrometer", "Dimensional", 6),
    ("DM-CAL", "Caliper", "Dimensional", 6),
    ("DM-DIA", "Dial indicator", "Dimensional", 4),
    ("DM-GB", "Gauge blocks", "Dimensional", 24),
    ("PR-GAU", "Pressure gauge", "Pressure", 12),
    ("PR-REF", "Digital pressure reference", "Pressure", 12),
    ("MS-BAL", "Analytical balance", "Mass", 12),
    ("MS-SCL", "Platform scale", "Mass", 12),
    ("MS-WGT", "Weights", "Mass", 24),
    ("TM-DIG", "Digital thermometer", "Temperature", 12),
    ("TM-IR", "Infrared thermometer", "Temperature", 12),
    ("TM-RH", "Thermo-hygrometer", "Temperature", 12),
    ("TQ-WRN", "Torque wrench", "Torque", 12),
    ("TQ-TST", "Torque transducer", "Torque", 12),
    ("VL-PIP", "Micropipette", "Volume", 6),
    ("CH-PH", "pH meter", "Chemistry", 12),
    ("TF-STP", "Stopwatch", "Time", 12),
    ("NC-REF", "Reference only", "Other", None),
)
CLASSES = {"MS-WGT": ("class", "Class", ("E2", "F1", "M1"))}
# Code, name, maker, model, serial number, place, range, accuracy, and what else is known.
INSTRUMENTS: tuple[tuple[Any, ...], ...] = (
    ("EL-DMM", "Handheld multimeter", "Kestrel", "KM 40", "402117", "electrical",
     ("0", "1000", "V", "0.001"), "0.5 % + 2", {"custodian": "technician"}),
    ("EL-DMM", "Handheld multimeter", "Kestrel", "KM 40", "402118", "line4",
     ("0", "1000", "V", "0.001"), "0.5 % + 2", {"custodian": "technician"}),
    ("EL-DMM", "Handheld multimeter", "Orbis", "O-17", "A0093", "utility",
     ("0", "600", "V", "0.01"), "0.9 % + 3", {}),
    ("EL-DMMB", "Bench multimeter 6½ digits", "Halden", "H6500", "00071-22", "electrical",
     ("0", "1000", "V", "0.000001"), "35 ppm", {"criticality": "high"}),
    ("EL-OSC", "Oscilloscope 200 MHz", "Halden", "HX 204", "HX204-881", "electrical",
     ("0", "200", "MHz", None), "2 %", {}),
    ("EL-CLP", "Clamp meter 600 A", "Orbis", "C6", "C6-5521", "utility",
     ("0", "600", "A", "0.1"), "2 % + 5", {}),
    ("EL-CAL", "Multifunction calibrator", "Halden", "HC 55", "HC55-014", "electrical",
     ("0", "1000", "V", "0.000001"), "11 ppm", {"standard": True, "criticality": "high"}),
    ("DM-MIC", "Outside micrometer 0–25 mm", "Sorrel", "S-25", "250031", "dimensional",
     ("0", "25", "mm", "0.001"), "4 µm", {}),
    ("DM-MIC", "Outside micrometer 25–50 mm", "Sorrel", "S-50", "500017", "dimensional",
     ("25", "50", "mm", "0.001"), "4 µm", {}),
    ("DM-MIC", "Outside micrometer 0–25 mm", "Sorrel", "S-25", "250044", "line4",
     ("0", "25", "mm", "0.001"), "4 µm", {"out": "technician"}),
    ("DM-CAL", "Digital caliper 150 mm", "Sorrel", "SC 150", "C15-2209", "line4",
     ("0", "150", "mm", "0.01"), "0.03 mm", {}),
    ("DM-CAL", "Digital caliper 150 mm", "Sorrel", "SC 150", "C15-2210", "quality",
     ("0", "150", "mm", "0.01"), "0.03 mm", {}),
    ("DM-CAL", "Digital caliper 300 mm", "Sorrel", "SC 300", "C30-0118", "quality",
     ("0", "300", "mm", "0.01"), "0.04 mm", {"limitation": "Outside measurement only"}),
    ("DM-DIA", "Dial indicator 10 mm", "Tarn", "D10", "D10-771", "dimensional",
     ("0", "10", "mm", "0.01"), "15 µm", {}),
    ("DM-DIA", "Dial indicator 10 mm", "Tarn", "D10", "D10-772", "line4",
     ("0", "10", "mm", "0.01"), "15 µm", {"status": "quarantined"}),
    ("DM-GB", "Gauge block set, grade 1, 47 pieces", "Tarn", "GB 47", "47-1180", "dimensional",
     ("0.5", "100", "mm", None), "Grade 1", {"standard": True}),
    ("PR-GAU", "Pressure gauge 0–10 bar", "Ventra", "VG 100", "VG-10-331", "utility",
     ("0", "10", "bar", "0.1"), "Class 1.0", {}),
    ("PR-GAU", "Pressure gauge 0–100 bar", "Ventra", "VG 100", "VG-100-118", "utility",
     ("0", "100", "bar", "1"), "Class 1.0", {}),
    ("PR-GAU", "Pressure gauge 0–16 bar", "Ventra", "VG 63", "VG-16-902", "line4",
     ("0", "16", "bar", "0.5"), "Class 1.6", {"status": "out_of_service"}),
    ("PR-REF", "Digital pressure reference 200 bar", "Ventra", "PR 200", "PR200-07", "lab",
     ("0", "200", "bar", "0.01"), "0.05 % of span", {"standard": True}),
    ("MS-BAL", "Analytical balance 220 g", "Libella", "L 220", "L220-5510", "mass",
     ("0", "220", "g", "0.0001"), "0.10 % repeatability", {"criticality": "high"}),
    ("MS-BAL", "Precision balance 2 kg", "Libella", "L 2000", "L2000-0331", "quality",
     ("0", "2000", "g", "0.01"), "0.05 %", {}),
    ("MS-SCL", "Platform scale 15 kg", "Libella", "P 15", "P15-1290", "quality",
     ("0", "15", "kg", "0.005"), "Class III", {}),
    ("MS-WGT", "Weight set 1 g–200 g", "Libella", "W F1", "F1-0442", "mass",
     ("1", "200", "g", None), "F1", {"standard": True, "custom": {"class": "F1"}}),
    ("MS-WGT", "Weight 1 kg", "Libella", "W E2", "E2-0017", "mass",
     ("1000", "1000", "g", None), "1.6 mg", {"standard": True, "custom": {"class": "E2"}}),
    ("TM-DIG", "Digital thermometer with probe", "Boreal", "T 200", "T200-881", "lab",
     ("-50", "200", "°C", "0.01"), "0.15 + 0.002·|t|", {"standard": True}),
    ("TM-DIG", "Digital thermometer with probe", "Boreal", "T 100", "T100-113", "line4",
     ("-30", "150", "°C", "0.1"), "0.5 °C", {}),
    ("TM-DIG", "Digital thermometer with probe", "Boreal", "T 100", "T100-114", "quality",
     ("-30", "150", "°C", "0.1"), "0.5 °C", {"status": "lost"}),
    ("TM-IR", "Infrared thermometer", "Boreal", "IR 8", "IR8-2007", "utility",
     ("-40", "800", "°C", "0.1"), "1 °C or 1 %", {}),
    ("TM-RH", "Thermo-hygrometer", "Boreal", "RH 2", "RH2-5001", "electrical",
     ("10", "95", "%RH", "0.1"), "3 %RH, 0.5 °C", {}),
    ("TM-RH", "Thermo-hygrometer", "Boreal", "RH 2", "RH2-5002", "dimensional",
     ("10", "95", "%RH", "0.1"), "3 %RH, 0.5 °C", {}),
    ("TQ-WRN", "Torque wrench 20–100 N·m", "Drehmut", "DW 100", "DW-100-71", "line4",
     ("20", "100", "N·m", "0.5"), "4 %", {}),
    ("TQ-WRN", "Torque wrench 20–100 N·m", "Drehmut", "DW 100", "DW-100-72", "line4",
     ("20", "100", "N·m", "0.5"), "4 %", {}),
    ("TQ-WRN", "Torque wrench 1–10 N·m", "Drehmut", "DW 10", "DW-10-09", "line4",
     ("1", "10", "N·m", "0.05"), "6 %", {"status": "in_maintenance"}),
    ("TQ-TST", "Torque transducer 200 N·m", "Drehmut", "TT 200", "TT200-3", "lab",
     ("1", "200", "N·m", "0.01"), "1 %", {"standard": True}),
    ("VL-PIP", "Micropipette 100–1000 µl", "Fennel", "P1000", "P1K-3307", "quality",
     ("100", "1000", "µl", "1"), "8 µl", {}),
    ("VL-PIP", "Micropipette 10–100 µl", "Fennel", "P100", "P1H-1180", "quality",
     ("10", "100", "µl", "0.1"), "0.8 µl", {}),
    ("CH-PH", "pH meter", "Fennel", "pH 7", "PH7-0442", "quality",
     ("0", "14", "pH", "0.01"), "0.05", {}),
    ("TF-STP", "Stopwatch", "Tarn", "ST 1", "ST1-90", "lab",
     ("0", "24", "h", "0.01"), "0.1 s/h", {}),
    ("NC-REF", "Steel rule 500 mm", "Sorrel", "R 500", "", "line4",
     ("0", "500", "mm", "1"), "", {"limitation": "For reference only"}),
    ("NC-REF", "Mains indicator lamp", "Orbis", "L1", "", "utility",
     None, "", {"limitation": "Indication only"}),
)  # fmt: skip


def load(unit: UnitOfWork, memory: dict[str, Any]) -> None:
    """Fills the demonstration laboratory; dates are relative to the clock.

    Leaves in ``memory``: ``locations`` and ``categories`` (ids by key), ``suppliers`` (ids), and
    ``equipment``, one ``{"id", "code", "standard", "status", "months"}`` per instrument.

    Args:
        unit: of the system itself.
        memory: what the plugins hand on in order; ``people`` holds ids by username.
    """
    memory["locations"] = _places(unit)
    memory["categories"] = _kinds(unit)
    memory["suppliers"] = [
        entries.add(unit, entries.SUPPLIERS, {"name": name, "accreditation_number": number}).id
        for name, number in (("Northgate Metrology", "NG-0417"), ("Aurelia Instruments", ""))
    ]
    months = {code: usual for code, _, _, usual in KINDS}
    memory["equipment"] = [
        {
            "id": _instrument(unit, memory, number, row),
            "code": row[0],
            "standard": bool(row[8].get("standard")),
            "status": row[8].get("status", "in_service"),
            "months": months[row[0]],
        }
        for number, row in enumerate(INSTRUMENTS)
    ]


def _places(unit: UnitOfWork) -> dict[str, uuid.UUID]:
    """Makes the locations."""
    found: dict[str, uuid.UUID] = {}
    for key, name, kind, parent in PLACES:
        values = {"name": name, "kind": kind, "parent_id": found.get(parent or "")}
        found[key] = locations.add(unit, values).id
    return found


def _kinds(unit: UnitOfWork) -> dict[str, uuid.UUID]:
    """Makes the categories, below their groups."""
    found: dict[str, uuid.UUID] = {}
    groups: dict[str, uuid.UUID] = {}
    for code, name, group, months in KINDS:
        if group not in groups:
            groups[group] = categories.add(unit, {"name": group}).id
        values: dict[str, Any] = {"name": name, "parent_id": groups[group]}
        if months:
            values["default_interval"] = {"value": months, "unit": "months"}
        if code in CLASSES:
            member, label, choices = CLASSES[code]
            field = {"name": member, "label": label, "type": "choice", "choices": list(choices)}
            values["custom_field_schema"] = {"fields": [field]}
        found[code] = categories.add(unit, values).id
    return found


def _instrument(
    unit: UnitOfWork, memory: dict[str, Any], number: int, row: tuple[Any, ...]
) -> uuid.UUID:
    """Enters one instrument and what became of it."""
    code, name, maker, model, serial, place, limits, accuracy, more = row
    ranges = []
    if limits is not None:
        low, high, unit_name, resolution = limits
        entry = {"min": low, "max": high, "unit": unit_name, "resolution": resolution}
        ranges = [{k: v for k, v in entry.items() if v} | {"accuracy_text": accuracy}]
    people = memory.get("people", {})
    made = equipment.register(
        unit,
        {
            "name": name,
            "manufacturer": maker,
            "model": model,
            "serial_number": serial,
            "category_id": memory["categories"][code],
            "location_id": memory["locations"][place],
            "department": "Metrology" if place in {"lab", "electrical", "mass"} else "Production",
            "custodian_id": _person(people, more.get("custodian")),
            "criticality": more.get("criticality", "normal"),
            "is_reference_standard": bool(more.get("standard")),
            "use_limitation": more.get("limitation", ""),
            "custom_fields": more.get("custom", {}),
            "supplier_id": memory["suppliers"][number % 2],
            "acquired_on": unit.today() - timedelta(days=DAYS_A_YEAR * 3 + 11 * number),
            "ranges": ranges,
        },
    )
    if "status" in more:
        found = equipment.find(unit, made)
        move_on(unit, found, more["status"], "Found so at the yearly round")
        unit.reason = None
    if "out" in more and _person(people, more["out"]) is not None:
        back = unit.today() + timedelta(days=9)
        holder = _person(people, more["out"])
        custody.check_out(
            unit,
            made,
            holder_id=holder,
            expected_return_on=back,
            override_reason="It went out before its first calibration was entered",
        )
        unit.reason = None
    return made


def _person(people: dict[str, Any], username: str | None) -> uuid.UUID | None:
    """Returns somebody's id, if the demonstration has such a person."""
    found = people.get(username or "")
    return getattr(found, "id", found)
