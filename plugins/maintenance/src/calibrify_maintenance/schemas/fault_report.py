"""A fault as somebody without an account reports it."""

from typing import Annotated, Literal

from calibrify_core.api.types import Body, Line, ShortText


class FaultReportIn(Body):
    """What is wrong, and who says so; both name and contact may stay out."""

    title: Annotated[str, ShortText(200, least=3)]
    description: Annotated[str, ShortText(2_000, lines=True)] = ""
    priority: Literal["low", "normal", "high"] = "normal"
    reporter: Line = ""
    contact: Line = ""
