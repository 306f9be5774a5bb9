"""Scales of the charts: which values get a tick, where they land, how they are written."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

MINUS = "\N{MINUS SIGN}"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
YEARS_FROM_DAYS = 730
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
MONTH_STEPS = (1, 2, 3, 6, 12)
YEAR_STEPS = (1, 2, 5, 10, 20, 50)


def pixels(value: float) -> str:
    """Writes a coordinate with one decimal at most.

    Args:
        value: Coordinate in pixels of the view box.

    Returns:
        The shortest text, such as ``12`` or ``12.5``.
    """
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain(value: Decimal) -> str:
    """Writes a number without exponent, keeping its digits, with a real minus sign.

    Args:
        value: Any finite number.

    Returns:
        Text such as ``10.00`` or ``−0.5``.
    """
    return f"{value:f}".replace("-", MINUS)


def signed(value: Decimal) -> str:
    """Writes a number with its sign; zero has none.

    Args:
        value: Any finite number.

    Returns:
        Text such as ``+2.5``, ``−2.5`` or ``0``.
    """
    return f"+{plain(value)}" if value > 0 else plain(value)


def percent(fraction: Decimal) -> str:
    """Writes a fraction of the tolerance in percent, as whole numbers where that is honest.

    Rounding never moves a value across the limit: 1.004 is written ``+100.4``, not ``+100``.

    Args:
        fraction: Error divided by tolerance; 1 is the limit.

    Returns:
        Signed text with a narrow space and the percent sign.
    """
    exact = fraction * 100
    shown = exact
    for step in (Decimal(1), Decimal("0.1"), Decimal("0.01")):
        shown = exact.quantize(step, rounding=ROUND_HALF_UP)
        if (abs(shown) > 100) == (abs(exact) > 100):
            break
    else:
        shown = exact
    return f"{signed(shown)}{NARROW_SPACE}%"


def ticks(low: Decimal, high: Decimal, most: int) -> list[Decimal]:
    """Chooses round values between two ends.

    Args:
        low: Lower end.
        high: Upper end, above the lower one.
        most: How many steps there may be.

    Returns:
        Ascending multiples of 1, 2, 2.5 or 5 times a power of ten; empty if the ends meet.
    """
    span = high - low
    if span <= 0:
        return []
    power = Decimal(1).scaleb((span / most).adjusted())
    step = next(power * factor for factor in STEPS if span / (power * factor) <= most)
    first = int((low / step).to_integral_value(rounding="ROUND_CEILING"))
    last = int((high / step).to_integral_value(rounding="ROUND_FLOOR"))
    return [tidy(step * count) for count in range(first, last + 1)]


def tidy(value: Decimal) -> Decimal:
    """Drops trailing zeros, without turning 100 into ``1E+2``.

    Args:
        value: Any finite number.

    Returns:
        The same number in its shortest plain form.
    """
    short = value.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def date_ticks(first: date, last: date, most: int) -> list[tuple[date, str]]:
    """Chooses the starts of years, or of months when the span is short.

    Args:
        first: Begin of the axis.
        last: End of the axis.
        most: How many ticks there may be.

    Returns:
        Pairs of day and label: ``2026`` for years, ``2026-03`` for months.
    """
    if (last - first).days > YEARS_FROM_DAYS:
        years = range(first.year + (first > date(first.year, 1, 1)), last.year + 1)
        step = next((s for s in YEAR_STEPS if len(years) / s <= most), YEAR_STEPS[-1])
        return [(date(year, 1, 1), str(year)) for year in years if year % step == 0]
    begin = first.year * 12 + first.month - (first.day == 1)
    months = range(begin, last.year * 12 + last.month)
    step = next((s for s in MONTH_STEPS if len(months) / s <= most), MONTH_STEPS[-1])
    chosen = [date(month // 12, month % 12 + 1, 1) for month in months if month % 12 % step == 0]
    return [(day, f"{day:%Y-%m}") for day in chosen]


@dataclass(frozen=True)
class Frame:
    """The plot area inside a drawing, in pixels of the view box.

    Attributes:
        width: Width of the whole drawing.
        height: Height of the whole drawing.
        left: Room for the value axis.
        right: Room for labels after the plot.
        top: Room above the plot.
        bottom: Room for the category or time axis.
        compact: The drawing is the small one, for phones.
    """

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    compact: bool

    @property
    def end(self) -> int:
        """The x coordinate where the plot area ends."""
        return self.width - self.right

    @property
    def floor(self) -> int:
        """The y coordinate where the plot area ends."""
        return self.height - self.bottom

    def across(self, share: float) -> float:
        """Returns the x coordinate of a share (0 to 1) of the plot width."""
        return self.left + share * (self.end - self.left)

    def down(self, share: float) -> float:
        """Returns the y coordinate of a share (0 to 1) of the plot height, from the top."""
        return self.top + share * (self.floor - self.top)


@dataclass(frozen=True)
class ValueScale:
    """Maps numbers to y coordinates.

    Attributes:
        frame: Where to draw.
        low: Number at the bottom.
        high: Number at the top.
    """

    frame: Frame
    low: Decimal
    high: Decimal

    def at(self, value: Decimal) -> float:
        """Returns the y coordinate of a number, in pixels."""
        return self.frame.down(float((self.high - value) / (self.high - self.low)))

    def text(self, value: Decimal) -> str:
        """Returns the y coordinate of a number as text."""
        return pixels(self.at(value))


@dataclass(frozen=True)
class DateScale:
    """Maps days to x coordinates.

    Attributes:
        frame: Where to draw.
        first: Day at the start of the axis.
        last: Day at the end of the axis.
    """

    frame: Frame
    first: date
    last: date

    def at(self, day: date) -> float:
        """Returns the x coordinate of a day, in pixels."""
        return self.frame.across((day - self.first) / (self.last - self.first))

    def text(self, day: date) -> str:
        """Returns the x coordinate of a day as text."""
        return pixels(self.at(day))

    @classmethod
    def around(cls, frame: Frame, days: list[date]) -> "DateScale":
        """Builds an axis with a little room before the first and after the last day.

        Args:
            frame: Where to draw.
            days: At least one day, in any order.

        Returns:
            The scale; a single day gets half a year on both sides.
        """
        first, last = min(days), max(days)
        room = timedelta(days=max((last - first).days // 24, 15 if first != last else 183))
        return cls(frame, first - room, last + room)
