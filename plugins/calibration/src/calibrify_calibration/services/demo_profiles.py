"""How instruments of the demonstration laboratory are calibrated: points, limits, standards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """The calibration of one kind of instrument.

    Attributes:
        method: by which it is done.
        points: section, parameter, unit, nominal, half tolerance, expanded uncertainty and
            decimal places of a reading.
        standard: kind of the reference standard that is used, None for none.
        reading_of: whose readings they are.
        rule: decision rule.
    """

    method: str
    points: tuple[tuple[str, str, str, str, str, str, int], ...]
    standard: str | None = None
    reading_of: str = "uut"
    rule: str = "simple_acceptance"


PROFILES: Mapping[str, Profile] = {
    "EL-DMM": Profile(
        "CP-DMM-01 rev 3",
        (
            ("DC", "DC voltage", "V", "1", "0.007", "0.0008", 3),
            ("DC", "DC voltage", "V", "10", "0.07", "0.006", 2),
            ("DC", "DC voltage", "V", "100", "0.7", "0.06", 1),
            ("AC", "AC voltage, 50 Hz", "V", "230", "2.5", "0.4", 1),
            ("Ohm", "Resistance", "Ω", "1000", "10", "1.2", 0),
        ),
        "EL-CAL",
    ),
    "EL-OSC": Profile(
        "CP-OSC-02 rev 1",
        (
            ("Vertical", "Gain, 100 mV/div", "mV", "600", "18", "2", 0),
            ("Horizontal", "Time base, 1 ms/div", "ms", "10.000", "0.005", "0.0006", 4),
        ),
        "EL-CAL",
    ),
    "EL-CLP": Profile(
        "CP-CLP-01 rev 2",
        (
            ("AC", "AC current, 50 Hz", "A", "100.0", "2.5", "0.3", 1),
            ("AC", "AC current, 50 Hz", "A", "400.0", "8.5", "1.1", 1),
        ),
        "EL-CAL",
    ),
    "DM-MIC": Profile(
        "CP-MIC-01 rev 5",
        (
            ("Length", "Length", "mm", "5.100", "0.004", "0.0008", 3),
            ("Length", "Length", "mm", "12.700", "0.004", "0.0008", 3),
            ("Length", "Length", "mm", "25.000", "0.004", "0.0009", 3),
        ),
        "DM-GB",
        rule="guard_band_u",
    ),
    "DM-CAL": Profile(
        "CP-CAL-01 rev 2",
        (
            ("Outside", "Length", "mm", "30.00", "0.03", "0.008", 2),
            ("Outside", "Length", "mm", "100.00", "0.03", "0.009", 2),
        ),
        "DM-GB",
    ),
    "DM-DIA": Profile(
        "CP-DIA-01 rev 1",
        (
            ("Length", "Deviation", "mm", "2.00", "0.015", "0.003", 3),
            ("Length", "Deviation", "mm", "8.00", "0.015", "0.003", 3),
        ),
        "DM-GB",
    ),
    "PR-GAU": Profile(
        "CP-PRG-01 rev 4",
        (
            ("Rising", "Gauge pressure", "bar", "2.00", "0.10", "0.012", 2),
            ("Rising", "Gauge pressure", "bar", "6.00", "0.10", "0.012", 2),
            ("Falling", "Gauge pressure", "bar", "6.00", "0.10", "0.012", 2),
        ),
        "PR-REF",
    ),
    "MS-SCL": Profile(
        "CP-SCL-01 rev 1",
        (
            ("Load", "Indication", "kg", "5.000", "0.0075", "0.0016", 3),
            ("Load", "Indication", "kg", "15.000", "0.0075", "0.0021", 3),
        ),
        "MS-WGT",
    ),
    "MS-BAL": Profile(
        "CP-BAL-01 rev 2",
        (
            ("Load", "Indication", "g", "50.0000", "0.0010", "0.0002", 4),
            ("Load", "Indication", "g", "200.0000", "0.0020", "0.0004", 4),
        ),
        "MS-WGT",
        rule="guard_band_u",
    ),
    "TM-DIG": Profile(
        "CP-TMP-01 rev 3",
        (
            ("Bath", "Temperature", "°C", "0.00", "0.50", "0.06", 2),
            ("Bath", "Temperature", "°C", "50.00", "0.50", "0.06", 2),
            ("Bath", "Temperature", "°C", "100.00", "0.50", "0.08", 2),
        ),
        "TM-STD",
    ),
    "TM-IR": Profile(
        "CP-IRT-01 rev 1",
        (
            ("Black body", "Temperature", "°C", "100.0", "1.5", "0.5", 1),
            ("Black body", "Temperature", "°C", "300.0", "3.0", "0.9", 1),
        ),
        "TM-STD",
    ),
    "TM-RH": Profile(
        "CP-HYG-01 rev 2",
        (
            ("Chamber", "Relative humidity", "%RH", "35.0", "3.0", "0.9", 1),
            ("Chamber", "Temperature", "°C", "23.0", "0.5", "0.1", 1),
        ),
        "TM-STD",
    ),
    "TQ-WRN": Profile(
        "CP-TRQ-01 rev 6",
        (
            ("Clockwise", "Torque", "N·m", "20", "0.8", "0.2", 2),
            ("Clockwise", "Torque", "N·m", "60", "2.4", "0.5", 2),
            ("Clockwise", "Torque", "N·m", "100", "4", "0.8", 2),
        ),
        "TQ-TST",
        reading_of="standard",
    ),
    "VL-PIP": Profile(
        "CP-PIP-01 rev 1",
        (
            ("Volume", "Volume", "µl", "100.0", "0.8", "0.15", 2),
            ("Volume", "Volume", "µl", "50.0", "0.8", "0.15", 2),
        ),
        "MS-WGT",
    ),
    "CH-PH": Profile(
        "CP-PHM-01 rev 2",
        (
            ("Buffer", "pH", "pH", "4.00", "0.05", "0.012", 2),
            ("Buffer", "pH", "pH", "7.00", "0.05", "0.012", 2),
        ),
    ),
}
"""Profiles by category code; other kinds go to an outside laboratory."""

STORIES: Mapping[int, tuple[str, int]] = {
    # place in the register: (what becomes of it, days until it is due)
    1: ("plain", -12),
    2: ("adjusted", 150),
    4: ("plain", 24),
    5: ("plain", -40),
    7: ("plain", 12),
    9: ("plain", -3),
    10: ("draft", 6),
    12: ("limited", 95),
    14: ("failed", 0),
    16: ("plain", 20),
    22: ("submitted", 9),
    36: ("plain", 28),
}
"""What becomes of some instruments; all others are simply in order."""

NEVER = frozenset({38})
"""Instruments that were just bought and have no calibration yet."""
