"""The drift chart: how the error of one test point moved, between its limits."""

from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup

from calibrify_core.kernel.dates import in_words
from calibrify_core.web.chart_data import Drift, DriftPoint
from calibrify_core.web.chart_ink import circle, drawing, level, pointed, words
from calibrify_core.web.chart_scale import (
    DateScale,
    Frame,
    ValueScale,
    date_ticks,
    pixels,
    plain,
    signed,
    ticks,
)

HEADROOM = Decimal("0.14")


def draw_drift(drift: Drift, frame: Frame) -> Markup:
    """Draws one size of the drift chart, from the back to the front."""
    days = [point.on for point in drift.points] + [step.on for step in drift.projection]
    across = DateScale.around(frame, [*days, drift.due] if drift.due else days)
    down = drift_scale(drift, frame)
    ink = [
        *drift_ground(drift, frame, across, down),
        *drift_course(drift, across, down),
        *(drift_mark(drift, point, across, down) for point in drift.points),
        words("", "4", str(frame.top - 3), "start", drift.unit),
    ]
    return drawing(frame, drift.label, ink)


def drift_scale(drift: Drift, frame: Frame) -> ValueScale:
    """Finds the value axis that holds limits, points with uncertainty, cone and zero."""
    seen = [Decimal(0)]
    seen += [limit for limit in (drift.lower, drift.upper) if limit is not None]
    seen += [edge for step in drift.projection for edge in (step.low, step.high)]
    for point in drift.points:
        spread = point.uncertainty or Decimal(0)
        for value in (point.found, point.after):
            seen += [value - spread, value + spread]
    low, high = min(seen), max(seen)
    room = (high - low) * HEADROOM or Decimal(1)
    return ValueScale(frame, low - room, high + room)


def drift_ground(drift: Drift, frame: Frame, across: DateScale, down: ValueScale) -> list[Markup]:
    """Draws what lies behind the points: acceptance zone, grid, zero, limits, guard band, due."""
    top = first(drift.guard_upper, drift.upper, down.high)
    floor = first(drift.guard_lower, drift.lower, down.low)
    ink = []
    if drift.lower is not None or drift.upper is not None:
        height = pixels(down.at(floor) - down.at(top))
        ink.append(
            Markup('<rect class="zone" x="{}" y="{}" width="{}" height="{}"/>').format(
                frame.left, down.text(top), frame.end - frame.left, height
            )
        )
    for value in ticks(down.low, down.high, 6):
        ink.append(level("zero" if value == 0 else "grid", frame, down.text(value)))
        y = pixels(down.at(value) + 4)
        ink.append(words("", str(frame.left - 8), y, "end", signed(value)))
    for day, label in date_ticks(across.first, across.last, 5 if frame.compact else 10):
        ink.append(words("", across.text(day), str(frame.height - 8), "middle", label))
    guards = [limit for limit in (drift.guard_upper, drift.guard_lower) if limit is not None]
    ink += [level("guard", frame, down.text(limit)) for limit in guards]
    return ink + drift_limits(drift, frame, down) + drift_due(drift, frame, across)


def first(*candidates: Decimal | None) -> Decimal:
    """Returns the first number that is there; the last candidate always is."""
    return next(number for number in candidates if number is not None)


def drift_limits(drift: Drift, frame: Frame, down: ValueScale) -> list[Markup]:
    """Draws the limits with their names, beside the plot when there is room."""
    ink = []
    for value, name, lift in (
        (drift.upper, drift.words[0], -5),
        (drift.lower, drift.words[1], 14),
    ):
        if value is None:
            continue
        ink.append(level("lim", frame, down.text(value)))
        x, anchor, offset = frame.end + 8, "start", 4
        if frame.compact:
            x, anchor, offset = frame.end - 4, "end", lift
        ink.append(words("strong", str(x), pixels(down.at(value) + offset), anchor, name))
    guard = drift.guard_upper
    roomy = guard is not None and (
        drift.upper is None or down.at(guard) - down.at(drift.upper) > 18
    )
    if guard is not None and roomy and not frame.compact:
        y = pixels(down.at(guard) + 4)
        ink.append(words("", str(frame.end + 8), y, "start", drift.words[2]))
    return ink


def drift_due(drift: Drift, frame: Frame, across: DateScale) -> list[Markup]:
    """Draws the marker of the next due day, if there is one."""
    if drift.due is None:
        return []
    x = across.at(drift.due)
    line = Markup('<line class="now" x1="{x}" x2="{x}" y1="{}" y2="{}"/>').format(
        frame.top, frame.floor, x=pixels(x)
    )
    y = str(frame.top + (-2 if frame.compact else 4))
    return [line, words("strong", pixels(x - 5), y, "end", drift.due_label)]


def drift_course(drift: Drift, across: DateScale, down: ValueScale) -> list[Markup]:
    """Draws projection and lines; a line breaks where the instrument was adjusted."""
    ink = []
    last = drift.points[-1]
    start = f"M{across.text(last.on)} {down.text(last.after)}"
    if drift.projection:
        upper = [f"L{across.text(p.on)} {down.text(p.high)}" for p in drift.projection]
        lower = [f"L{across.text(p.on)} {down.text(p.low)}" for p in reversed(drift.projection)]
        middle = [f"L{across.text(p.on)} {down.text(p.value)}" for p in drift.projection]
        ink.append(Markup('<path class="cone" d="{}Z"/>').format(start + "".join(upper + lower)))
        ink.append(Markup('<path class="proj" d="{}"/>').format(start + "".join(middle)))
    for before, after in pairwise(drift.points):
        ink.append(
            Markup('<path class="line" d="M{} {}L{} {}"/>').format(
                across.text(before.on),
                down.text(before.after),
                across.text(after.on),
                down.text(after.found),
            )
        )
    ink += [
        Markup('<line class="adj" x1="{x}" x2="{x}" y1="{}" y2="{}"/>').format(
            down.text(point.found), down.text(point.after), x=across.text(point.on)
        )
        for point in drift.points
        if point.adjusted
    ]
    return ink


def drift_mark(drift: Drift, point: DriftPoint, across: DateScale, down: ValueScale) -> Markup:
    """Draws one calibration: uncertainty bar, as found, as left, and the area that takes focus."""
    x = across.at(point.on)
    ink = []
    if point.uncertainty is not None:
        ink.append(
            Markup('<line class="err" x1="{x}" x2="{x}" y1="{}" y2="{}"/>').format(
                down.text(point.found + point.uncertainty),
                down.text(point.found - point.uncertainty),
                x=pixels(x),
            )
        )
    ink.append(circle("pt", x, down.at(point.found), 4.5))
    if point.adjusted:
        ink.append(circle("pt left", x, down.at(point.after), 4.5))
    else:
        ink.append(circle("dot", x, down.at(point.found), 2.2))
    ink.append(circle("hit", x, down.at(point.found), 14))
    tip = point.tip or drift_tip(drift, point)
    return pointed(tip, ink, "bad" if point.failed else "")


def drift_tip(drift: Drift, point: DriftPoint) -> str:
    """Writes the text of a point: day, as found, as left, uncertainty."""
    lines = [f"{in_words(point.on)}: {drift.words[3]} {signed(point.found)} {drift.unit}"]
    if point.left is not None:
        lines.append(f"{drift.words[4]} {signed(point.left)} {drift.unit}")
    if point.uncertainty is not None:
        lines.append(f"U = {plain(point.uncertainty)} {drift.unit}")
    return "\n".join(lines)
