"""Forms: fields from a description, values from what was posted, errors beside their fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from calibrify_core.kernel.errors import FieldError, Invalid

TEXT_KINDS = frozenset({"text", "textarea", "email", "password", "date", "decimal", "number"})
MOST_TEXT = 100_000
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    Attributes:
        name: of the control and of the schema's member.
        label: above the control.
        kind: how it is drawn, see the macro ``field``.
        hint: below the label.
        required: whether something must be given; optional fields say so.
        options: (value, label) of a select or radio group.
        blank: text of a first empty option.
        unit: behind the control.
        extra: further attributes of the control.
        wide: whether it spans the form.
        rows: height of a textarea.
        accept: file types.
        mono: whether it holds an identifier or a reading.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    required: bool = False
    options: Sequence[tuple[str, str]] = ()
    blank: str | None = None
    unit: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    wide: bool = False
    rows: int = 4
    accept: str = ""
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields.

    Attributes:
        title: its legend.
        fields: in order.
        hint: below the legend.
    """

    title: str
    fields: Sequence[FormField]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form page.

    Attributes:
        action: where it is sent.
        sections: its fields.
        submit_label: of the button that sends it.
        cancel_href: where the way back leads.
        cancel_label: of the way back, where *Cancel* would mean something else.
        lead: one sentence below the title.
        hidden: (name, value) that travel along.
        upload: whether it sends files.
        buttons: further submit buttons, (label, value) of ``do``.
    """

    action: str
    sections: Sequence[Section]
    submit_label: str = "Save"
    cancel_href: str = ""
    cancel_label: str = ""
    lead: str = ""
    hidden: Sequence[tuple[str, str]] = ()
    upload: bool = False
    buttons: Sequence[tuple[str, str]] = ()

    def shown(
        self, values: Mapping[str, Any], problems: Sequence[Mapping[str, str]] = ()
    ) -> dict[str, Any]:
        """Returns the form as its template needs it, with values and problems.

        Args:
            values: by field name; what a person typed is never cleared.
            problems: from `calibrify_core.web.kit.problems_of`.
        """
        errors = {problem["name"]: problem["text"] for problem in reversed(problems)}
        sections = [
            {
                "title": section.title,
                "hint": section.hint,
                "fields": [_shown(item, values, errors) for item in section.fields],
            }
            for section in self.sections
        ]
        return {
            "action": self.action,
            "lead": self.lead,
            "submit_label": self.submit_label,
            "cancel_href": self.cancel_href,
            "cancel_label": self.cancel_label,
            "upload": self.upload,
            "problems": named(problems, {item.name: item.label for item in self.fields()}),
            "hidden": list(self.hidden),
            "sections": sections,
            "buttons": [{"label": label, "value": value} for label, value in self.buttons],
        }

    def fields(self) -> Iterable[FormField]:
        """Yields all fields."""
        for section in self.sections:
            yield from section.fields


def named(problems: Iterable[Mapping[str, str]], labels: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns problems as the error summary lists them: away from their fields, with their names.

    Args:
        problems: from `calibrify_core.web.kit.problems_of`.
        labels: by field name.

    >>> named([{"name": "kind", "text": "This is needed."}], {"kind": "Kind"})
    [{'name': 'kind', 'text': 'Kind: This is needed.'}]
    """
    found = []
    for one in problems:
        label = labels.get(one["name"], "")
        found.append({**one, "text": f"{label}: {one['text']}" if label else one["text"]})
    return found


def _shown(item: FormField, values: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, Any]:
    """Returns one field as the macro ``field`` needs it."""
    shown: dict[str, Any] = {
        "kind": item.kind,
        "name": item.name,
        "label": item.label,
        "hint": item.hint,
        "required": item.required,
        "options": list(item.options),
        "unit": item.unit,
        "extra": dict(item.extra),
        "wide": item.wide,
        "rows": item.rows,
        "accept": item.accept,
        "mono": item.mono,
        "value": values.get(item.name),
        "error": errors.get(item.name, ""),
    }
    if item.blank is not None:
        shown["blank"] = item.blank
    return shown


def posted(form: Form, post: Any) -> dict[str, Any]:
    """Returns what was posted, by field: blank text is absent, a checkbox is true or false.

    Args:
        form: the form.
        post: the request's ``POST``.

    Raises:
        Invalid: something posted is no text.
    """
    values: dict[str, Any] = {}
    for item in form.fields():
        if item.kind == "checkbox":
            values[item.name] = item.name in post
        elif item.kind == "checkboxes":
            values[item.name] = post.getall(item.name)
        elif item.kind == "file":
            continue
        else:
            text = post.get(item.name, "")
            if not isinstance(text, str) or "\x00" in text or len(text) > MOST_TEXT:
                raise Invalid.field(item.name, f"{item.label} cannot be read.")
            values[item.name] = text.replace("\r\n", "\n").strip() or None
    return values


def validated(schema: type[M], values: Mapping[str, Any]) -> M:
    """Validates values with a schema of the API; the page and the API say the same.

    Raises:
        Invalid: with the error of each field.
    """
    try:
        return schema.model_validate(dict(values))
    except ValidationError as error:
        raise Invalid(
            [
                FieldError("/" + "/".join(str(part) for part in problem["loc"]), _sentence(problem))
                for problem in error.errors(include_url=False)
            ]
        ) from None


def _sentence(problem: Any) -> str:
    """Returns a problem of the validator as a sentence for a person."""
    if problem["type"] in {"missing", "string_too_short"} or problem.get("input") is None:
        return "This is needed."
    text = str(problem["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
