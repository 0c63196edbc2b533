"""Imports a team's own spreadsheet: stock as receipts, places and items into the catalogue, all of it or nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node.fold import Node
from node.importing import memory, plans, repeats, sheets
from node.importing.plans import Plan
from node.importing.repeats import Repeats
from node.importing.rows import by_line
from node.importing.sheets import KEPT, Sheet
from node.importing.writing import Progress, Writer
from node.units import format_time
from sync.errors import Conflict


class ImportedBefore(Conflict):
    """The same file, or nearly all of its rows, were imported before; saying so again records them twice."""


class _Rehearsed(Exception):
    """Everything went well and nothing is to be kept."""


class _Troubled(Exception):
    """Rows can't be recorded, so none is."""


def run(
    node: Node,
    path: Path,
    kind: str | None = None,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Import a CSV or XLSX file: `take` of its first sheet. A Problem where the file can't be read at all."""
    return take(node, sheets.read(path), kind, mapping, dry_run, again, progress)


def take(
    node: Node,
    sheet: Sheet,
    kind: str | None = None,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Import a sheet, as stock, places, items or kits; guessed from its columns where `kind` is None.

    Gives {rows, entries, items_new, places_new, problems, warnings, kind, zeros, values, unused, new, notices}. Where
    `problems` has any {line, column, reason}, nothing was recorded; `warnings` has what is odd and was kept as it is.
    Rows that an earlier import brought are told in `notices`; rows that say the same as another one in `warnings`.
    `zeros` counts rows of stock that say 0, `values` is what came in by currency, `unused` names columns that were left
    aside, `new` names the new items and places, `notices` are sentences. Malformed where its columns don't do,
    ImportedBefore where nearly all of it was imported already and `again` isn't set.
    """
    plan = plans.plan(sheet, kind, mapping)
    digests = [plan.digest, plan.fingerprint()] if plan.kind == "stock" else []
    writer = Writer(node, plan, progress)
    entries, twice = 0, Repeats()
    try:
        with node.log.transaction():
            if digests and not (again or plan.troubles):
                _refuse_double(node, plan, digests)
            before = node.log.counts()[0]
            writer.write()
            if plan.troubles:
                raise _Troubled
            entries = node.log.counts()[0] - before
            twice = repeats.find(node, writer.receipts, "at" in plan.columns)
            if not again:
                _refuse_repeats(plan, twice)
            if writer.receipts:
                memory.keep(node, digests, plan.name, list(writer.receipts))
            if dry_run:
                raise _Rehearsed
    except (_Rehearsed, _Troubled):
        pass
    plan.warnings += twice.twins
    return _told(writer, plan, 0 if plan.troubles else entries, "" if again else twice.sentence())


def _refuse_double(node: Node, plan: Plan, digests: list[str]) -> None:
    known = memory.recall(node, digests)
    if known is None:
        return
    name, at = known
    same = plan.name if name == plan.name else f"{plan.name}, then called {name},"
    raise ImportedBefore(
        f"{same} was imported on {format_time(at // 1000 * 1000)}: recording it again would double its stock.",
        todo="If these goods did come a second time, use `--again`.",
    )


def _refuse_repeats(plan: Plan, twice: Repeats) -> None:
    if not twice.nearly_all:
        return
    raise ImportedBefore(
        f"{plan.name} holds little that is new. {twice.sentence()} Recording them again would double their stock.",
        kept=KEPT,
        todo="Keep only the new rows in the file; or, if all these goods did come a second time, use `--again`.",
    )


def _told(writer: Writer, plan: Plan, entries: int, twice: str) -> dict[str, Any]:
    good = not plan.troubles
    return {
        "rows": len(plan.lines) if good else 0,
        "entries": entries,
        "items_new": len(writer.index.fresh) if good else 0,
        "places_new": len(writer.places_new) if good else 0,
        "problems": by_line(plan.troubles),
        "warnings": by_line(plan.warnings),
        "kind": plan.kind,
        "zeros": writer.zeros,
        "values": plan.worth() if good else {},
        "unused": plan.unused,
        "new": {"items": list(writer.index.fresh.values()), "places": writer.places_new} if good else {},
        "notices": [*([f"{twice} They count once more."] if twice else []), *_notices(writer)] if good else [],
    }


def _notices(writer: Writer) -> list[str]:
    """What was decided for the reader of the file, in sentences."""
    index = writer.index
    told = {
        "Rows that say 0: {}. Their items are in the catalogue, and nothing was received.": writer.zeros,
        "New items without a unit in the file: {}. They are counted in pieces.": index.unitless,
        "New items called like another one: {}. Their code was added to their name.": index.coded,
    }
    return [text.format(count) for text, count in told.items() if count]
