"""The list of all errors that the API answers."""

from __future__ import annotations

from collections.abc import Iterator

from calibrify_core.api.problem import Unexpected
from calibrify_core.kernel.errors import CalibrifyError, ConfigurationError
from reference_pages import markdown
from reference_pages.docstring import docstring_of

COLUMNS = ("status", "code", "title", "when")


def listed() -> str:
    """Returns the table of errors, sorted by their status."""
    # Who asks never sees the one that stops the start.
    found = {Unexpected, *_descendants(CalibrifyError)} - {ConfigurationError}
    rows = []
    for kind in sorted(found, key=lambda kind: (kind.status, kind.code)):
        doc = docstring_of(kind)
        when = " ".join([doc.summary, *doc.text.split()])
        rows.append([str(kind.status), markdown.code(kind.code), kind.title, when])
    return markdown.table(COLUMNS, rows)


def _descendants(kind: type[CalibrifyError]) -> Iterator[type[CalibrifyError]]:
    """Yields the errors below an error, the plugins' included."""
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
