"""Pieces of Markdown: code, tables, fields, and lists of members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def code(text: str) -> str:
    """Returns text as a code span."""
    return f"`{text}`"


def block(language: str, text: str) -> str:
    """Returns text as a block of code."""
    return f"```{language}\n{text}\n```"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )


def fields(facts: Mapping[str, str]) -> str:
    """Returns names with what is said of each; what is empty is left out."""
    return "\n".join(f":{name}: {text}" for name, text in facts.items() if text)


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """Returns terms, each with a sentence about it below."""
    return "\n\n".join(f"{term}\n: {text}" for term, text in entries)


def paragraphs(*parts: str) -> str:
    """Returns what there is of several parts, one below the other."""
    return "\n\n".join(part for part in parts if part)
