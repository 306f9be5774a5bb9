"""Strokes that the charts share: circle, box, line across the plot, words, the whole drawing."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from calibrify_core.web.chart_scale import Frame, pixels


def circle(name: str, x: float, y: float, radius: float) -> Markup:
    """Draws a circle of a class."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
        name, pixels(x), pixels(y), pixels(radius)
    )


def box(name: str, x: float, y: float, width: float, height: float) -> Markup:
    """Draws a rectangle of a class."""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        name, pixels(x), pixels(y), pixels(width), pixels(height)
    )


def level(name: str, frame: Frame, y: str) -> Markup:
    """Draws a line across the plot at a height."""
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
        name, frame.left, frame.end, y=y
    )


def words(name: str, x: str, y: str, anchor: str, text: str) -> Markup:
    """Writes text into a drawing; an empty class name leaves the class out."""
    kind = Markup(' class="{}"').format(name) if name else ""
    return Markup('<text{} x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, text
    )


def drawing(frame: Frame, label: str, ink: Sequence[Markup]) -> Markup:
    """Wraps ink into one SVG element with its summary."""
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>'
    ).format(
        "narrow" if frame.compact else "wide",
        frame.width,
        frame.height,
        label,
        Markup("").join(ink),
    )


def pointed(tip: str, ink: Sequence[Markup], name: str = "") -> Markup:
    """Groups ink into something that takes focus and tells its values.

    Args:
        tip: Text of the group; line breaks survive in HTML and in XML.
        ink: What to draw.
        name: Class of the group; none when empty.

    Returns:
        A ``g`` element.
    """
    text = escape(tip).replace("\n", Markup("&#10;"))
    kind = Markup(' class="{}"').format(name) if name else ""
    return Markup('<g{} tabindex="0" role="img" aria-label="{}" data-tip="{}">{}</g>').format(
        kind, text, text, Markup("").join(ink)
    )
