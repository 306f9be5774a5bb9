from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from calibrify_core.exchange.batches import BATCH_ROWS, Batch, Calls, Memory, run_import
from calibrify_core.exchange.fields import ImportField
from calibrify_core.exchange.mapping import ConvertedRow, prepare
from calibrify_core.exchange.options import parse_options
from calibrify_core.exchange.reading import open_table
from calibrify_core.exchange.report import Action, ImportReport, RowOutcome
from calibrify_core.kernel.errors import Conflict, Invalid, Unavailable

FIELDS = (
    ImportField("asset_tag", "Asset tag"),
    ImportField("name", "Name", required=True),
    ImportField("interval_days", "Interval days", "integer"),
)


@dataclass
class Store:
    """A database in small: what a unit changes counts once the unit ends well."""

    kept: dict[str, str] = field(default_factory=dict)
    books: dict[str, Any] = field(default_factory=dict)
    failed: list[int] = field(default_factory=list)
    commits: int = 0

    @contextmanager
    def unit(self) -> Iterator[Store]:
        draft = copy.deepcopy(self)
        yield draft
        self.kept, self.books, self.failed = draft.kept, draft.books, draft.failed
        self.commits += 1

    def result(self) -> dict[str, Any]:
        return {name: v for name, v in self.books.items() if name not in {"done", "total"}}

    def checkpoint(self, unit: Store, report: ImportReport, batch: Batch) -> None:
        unit.books = report.as_json() | {"done": batch.done, "total": batch.total}
        unit.failed.extend(row.number for row in batch.failed)


@dataclass
class Registrar:
    """Creates and updates by tag; some names are refused, in one way or another."""

    sizes: list[int] = field(default_factory=list)
    die_at: str | None = None

    def apply(
        self, unit: Store, rows: Sequence[ConvertedRow], memory: Memory
    ) -> Sequence[RowOutcome]:
        self.sizes.append(len(rows))
        outcomes = []
        would = memory.setdefault("names", {})
        for row in rows:
            tag, name = row.values["asset_tag"], row.values["name"]
            if tag == self.die_at:
                raise KeyboardInterrupt
            if name == "conflict":
                raise Conflict("The serial number is taken.")
            if name == "invalid":
                raise Invalid.field("name", "Not this name.")
            if name == "refused":
                errors = [row.problem("name", "Refused.")]
                outcomes.append(RowOutcome(row.number, "failed", errors))
                continue
            before = would.get(tag, unit.kept.get(tag))
            unit.kept[tag] = would[tag] = name
            action: Action = "updated" if before else "created"
            outcomes.append(RowOutcome(row.number, "unchanged" if before == name else action))
        return outcomes


def run(
    content: str,
    store: Store,
    registrar: Registrar | None = None,
    *,
    dry_run: bool = False,
    report: ImportReport | None = None,
    calls: dict[str, Any] | None = None,
    **options: Any,
) -> ImportReport:
    with open_table(io.BytesIO(content.encode()), "r.csv") as table:
        parsed = parse_options({"match_on": "asset_tag", **options})
        plan = prepare(table, FIELDS, None, parsed)
        return run_import(
            table,
            plan,
            registrar or Registrar(),
            Calls(open_unit=store.unit, checkpoint=store.checkpoint, **(calls or {})),
            dry_run=dry_run,
            report=report,
        )


def register(count: int, **names: str) -> str:
    lines = [f"T{n},{names.get(f'T{n}', 'SCALE')}" for n in range(1, count + 1)]
    return "Asset tag,Name\n" + "\n".join(lines) + "\n"


def counters(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.rows, report.created, report.updated, report.unchanged, report.failed


def test_all_rows_are_imported_and_again_without_one_change() -> None:
    store = Store()
    assert counters(run(register(1_234), store)) == (1_234, 1_234, 0, 0, 0)
    again = run(register(1_234, T7="NEW"), store)
    assert counters(again) == (1_234, 0, 1, 1_233, 0)
    assert again.ended == "finished"
    assert len(store.kept) == 1_234
    assert (store.books["done"], store.books["total"]) == (1_234, 1_234)


def test_bad_rows_are_left_out_and_the_others_kept() -> None:
    content = "Asset tag,Name,Interval days\nA,x,1\nB,,2\nC,y,soon\nD,refused,4\nE,z,5\n"
    store = Store()
    report = run(content, store)
    assert counters(report) == (5, 2, 0, 0, 3)
    assert [(e["row"], e["column"], e["value"]) for e in report.errors] == [
        (2, "Name", ""),
        (3, "Interval days", "soon"),
        (4, "Name", "refused"),
    ]
    assert set(store.kept) == {"A", "E"}
    assert store.failed == [2, 3, 4]


@pytest.mark.parametrize(("how", "column"), [("conflict", None), ("invalid", "Name")])
def test_an_error_that_undoes_a_batch_costs_only_its_row(how: str, column: str | None) -> None:
    store = Store()
    report = run(register(50, T20=how), store)
    assert counters(report) == (50, 49, 0, 0, 1)
    assert [(error["row"], error["column"]) for error in report.errors] == [(20, column)]
    assert len(store.kept) == 49


def test_a_database_that_is_away_fails_the_run_and_not_the_rows() -> None:
    class Away(Registrar):
        def apply(self, unit: Store, rows: Sequence[ConvertedRow], memory: Memory) -> Any:
            raise Unavailable

    store = Store()
    with pytest.raises(Unavailable):
        run(register(3), store, Away())
    assert store.books == {}


def test_the_same_key_twice_in_a_file_is_an_error() -> None:
    store = Store()
    report = run("Asset tag,Name\nA,x\nB,y\nA,z\n", store)
    assert counters(report) == (3, 2, 0, 0, 1)
    assert report.errors[0]["detail"] == "Row 1 has the same asset tag."
    assert store.kept["A"] == "x"


def test_an_importer_that_forgets_a_row_is_found_out() -> None:
    class Forgetful(Registrar):
        def apply(self, unit: Store, rows: Sequence[ConvertedRow], memory: Memory) -> Any:
            return super().apply(unit, rows[1:], memory)

    with pytest.raises(RuntimeError, match="once for each row"):
        run(register(3), Store(), Forgetful())


class TestDryRun:
    def test_nothing_is_kept_and_the_report_is_the_same(self) -> None:
        content = register(900, T3="refused", T500="conflict") + "T901,\n"
        dry, real = Store(), Store()
        would = run(content, dry, dry_run=True)
        did = run(content, real)
        assert counters(would) == counters(did) == (901, 898, 0, 0, 3)
        assert would.errors == did.errors
        assert dry.kept == {}
        assert dry.books["done"] == 901
        assert dry.failed == real.failed

    def test_later_batches_know_what_earlier_ones_would_have_done(self) -> None:
        registrar = Registrar()
        with open_table(io.BytesIO(b"Asset tag,Name\n" + b"A,x\n" * 700), "r.csv") as table:
            plan = prepare(table, FIELDS, None, parse_options({}))
            store = Store()
            report = run_import(table, plan, registrar, Calls(open_unit=store.unit), dry_run=True)
        assert counters(report) == (700, 1, 0, 699, 0)
        assert len(registrar.sizes) > 1


class TestStopping:
    @pytest.mark.parametrize("name", ["", "refused", "conflict", "invalid"])
    @pytest.mark.parametrize("dry_run", [False, True])
    def test_everything_before_the_first_bad_row_is_kept(self, name: str, dry_run: bool) -> None:
        store = Store()
        report = run(register(700, T450=name, T460=name), store, on_error="stop", dry_run=dry_run)
        assert report.ended == "stopped"
        assert report.stopped_at == 450
        assert counters(report) == (450, 449, 0, 0, 1)
        assert len(store.kept) == (0 if dry_run else 449)
        assert [error["row"] for error in report.errors] == [450]
        assert store.books["stopped_at"] == 450

    def test_the_first_row_can_be_the_bad_one(self) -> None:
        report = run(register(3, T1="refused"), Store(), on_error="stop")
        assert counters(report) == (1, 0, 0, 0, 1)

    def test_without_a_bad_row_it_ends_as_usual(self) -> None:
        report = run(register(300), Store(), on_error="stop")
        assert (report.ended, report.created) == ("finished", 300)


class TestCancellingAndResuming:
    def test_it_is_asked_between_batches(self) -> None:
        store = Store()
        report = run(register(2_000), store, calls={"cancelled": lambda: store.commits >= 2})
        assert report.ended == "cancelled"
        assert store.commits == 2
        assert len(store.kept) == report.created == report.last_row < 2_000

    @pytest.mark.parametrize("options", [{"match_on": "asset_tag"}, {"match_on": None}])
    def test_a_killed_run_leaves_whole_batches_and_goes_on_after_them(
        self, options: dict[str, Any]
    ) -> None:
        store = Store()
        content = register(1_500, T5="refused")
        with pytest.raises(KeyboardInterrupt):
            run(content, store, Registrar(die_at="T900"), **options)
        kept = len(store.kept)
        assert 0 < kept < 900
        assert store.books["last_row"] == kept + 1
        report = run(content, store, report=ImportReport.from_json(store.result()), **options)
        assert counters(report) == (1_500, 1_499, 0, 0, 1)
        assert (store.books["done"], store.books["total"]) == (1_500, 1_500)
        assert store.failed == [5]

    def test_running_again_from_the_start_ends_at_the_same(self) -> None:
        store = Store()
        with pytest.raises(KeyboardInterrupt):
            run(register(1_500), store, Registrar(die_at="T900"))
        kept = len(store.kept)
        assert counters(run(register(1_500), store)) == (1_500, 1_500 - kept, 0, kept, 0)

    def test_a_commit_that_fails_is_not_counted(self) -> None:
        store = Store()

        @contextmanager
        def broken() -> Iterator[Store]:
            with store.unit() as unit:
                yield unit
                if store.commits == 1:
                    message = "The connection is gone."
                    raise ConnectionError(message)

        with open_table(io.BytesIO(register(500).encode()), "r.csv") as table:
            plan = prepare(table, FIELDS, None, parse_options({}))
            calls = Calls(open_unit=broken, checkpoint=store.checkpoint)
            with pytest.raises(ConnectionError):
                run_import(table, plan, Registrar(), calls)
        assert store.books["rows"] == len(store.kept) == 100


class TestSizes:
    @staticmethod
    def sizes(seconds_a_row: float, count: int) -> list[int]:
        now = [0.0]

        class Slow(Registrar):
            def apply(self, unit: Store, rows: Sequence[ConvertedRow], memory: Memory) -> Any:
                now[0] += seconds_a_row * len(rows)
                return super().apply(unit, rows, memory)

        registrar = Slow()
        run(register(count), Store(), registrar, calls={"clock": lambda: now[0]})
        return registrar.sizes

    def test_fast_batches_grow_to_the_limit(self) -> None:
        sizes = self.sizes(0.0001, 3_000)
        assert max(sizes) == BATCH_ROWS
        assert sum(sizes) == 3_000

    def test_slow_batches_shrink_to_about_a_second(self) -> None:
        sizes = self.sizes(0.05, 300)
        assert all(size * 0.05 <= 1.0 for size in sizes[1:])
        assert sum(sizes) == 300
