"""Calibrations among the hits of the global search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.services.listing import CALIBRATIONS
from calibrify_core.hooks.declarations import SearchHit
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.work.unit import UnitOfWork

_NUMBERS = (Calibration.number, Calibration.issued_number, Calibration.certificate_number)


# Who looks for a calibration here has its number, or a paper's, in hand: words of instruments
# would bring up every calibration that they ever had.
_NUMBERED = replace(
    CALIBRATIONS,
    search=lambda word: sa.or_(*(sa.func.lower(number) == word for number in _NUMBERS)),
)


def find_hits(unit: UnitOfWork, words: str, limit: int) -> list[SearchHit]:
    """Returns calibrations whose number, or the number of whose certificate, is the word.

    Args:
        unit: the unit of work.
        words: what to look for; case does not count.
        limit: most hits.
    """
    asked = read_request(_NUMBERED, [("q", words), ("limit", str(limit))], lenient=True)
    return [_hit(row) for row in run_list(unit, _NUMBERED, asked).rows]


def _hit(row: Mapping[str, Any]) -> SearchHit:
    """Returns a calibration as a hit; its papers stand below it."""
    instrument = "{asset_tag} {name}".format_map(row["equipment"])
    papers = (row["certificate_number"], row["provider"]["certificate_number"])
    return SearchHit(
        kind="calibration",
        title=f"Calibration {row['number']}" if row["number"] else "Calibration",
        subtitle=" · ".join((instrument, *(f"Certificate {text}" for text in papers if text))),
        href=f"/calibrations/{row['id']}",
        icon="clipboard-check",
        api=f"/api/v1/calibrations/{row['id']}/",
    )
