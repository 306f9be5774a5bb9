"""What the charts show: small frozen records of numbers, days and words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Gauge:
    """One test point against its tolerance; every number is a fraction of the tolerance.

    Attributes:
        found: As-found error; 1 is the upper limit, −1 the lower.
        left: As-left error; absent when nothing was adjusted.
        uncertainty: Expanded uncertainty; absent when unknown.
        guard: Acceptance limit, 0 to 1; absent when there is no guard band.
        tone: State tone of the verdict: ok, soon, oot or out.
        label: Spoken text; made from the numbers when empty.
    """

    found: Decimal
    left: Decimal | None = None
    uncertainty: Decimal | None = None
    guard: Decimal | None = None
    tone: str = "out"
    label: str = ""


@dataclass(frozen=True)
class DriftPoint:
    """One calibration of a test point.

    Attributes:
        on: Day of the calibration.
        found: As-found error, in the unit of the chart.
        left: As-left error; absent when nothing was adjusted.
        uncertainty: Expanded uncertainty, same unit.
        failed: The as-found verdict was a fail.
        tip: Text of the point; made from the numbers when empty.
    """

    on: date
    found: Decimal
    left: Decimal | None = None
    uncertainty: Decimal | None = None
    failed: bool = False
    tip: str = ""

    @property
    def after(self) -> Decimal:
        """The error that the instrument went back to work with."""
        return self.found if self.left is None else self.left

    @property
    def adjusted(self) -> bool:
        """Whether the as-left error differs from the as-found one."""
        return self.after != self.found


@dataclass(frozen=True)
class Projected:
    """A point of the projection.

    Attributes:
        on: Day.
        value: Expected error.
        low: Lower edge of the cone.
        high: Upper edge of the cone.
    """

    on: date
    value: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Drift:
    """History of one test point.

    Attributes:
        points: Calibrations, oldest first.
        unit: Unit of all numbers.
        label: One sentence that says what the drawing shows.
        lower: Lower limit of the error; absent for a one-sided tolerance.
        upper: Upper limit of the error; absent for a one-sided tolerance.
        guard_lower: Lower acceptance limit.
        guard_upper: Upper acceptance limit.
        due: Day of the next calibration.
        due_label: Words at the due marker.
        projection: Expected course after the last point.
        words: Words on the drawing: upper limit, lower limit, guard band, as found, as left.
    """

    points: tuple[DriftPoint, ...]
    unit: str
    label: str
    lower: Decimal | None = None
    upper: Decimal | None = None
    guard_lower: Decimal | None = None
    guard_upper: Decimal | None = None
    due: date | None = None
    due_label: str = ""
    projection: tuple[Projected, ...] = ()
    words: tuple[str, str, str, str, str] = (
        "Upper limit",
        "Lower limit",
        "Guard band",
        "as found",
        "as left",
    )


@dataclass(frozen=True)
class Part:
    """One piece of a stacked bar.

    Attributes:
        tone: State tone, gives the colour.
        count: How many; not negative.
        word: What is counted.
    """

    tone: str
    count: int
    word: str


@dataclass(frozen=True)
class Bar:
    """One column of a forecast.

    Attributes:
        label: Words below the column.
        parts: Pieces from the bottom up, three at most.
        tip: Text of the column; made from the parts when empty.
    """

    label: str
    parts: tuple[Part, ...]
    tip: str = ""

    @property
    def total(self) -> int:
        """The sum of the pieces."""
        return sum(part.count for part in self.parts)


@dataclass(frozen=True)
class Forecast:
    """Workload to come.

    Attributes:
        bars: Columns in order of time.
        label: One sentence that says what the drawing shows.
        capacity: Height of the dashed line; absent when unknown.
    """

    bars: tuple[Bar, ...]
    label: str
    capacity: int | None = None
