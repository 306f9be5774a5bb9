"""What a plugin declares: frozen values that its hooks return at boot.

A declaration says what exists and how to reach it. The callables in it are invoked later,
behind a guard that names the plugin when one of them fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin says about itself.

    Attributes:
        name: lower-case word; prefix of its tables, routes, permissions, tasks and settings.
        title: as people read it.
        description: one sentence.
        core_api: the level of the core's plugin interface that it was written for.
        migrations: the package whose ``versions`` folder holds its revisions.
    """

    name: str
    title: str
    description: str
    core_api: int
    migrations: str


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that can be allowed.

    Attributes:
        name: ``<plugin>.<noun>:<verb>``.
        title: what it allows, for the roles page.
        roles: default roles that hold it from the start.
        since: version that brought it.
    """

    name: str
    title: str
    roles: tuple[str, ...] = ()
    since: str = "0.1"


@dataclass(frozen=True, slots=True)
class Role:
    """A default role that every organisation starts with.

    Attributes:
        name: machine name, for example ``technician``.
        title: as people read it.
        description: whom it is for.
    """

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class ScopeKind:
    """A kind of object scope that a grant can be limited to.

    Attributes:
        name: ``location``, ``category``; the ``type`` of a grant's scope.
        title: as people read it.
        model: the mapped class of the tree whose node a grant names; it has ``name`` and
            ``organisation_id``.
    """

    name: str
    title: str
    model: type[Any]


@dataclass(frozen=True, slots=True)
class Task:
    """Work that runs in the background, at least once.

    Attributes:
        name: ``<plugin>.<verb_noun>``.
        run: called with the `TaskContext` of the run; must be idempotent by its outbox id.
        tries: how often it is tried before it is parked as failed.
        seconds: after which its lease ends and another worker may take it.
        permission: what starts it as a job; an API token sees and cancels the jobs of its owner
            only where it holds this. None: no token does.
    """

    name: str
    run: Callable[[Any], None]
    tries: int = 8
    seconds: int = 300
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task that starts by the clock.

    Attributes:
        task: name of the task.
        every: seconds between two starts; one start per slot, however many processes run.
    """

    task: str
    every: int


EVERY = object
"""The class that every event is of, in a `Subscriber` that hears of all of them."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Code that hears of a domain event.

    Attributes:
        event: the event's class; `EVERY` hears of all of them, within the transaction.
        run: called with (event, unit).
        when: ``within`` the transaction that publishes it (a failure undoes both), or
            ``after`` its commit, in the background, with retries.
    """

    event: type[Any]
    run: Callable[[Any, Any], None]
    when: str = "after"

    def __post_init__(self) -> None:
        if self.event is EVERY and self.when != "within":
            raise ValueError("who hears of every event hears of it within the transaction")


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A line in the menu.

    Attributes:
        title: as people read it.
        route: name of the route it leads to.
        icon: name in the icon sprite.
        permission: shown to who holds it.
        section: heading above it, empty for the first section.
        order: sorts within the section, small first.
        tab: whether it stands in the tab bar of a phone.
        badge: called with the unit; a count beside the entry, or None.
        keys: pressed one after the other they lead there, for example ``g d``.
    """

    title: str
    route: str
    icon: str
    permission: str
    section: str = ""
    order: int = 100
    tab: bool = False
    badge: Callable[[Any], str | None] | None = None
    keys: str = ""


@dataclass(frozen=True, slots=True)
class PageSlot:
    """A place on a page into which other plugins may put panels.

    Attributes:
        name: ``<plugin>.<noun>.<place>``, for example ``equipment.detail.main``.
        description: what is handed to the panels there.
    """

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A card for a slot.

    Attributes:
        slot: name of the slot.
        name: unique, ``<plugin>.<what>``.
        template: asset spec of the Jinja template that draws it.
        data: called with (unit, subject), returns the template's variables or None for nothing.
        permission: shown to who holds it.
        order: small first.
    """

    slot: str
    name: str
    template: str
    data: Callable[[Any, Any], Mapping[str, Any] | None]
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class DashboardWidget:
    """A card of the dashboard; the same as a panel of the slot ``dashboard.<column>``.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        column: ``figures``, ``main`` or ``side``.
        template: asset spec of the Jinja template that draws it.
        data: called with the unit, returns the template's variables or None for nothing.
        permission: shown to who holds it.
        order: small first.
    """

    name: str
    column: str
    template: str
    data: Callable[[Any], Mapping[str, Any] | None]
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class SummaryFigures:
    """Members of ``GET /api/v1/dashboard/summary/``.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        data: called with the unit, returns members to merge into the summary.
        members: the names it answers for, with their JSON schema.
    """

    name: str
    data: Callable[[Any], Mapping[str, Any]]
    members: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One result of the global search.

    Attributes:
        kind: what it is, for example ``equipment``.
        title: first line.
        subtitle: second line.
        href: path of its page.
        icon: name in the icon sprite.
        api: path of its JSON.
    """

    kind: str
    title: str
    subtitle: str
    href: str
    icon: str
    api: str | None = None


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Where the global search looks.

    Attributes:
        name: unique, ``<plugin>.<noun>``.
        permission: asked only for who holds it.
        find: called with (unit, words, limit), returns `SearchHit` values within the scope.
    """

    name: str
    permission: str
    find: Callable[[Any, str, int], list[SearchHit]]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A dependency that ``/health/ready`` asks for.

    Attributes:
        name: as it is shown.
        check: called with the application's services; raises when it is not well.
    """

    name: str
    check: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a plugin, ``CALIBRIFY_<PLUGIN>__<KEY>``.

    Attributes:
        key: lower-case name.
        description: what it does.
        default: used when it is not given.
        parse: turns text into the value; raises ValueError with a sentence.
        example: a value to show in the reference; the default if it is empty.
        since: version that brought it.
    """

    key: str
    description: str
    default: Any
    parse: Callable[[str], Any] = str
    example: str = ""
    since: str = "0.1"


@dataclass(frozen=True, slots=True)
class Demo:
    """Fills the demonstration laboratory.

    Attributes:
        load: called with (unit, memory); memory is a dict that the plugins hand on in order.
    """

    load: Callable[[Any, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the command line.

    Attributes:
        group: the group in which it stands, for example ``import``; empty: at the top.
        command: the click command.
    """

    group: str
    command: Any


@dataclass(frozen=True, slots=True)
class AfterUpgrade:
    """A step that completes the data after the tables were upgraded.

    Attributes:
        name: unique, ``<plugin>.<verb_noun>``.
        run: called with (platform, session): every organisation is its business.
    """

    name: str
    run: Callable[[Any, Any], None]


@dataclass(frozen=True, slots=True)
class FileOwner:
    """A kind of record that files can be attached to.

    Attributes:
        name: the ``object_type`` of such a file.
        model: the scoped class of the record.
        view: permission that reads its files.
        change: permission that attaches files to it.
    """

    name: str
    model: type[Any]
    view: str
    change: str


@dataclass(frozen=True, slots=True)
class NumberMask:
    """A series of human numbers.

    Attributes:
        name: unique, ``<plugin>.<noun>``.
        mask: default mask; ``{YYYY}`` is the year, ``{#####}`` the zero-padded counter.
    """

    name: str
    mask: str


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task run is handed.

    Attributes:
        id: id of the outbox row: the key by which the task is idempotent.
        payload: what was enqueued.
        attempt: 1 for the first try.
        unit: opens a `UnitOfWork` of its own, as ``with context.unit() as unit``.
        job: the job's progress reporter, if the task was enqueued as a job.
    """

    id: str
    payload: Mapping[str, Any]
    attempt: int
    unit: Callable[..., Any]
    job: Any = None
