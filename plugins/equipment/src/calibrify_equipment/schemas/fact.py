"""Facts: plain fields of an instrument, described once for every place that shows or takes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

FactKind = Literal["text", "prose", "date", "decimal", "boolean", "choice"]
BLANKS: Mapping[str, Any] = {"text": "", "prose": "", "boolean": False}


@dataclass(frozen=True, slots=True)
class Fact:
    """What forms, pages, lists, import and export need to know of a plain field.

    It stands in the annotation of the schema's member; the column of the same name holds it.

    Attributes:
        label: as people read it.
        section: of the form: ``ownership`` or ``metrology``.
        kind: what it holds.
        hint: below the label of the form's field.
        synonyms: other names that columns of registers have.
        example: a value for the template of the import.
        most: characters at most, for texts.
        choices: (value, label) of a choice.
        default: where nothing is given; by default what is blank for the kind.
        filterable: whether lists can be filtered by it.
        money: whether it is an amount in the organisation's currency.
    """

    label: str
    section: Literal["ownership", "metrology"]
    kind: FactKind = "text"
    hint: str = ""
    synonyms: tuple[str, ...] = ()
    example: str = ""
    most: int = 200
    choices: tuple[tuple[str, str], ...] = field(default=())
    default: Any = None
    filterable: bool = True
    money: bool = False

    @property
    def blank(self) -> Any:
        """The value where nothing is given."""
        return BLANKS.get(self.kind) if self.default is None else self.default


def facts_in(schema: type[BaseModel]) -> dict[str, Fact]:
    """Returns the facts among the members of a schema, by name, in their order."""
    return {
        name: found
        for name, member in schema.model_fields.items()
        for found in member.metadata
        if isinstance(found, Fact)
    }
