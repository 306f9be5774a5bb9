"""The record form: what was typed, kept as it was typed, and as the body that the API takes."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from calibrify_calibration.domain.decimals import typed_number
from calibrify_calibration.pages.point_rows import reading_text
from calibrify_core.kernel.errors import Invalid

TEXTS = (
    "equipment_id",
    "schedule_id",
    "method",
    "kind",
    "performed_at",
    "received_on",
    "condition_received",
    "condition_returned",
    "place",
    "decision_rule",
    "guard_band_factor",
    "deviation_reason",
    "as_found_na_reason",
    "limitation",
    "notes",
    "temperature_c",
    "relative_humidity_pct",
    "new_standard",
    "version",
)
FLAGS = ("adjusted", "interval_agreed", "decision_rule_agreed")
ENVIRONMENT = ("temperature_c", "relative_humidity_pct")
NULLABLE = frozenset(
    {"schedule_id", "received_on", "guard_band_factor", "deviation_reason", "as_found_na_reason",
     "limitation"}
)  # fmt: skip
NUMBERS = ("nominal", "reference_value", "lower_limit", "upper_limit", "expanded_uncertainty",
           "coverage_factor", "resolution")  # fmt: skip
WORDS = ("section", "parameter", "unit", "range", "test_condition", "not_tested_reason",
         "reading_of")  # fmt: skip
EMPTY_WORDS = frozenset({"section", "range"})
PHASES = ("as_found", "as_left")
COLUMNS = (*WORDS, *NUMBERS, "plus_minus", *PHASES)
CARRIED = ("id", "direction", "channel", "tolerance", "in_scope", "standard_ids", *PHASES)
POINT = re.compile(r"points\.(\d{1,4})\.(\w+)", re.ASCII)
BETWEEN = re.compile(r"[;\s]+")
MOST_POINTS = 1_000
LONGEST = 20_000


@dataclass(slots=True)
class EntryPoint:
    """A test point of the form.

    Attributes:
        texts: by column, as typed.
        carried: members that the form does not show, as they were stored.
        opened: whether its definition is shown.
    """

    texts: dict[str, str] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)
    opened: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed; such a row is no point."""
        names = ("parameter", "nominal", "unit", "lower_limit", "upper_limit", "plus_minus")
        return not any(self.texts.get(name) for name in (*names, *PHASES))

    @property
    def carried_text(self) -> str:
        """The carried members, to travel in a hidden field."""
        return json.dumps(self.carried, separators=(",", ":")) if self.carried else ""


@dataclass(slots=True)
class Entry:
    """What is typed in the form.

    Attributes:
        texts: by name, as typed.
        flags: checkboxes.
        standards: ids of the reference standards, as text.
        points: test points in order.
    """

    texts: dict[str, str] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    standards: list[str] = field(default_factory=list)
    points: list[EntryPoint] = field(default_factory=list)


def entry_of_post(post: Any) -> Entry:
    """Returns what was posted.

    Args:
        post: the request's ``POST``.

    Raises:
        Invalid: something posted is no text, or a hidden field was damaged.
    """
    entry = Entry(
        texts={name: _text(post, name) for name in TEXTS},
        flags={name: name in post for name in FLAGS},
        standards=list(dict.fromkeys(item for item in post.getall("standard") if item)),
    )
    points: dict[int, EntryPoint] = {}
    for name in post:
        matched = POINT.fullmatch(name)
        if matched is None or int(matched[1]) >= MOST_POINTS:
            continue
        point = points.setdefault(int(matched[1]), EntryPoint())
        if matched[2] == "carried":
            point.carried = _carried(_text(post, name))
        elif matched[2] == "open":
            point.opened = True
        elif matched[2] in COLUMNS:
            point.texts[matched[2]] = _text(post, name)
    entry.points = [points[index] for index in sorted(points)]
    return entry


def _text(post: Any, name: str) -> str:
    """Returns one posted text."""
    text = post.get(name, "")
    if not isinstance(text, str) or "\x00" in text or len(text) > LONGEST:
        raise Invalid.field(name, "This cannot be read.")
    return text.replace("\r\n", "\n").strip()


def _carried(text: str) -> dict[str, Any]:
    """Returns the members that travel in a hidden field; the API's schema checks them later."""
    if not text:
        return {}
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not set(found) <= set(CARRIED):
        raise Invalid.field("points", "A test point came back damaged: load the page again.")
    return found


def entry_of_record(record: Mapping[str, Any], zone: ZoneInfo) -> Entry:
    """Returns a stored record as the form shows it.

    Args:
        record: as the API shows it.
        zone: in which moments are typed.
    """
    entry = Entry(flags={name: bool(record.get(name)) for name in FLAGS})
    for name in TEXTS:
        entry.texts[name] = _shown(record.get(name), zone)
    for name in ENVIRONMENT:
        entry.texts[name] = str((record.get("environment") or {}).get(name) or "")
    entry.standards = [str(item["equipment_id"]) for item in record.get("standards") or ()]
    entry.points = [entry_point(point) for point in record.get("points") or ()]
    return entry


def _shown(value: Any, zone: ZoneInfo) -> str:
    """Returns a member as its control shows it."""
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(zone):%Y-%m-%dT%H:%M}"
    return "" if value is None else str(value)


def entry_point(point: Mapping[str, Any], *, readings: bool = True) -> EntryPoint:
    """Returns a stored point as a row of the form.

    Args:
        point: as the API shows it.
        readings: whether to take its readings over too.
    """
    texts = {name: str(point.get(name) or "") for name in (*WORDS, *NUMBERS)}
    carried = {
        name: point[name]
        for name in CARRIED
        if name not in PHASES and point.get(name) not in (None, [], "")
    }
    if not readings:
        texts["not_tested_reason"] = ""
        carried.pop("id", None)
    width = plain_width(point.get("tolerance"))
    if width is not None:
        texts["plus_minus"] = width
        carried.pop("tolerance", None)
    for phase in PHASES if readings else ():
        entered = list(point.get(phase) or ())
        texts[phase] = readings_line(entered)
        if any(isinstance(item, Mapping) for item in entered):
            carried[phase] = entered
    return EntryPoint(texts, carried)


def plain_width(tolerance: Any) -> str | None:
    """Returns the width of a tolerance that is nothing but plus or minus an amount.

    >>> plain_width({"absolute": "0.5"}), plain_width({"ppm": "10"}), plain_width(None)
    ('0.5', None, None)
    """
    if isinstance(tolerance, Mapping):
        given = {name: value for name, value in tolerance.items() if value is not None}
        if set(given) == {"absolute"}:
            return str(given["absolute"])
    return None


def readings_line(readings: Sequence[Any]) -> str:
    """Returns readings on one line.

    >>> readings_line(["10.0", {"indication": "-10.1"}])
    '10.0; -10.1'
    """
    return "; ".join(reading_text(item) for item in readings).replace("\N{MINUS SIGN}", "-")


def body_of(entry: Entry, zone: ZoneInfo) -> dict[str, Any]:
    """Returns the form as the body of the API's request; blank rows are left out.

    Args:
        entry: what was typed.
        zone: in which moments were typed.
    """
    skipped = {"version", "new_standard", "performed_at", *ENVIRONMENT}
    body: dict[str, Any] = {
        name: text or None if name in NULLABLE else text
        for name, text in entry.texts.items()
        if name not in skipped
    }
    body["guard_band_factor"] = typed_number(entry.texts.get("guard_band_factor", "")) or None
    body["performed_at"] = moment_of(entry.texts.get("performed_at", ""), zone)
    body["environment"] = {
        name: typed_number(entry.texts[name]) for name in ENVIRONMENT if entry.texts.get(name)
    }
    body |= entry.flags
    body["standards"] = [{"equipment_id": item} for item in entry.standards]
    body["points"] = [point_body(point) for point in entry.points if not point.is_blank]
    return body


def moment_of(text: str, zone: ZoneInfo) -> str | None:
    """Returns a moment as the API takes it; what cannot be read stays as it is.

    >>> moment_of("2026-11-20T10:30", ZoneInfo("Europe/Berlin"))
    '2026-11-20T10:30:00+01:00'
    """
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=zone).isoformat(timespec="seconds")
    except ValueError:
        return text


def point_body(point: EntryPoint) -> dict[str, Any]:
    """Returns a row of the form as a point of the API.

    Args:
        point: what was typed and what travelled along.
    """
    texts = point.texts
    body: dict[str, Any] = {
        name: value for name, value in point.carried.items() if name not in PHASES
    }
    for name in WORDS:
        text = texts.get(name, "")
        if text or name in EMPTY_WORDS:
            body[name] = text
    for name in NUMBERS:
        if texts.get(name):
            body[name] = typed_number(texts[name])
    if texts.get("plus_minus"):
        body["tolerance"] = {"absolute": typed_number(texts["plus_minus"].lstrip("±+ "))}
    elif texts.get("lower_limit") or texts.get("upper_limit"):
        body.pop("tolerance", None)
    for phase in PHASES:
        text = texts.get(phase, "")
        stored = point.carried.get(phase)
        same = isinstance(stored, list) and readings_line(stored) == text
        body[phase] = stored if same else readings_of(text)
    return body


def readings_of(text: str) -> list[str]:
    """Returns the readings of a line: separated by spaces or semicolons.

    >>> readings_of("10,01; 10.02 10.03")
    ['10.01', '10.02', '10.03']
    """
    return [typed_number(item) for item in BETWEEN.split(text) if item]
