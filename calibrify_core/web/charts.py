"""Charts as SVG, drawn by the server: they work without scripts, in print and in the PDF.

Numbers are ``Decimal`` and days are ``date``; ``float`` appears in pixel coordinates only. The
drawings carry class names, never colours: ``static/css/data.css`` paints them.
"""

from collections.abc import Sequence
from decimal import Decimal

import segno
from markupsafe import Markup

from calibrify_core.web.chart_data import Bar, Drift, Forecast, Gauge, Part
from calibrify_core.web.chart_drift import draw_drift
from calibrify_core.web.chart_ink import box, circle, drawing, level, pointed, words
from calibrify_core.web.chart_scale import Frame, ValueScale, percent, pixels, plain, ticks

GAUGE_EDGE = Decimal("1.45")
DRIFT_WIDE = Frame(760, 290, 52, 92, 16, 30, compact=False)
DRIFT_COMPACT = Frame(350, 240, 40, 12, 16, 30, compact=True)
BARS_WIDE = Frame(760, 240, 34, 10, 18, 34, compact=False)
BARS_COMPACT = Frame(350, 240, 24, 2, 18, 34, compact=True)


def tolerance_gauge(gauge: Gauge) -> Markup:
    """Draws the tolerance gauge, 120 × 20: hollow as found, filled as left.

    Args:
        gauge: Fractions of the tolerance; beyond ±1.45 the mark stays at the edge, not the text.

    Returns:
        An ``svg.tol`` element.
    """
    left = gauge.found if gauge.left is None else gauge.left
    label = gauge.label or f"As found {percent(gauge.found)} of tolerance"
    if not gauge.label and left != gauge.found:
        label += f", as left {percent(left)}"
    ink = [
        Markup('<rect class="track" y="6" width="120" height="8" rx="4"/>'),
        Markup('<rect class="guard" x="20" y="6" width="80" height="8"/>'),
    ]
    zone = gauge_x(min(gauge.guard, Decimal(1)) if gauge.guard is not None else Decimal(1)) - 60
    ink.append(
        Markup('<rect class="zone" x="{}" y="6" width="{}" height="8"/>').format(
            pixels(60 - zone), pixels(2 * zone)
        )
    )
    ink.append(
        Markup('<path class="limit" d="M20 3v14M100 3v14"/><path class="zero" d="M60 6v8"/>')
    )
    if left != gauge.found:
        ink.append(circle("found", gauge_x(gauge.found), 10, 3.6))
    if gauge.uncertainty is not None:
        ends = (gauge_x(left - gauge.uncertainty), gauge_x(left + gauge.uncertainty))
        ink.append(Markup('<path class="u" d="M{} 10H{}"/>').format(*map(pixels, ends)))
    ink.append(circle("left", gauge_x(left), 10, 4))
    return Markup(
        '<svg class="tol st-{}" viewBox="0 0 120 20" role="img" aria-label="{}">{}</svg>'
    ).format(gauge.tone, label, Markup("").join(ink))


def gauge_x(fraction: Decimal) -> float:
    """Returns the x coordinate of a fraction of the tolerance, held inside the gauge."""
    return 60 + 40 * float(max(-GAUGE_EDGE, min(GAUGE_EDGE, fraction)))


def drift_chart(drift: Drift) -> Markup:
    """Draws the drift chart in two sizes; the style sheet shows the one that fits.

    Args:
        drift: History with at least one point.

    Returns:
        A ``div.chartbox`` with a wide and a narrow drawing; empty markup without points.
    """
    if not drift.points:
        return Markup("")
    both = (draw_drift(drift, DRIFT_WIDE), draw_drift(drift, DRIFT_COMPACT))
    return Markup('<div class="chartbox">{}{}</div>').format(*both)


def bar_forecast(forecast: Forecast) -> Markup:
    """Draws the workload to come as stacked columns against the capacity, in two sizes.

    Args:
        forecast: Columns and capacity.

    Returns:
        A ``div.chartbox`` with a wide and a narrow drawing; empty markup without columns.
    """
    if not forecast.bars:
        return Markup("")
    both = (draw_bars(forecast, BARS_WIDE), draw_bars(forecast, BARS_COMPACT))
    return Markup('<div class="chartbox">{}{}</div>').format(*both)


def draw_bars(forecast: Forecast, frame: Frame) -> Markup:
    """Draws one size of the forecast."""
    highest = max([bar.total for bar in forecast.bars] + [forecast.capacity or 0, 1])
    down = ValueScale(frame, Decimal(0), Decimal(highest) * Decimal("1.15"))
    ink = []
    for value in ticks(down.low, down.high, 5):
        if value == value.to_integral_value():
            ink.append(level("grid", frame, down.text(value)))
            y = pixels(down.at(value) + 4)
            ink.append(words("", str(frame.left - 8), y, "end", plain(value)))
    among = len(forecast.bars)
    ink += [draw_bar(bar, place, among, down) for place, bar in enumerate(forecast.bars)]
    if forecast.capacity is not None:
        ink.append(level("cap", frame, down.text(Decimal(forecast.capacity))))
    ink += [name_bar(bar, place, among, down) for place, bar in enumerate(forecast.bars)]
    return drawing(frame, forecast.label, ink)


def draw_bar(bar: Bar, place: int, among: int, down: ValueScale) -> Markup:
    """Draws the pieces of one column and the area that takes focus."""
    frame = down.frame
    start, end = frame.across(place / among), frame.across((place + 1) / among)
    width = end - start
    ink, height = [], 0
    for part in bar.parts:
        if part.count:
            top, floor = down.at(Decimal(height + part.count)), down.at(Decimal(height))
            ink.append(box(f"bar-{part.tone}", start + width * 0.2, top, width * 0.6, floor - top))
            height += part.count
    ink.append(box("hit", start, frame.top, width, frame.floor - frame.top))
    pieces = [f"{part.count} {part.word}" for part in bar.parts if part.count]
    tip = bar.tip or "\n".join([f"{bar.label}: {bar.total}", *pieces])
    return pointed(tip, ink)


def name_bar(bar: Bar, place: int, among: int, down: ValueScale) -> Markup:
    """Writes the total above a column, over the capacity line, and the label below."""
    frame = down.frame
    middle = pixels(frame.across((place + 0.5) / among))
    above = pixels(down.at(Decimal(bar.total)) - 5)
    total = words("strong", middle, above, "middle", str(bar.total))
    if frame.compact and place % 2 and among > 6:
        return total
    return total + words("", middle, str(frame.height - 14), "middle", bar.label)


def stacked_bar(parts: Sequence[Part], label: str = "") -> Markup:
    """Draws shares of a whole as one flat bar.

    Args:
        parts: Pieces from the start of the line.
        label: Spoken text; made from the parts when empty.

    Returns:
        An ``svg.stackbar`` element.
    """
    total = sum(part.count for part in parts)
    ink, start = [], 0.0
    for part in parts:
        if part.count:
            width = 100 * part.count / total
            ink.append(
                Markup('<rect class="bar-{}" x="{:.2f}" width="{:.2f}" height="10"/>').format(
                    part.tone, start, max(width - 0.3, 0.2)
                )
            )
            start += width
    spoken = label or ", ".join(f"{part.count} {part.word}" for part in parts if part.count)
    return Markup(
        '<svg class="stackbar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>'
    ).format(spoken, Markup("").join(ink))


def qr_svg(text: str) -> Markup:
    """Draws a QR code with error correction M and the quiet zone that ISO/IEC 18004 asks for.

    Args:
        text: What the code says, usually an address.

    Returns:
        An ``svg.qrcode`` element; it is hidden from assistive technology, label its frame instead.

    Raises:
        segno.DataOverflowError: The text does not fit into the largest symbol.
    """
    matrix = segno.make(text, error="m", micro=False).matrix
    quiet, strokes = 4, []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                strokes.append(f"M{x + quiet} {y + quiet}.5h{run - x}")
            x = run + 1
    side = len(matrix) + 2 * quiet
    return Markup(
        '<svg class="qrcode" viewBox="0 0 {side} {side}" stroke="currentColor" aria-hidden="true"'
        ' shape-rendering="crispEdges"><path d="{}"/></svg>'
    ).format("".join(strokes), side=side)
