"""What is wrong with data that the rules were given: every problem named by its member.

The domain knows no HTTP and no wire format; it says *which member* of the thing it was given is
wrong and why. A service puts its own prefix (``/points/3``) before the pointer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        pointer: JSON pointer of the member, relative to the thing that was given
            (``/tolerance/span``); empty when the whole thing is wrong.
        detail: One sentence for the person who entered it.
    """

    pointer: str
    detail: str

    def under(self, prefix: str) -> Problem:
        """Return the same problem with a prefix before its pointer.

        Args:
            prefix: A JSON pointer such as ``/points/3``.

        >>> Problem("/span", "Give the span.").under("/points/0/tolerance").pointer
        '/points/0/tolerance/span'
        """
        return Problem(prefix + self.pointer, self.detail)


class RuleError(ValueError):
    """Data that the rules cannot work with, with all its problems.

    >>> error = RuleError([Problem("/span", "Give the span.")])
    >>> str(error)
    '/span: Give the span.'
    >>> [problem.pointer for problem in error.problems]
    ['/span']
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems.

        Args:
            problems: At least one problem.
        """
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(
            "; ".join(
                f"{problem.pointer}: {problem.detail}" if problem.pointer else problem.detail
                for problem in self.problems
            )
        )

    def under(self, prefix: str) -> RuleError:
        """Return the same error with a prefix before every pointer.

        Args:
            prefix: A JSON pointer such as ``/points/3``.
        """
        return RuleError(problem.under(prefix) for problem in self.problems)


def refuse(pointer: str, detail: str) -> RuleError:
    """Make an error with a single problem.

    Args:
        pointer: JSON pointer of the member, relative to the thing that was given.
        detail: One sentence for the person who entered it.

    >>> refuse("/interval/value", "Use a whole number.").problems[0].detail
    'Use a whole number.'
    """
    return RuleError([Problem(pointer, detail)])
