"""Instruments among the hits of the global search."""

from __future__ import annotations

from calibrify_core.hooks.declarations import SearchHit
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services.listing import equipment_list


def find_hits(unit: UnitOfWork, words: str, limit: int) -> list[SearchHit]:
    """Returns instruments with all words in name, tag, serial number, maker or model.

    Args:
        unit: the unit of work.
        words: what to look for.
        limit: most hits.
    """
    spec = equipment_list(unit.platform)
    asked = read_request(spec, [("q", words), ("limit", str(limit))], lenient=True)
    return [
        SearchHit(
            kind="equipment",
            title=f"{row['asset_tag']} {row['name']}",
            subtitle=" · ".join(
                text
                for text in (
                    f"{row['manufacturer']} {row['model']}".strip(),
                    row["serial_number"],
                    row["location"]["path"] if row["location"] else "",
                )
                if text
            ),
            href=f"/equipment/{row['id']}",
            icon="gauge",
            api=f"/api/v1/equipment/{row['id']}/",
        )
        for row in run_list(unit, spec, asked).rows
    ]
