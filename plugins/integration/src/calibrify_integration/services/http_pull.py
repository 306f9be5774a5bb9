"""Connectors that ask another system over HTTP: page by page, from where the last run ended."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from pydantic import Field

from calibrify_core.api.types import Body
from calibrify_core.exchange.writing import CsvText
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.domain.addresses import Refused
from calibrify_integration.domain.json_records import (
    BadDocument,
    at,
    furthest,
    parse_document,
    records_at,
    table_of,
)
from calibrify_integration.public import ConnectorFailed, ConnectorKind, Work
from calibrify_integration.services.egress import Answer, Egress, Limits, Unreachable

LIMITS = Limits(connect_seconds=5.0, total_seconds=60.0, most_bytes=16 << 20)
MOST_PAGES = 500
RESERVED = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "te"}
)
_NEXT = re.compile(r"<([^<>]{1,2000})>\s*;[^,]*\brel=\"?next\"?")

Path = Annotated[str, Field(max_length=200)]
Token = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]


class PullSettings(Body):
    """Where records come from, and how one page leads to the next."""

    url: str = Field(
        title="Address",
        description="Public, or in a network that the installation admits.",
        min_length=1,
        max_length=2000,
    )
    format: Literal["json", "csv"] = Field("json", title="Format")
    records: Path = Field(
        "",
        title="Path of the records",
        description="JSON: names with dots between; empty: the document itself is the list.",
    )
    next: Path = Field(
        "",
        title="Path of the next page",
        description="JSON: where its address stands; empty: the Link header is read.",
    )
    cursor: Path = Field(
        "", title="Cursor", description="The member whose greatest value the next run begins after."
    )
    since: str = Field(
        "",
        title="Parameter of the cursor",
        description="As the address takes it.",
        max_length=100,
    )
    header: Token = Field(
        "Authorization", title="Header of the secret", description="Where the secret is sent."
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pull stands; kept after each page.

    Attributes:
        since: greatest cursor of the last pull that came to its end.
        high: greatest cursor so far.
        page: address of the next page; empty: a pull begins.
        etag: of the first page, if the pull had no other.
        modified: when the first page was changed, likewise.
    """

    since: str = ""
    high: str = ""
    page: str = ""
    etag: str = ""
    modified: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns the place as it is kept."""
        return {name: getattr(self, name) for name in self.__slots__}


def check_pull(unit: UnitOfWork, settings: PullSettings) -> None:
    """Checks an address before it is kept.

    Raises:
        Invalid: no request would go there, or the header is not for giving.
    """
    Egress.of(unit.platform).check(settings.url, "settings/url")


def run_pull(work: Work) -> None:
    """Asks for what is new, page by page.

    Raises:
        ConnectorFailed: the other side does not answer as it should.
    """
    settings: PullSettings = work.settings
    place = Place(**{name: str(work.cursor.get(name, "")) for name in Place.__slots__})
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        work.stop_if_cancelled()
        address = place.page or first_address(settings, place.since)
        if address in seen:
            raise ConnectorFailed("The pages lead in a circle.")
        seen.add(address)
        answer = _ask(work, settings, address, place)
        if answer.status == 304:
            work.log("Nothing has changed since the last time.")
            return
        place = _import(work, settings, address, answer, place)
        if not place.page:
            return
    work.log(f"There are more than {MOST_PAGES} pages: the next run goes on.")


def first_address(settings: PullSettings, since: str) -> str:
    """Returns the address at which a pull begins.

    >>> first_address(PullSettings(url="https://a.example/x?all=1", since="after"), "2026-01-01")
    'https://a.example/x?all=1&after=2026-01-01'
    """
    if not settings.since or not since:
        return settings.url
    parts = urlsplit(settings.url)
    query = [pair for pair in parse_qsl(parts.query, True) if pair[0] != settings.since]
    return urlunsplit(parts._replace(query=urlencode([*query, (settings.since, since)])))


def _ask(work: Work, settings: PullSettings, address: str, place: Place) -> Answer:
    """Asks for a page.

    Raises:
        ConnectorFailed: there is no good answer.
    """
    accept = "application/json" if settings.format == "json" else "text/csv"
    headers = {"Accept": accept, "User-Agent": "Calibrify"}
    if work.secret is not None and settings.header.lower() not in RESERVED:
        headers[settings.header] = work.secret
    if not place.page:
        headers |= {"If-None-Match": place.etag} if place.etag else {}
        headers |= {"If-Modified-Since": place.modified} if place.modified else {}
    try:
        answer = Egress.of(work.platform).send("GET", address, headers=headers, limits=LIMITS)
    except (Refused, Unreachable) as error:
        raise ConnectorFailed(str(error)) from None
    if answer.status not in {200, 304}:
        raise ConnectorFailed(f"The other side answered {answer.status}.")
    if not answer.whole:
        raise ConnectorFailed(f"The answer is larger than {LIMITS.most_bytes >> 20} MiB.")
    return answer


def _import(
    work: Work, settings: PullSettings, address: str, answer: Answer, place: Place
) -> Place:
    """Imports a page, and keeps with it where the next one is.

    Raises:
        ConnectorFailed: the page cannot be read.
    """
    host = urlsplit(address).hostname or "page"
    following = place
    if settings.format == "csv":
        content, name = answer.body, f"{host}.csv"
        following = replace(following, page=_next(address, answer.headers.get("link", "")))
    else:
        try:
            document = parse_document(answer.body)
            records = records_at(document, settings.records)
            columns, rows = table_of(records)
        except BadDocument as error:
            raise ConnectorFailed(str(error)) from None
        text = CsvText()
        content, name = text.start(columns) + text.encode(rows) if columns else b"", f"{host}.json"
        high = furthest(records, settings.cursor, place.high) if settings.cursor else ""
        found = at(document, settings.next) if settings.next else None
        link = _next(address, answer.headers.get("link", ""))
        page = _same_host(address, found) if isinstance(found, str) and found else link
        following = replace(following, page=page, high=high)
    if not place.page:
        following = replace(following, **_freshness(answer.headers, alone=not following.page))
    if not following.page:
        following = replace(following, since=following.high or following.since)
        if settings.since and following.since != place.since:
            # The next pull begins at another address, of which nothing is known yet.
            following = replace(following, etag="", modified="")
    if content:
        work.deliver(io.BytesIO(content), name, cursor=following.as_json())
    else:
        work.log(f"{name}: no records.")
        work.keep(following.as_json())
    return following


def _freshness(headers: Mapping[str, str], *, alone: bool) -> dict[str, str]:
    """Returns by what the next pull asks whether anything changed: if one page is all there is."""
    if not alone:
        return {"etag": "", "modified": ""}
    return {
        "etag": headers.get("etag", "")[:500],
        "modified": headers.get("last-modified", "")[:100],
    }


def _next(address: str, links: str) -> str:
    """Returns the next page that a ``Link`` header names (RFC 8288), empty if none."""
    found = _NEXT.search(links)
    return _same_host(address, found[1]) if found else ""


def _same_host(address: str, link: str) -> str:
    """Returns a link as an address, if it leads to the same place: it gets the same secret.

    Raises:
        ConnectorFailed: it leads elsewhere.
    """
    whole = urljoin(address, link)
    here, there = urlsplit(address), urlsplit(whole)
    try:
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError:
        same = False
    if not same or there.username or len(whole) > 2000:
        raise ConnectorFailed("The next page is at another host.")
    return whole


HTTP_PULL = ConnectorKind(
    "integration.http",
    "HTTP pull",
    PullSettings,
    check_pull,
    run_pull,
    target="url",
    needs_key=True,
)
