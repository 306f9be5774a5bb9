"""The figures of maintenance on the wire."""

from typing import Annotated

from pydantic import Field

from calibrify_core.api.types import Date, ExactDecimal, Filters, Identifier, Shape


class KpiFilters(Filters):
    """What figures are asked for: whole days of the organisation, and which instruments."""

    from_: Annotated[Date | None, Field(alias="from")] = None
    to: Date | None = None
    equipment: Identifier | None = None
    category: Identifier | None = None


class ComplianceOut(Shape):
    """Planned work that fell due; `percent` is null where nothing did."""

    due: int
    on_time: int
    percent: ExactDecimal | None


class BacklogOut(Shape):
    """Work that is waiting; its hours as similar orders took, of those that are known."""

    count: int
    hours: ExactDecimal
    unestimated: int


class MonthOut(Shape):
    """The figures of one month, or of its part within the days."""

    month: str
    failures: int
    downtime_hours: ExactDecimal
    availability_percent: ExactDecimal | None


class KpisOut(Shape):
    """The figures of some days; a mean without a failure is null."""

    from_: Annotated[Date, Field(alias="from")]
    to: Date
    instruments: int
    failures: int
    operating_hours: ExactDecimal
    downtime_hours: ExactDecimal
    mtbf_hours: ExactDecimal | None
    mttr_hours: ExactDecimal | None
    availability_percent: ExactDecimal | None
    compliance: ComplianceOut
    backlog: BacklogOut
    months: list[MonthOut]
