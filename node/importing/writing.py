"""Writes a plan to the log: catalogue first, then places, then receipts, as if people had recorded them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from node import events, recipes, record
from node.fold import Node
from node.folding.names import search_key
from node.importing.index import Index
from node.importing.plans import Plan
from node.importing.rows import ItemLine, KitLine, Line, PlaceLine, StockLine, Trouble
from node.requests import PlaceIn, ReceiptIn, ReceiptLineIn
from node.units import parse_qty
from sync.errors import Problem

KIND = "warehouse"  # of new places whose kind a file doesn't tell
LINES_MAX = 100  # of an entry: one can still be looked through, and undone without undoing all
ENTRY_BYTES_MAX = 40_000  # of an entry's lines, well below what a payload may hold
ITEMS_AT_ONCE = 500  # written between two steps of the progress bar

Progress = Callable[[int, int], None]  # told (done, total)


class Writer:
    """Writes one plan; troubles that only the catalogue shows are noted as those of the rows are.

    `receipts` are the hex ids of the entries that move stock, each with the line in the file of each of its lines.
    `places_new` names the new places, `zeros` the rows that say that nothing is there: their items are in the catalogue
    afterwards, but nothing was received.
    """

    def __init__(self, node: Node, plan: Plan, progress: Progress | None = None) -> None:
        self.node, self.plan, self.index = node, plan, Index(node)
        self.receipts: dict[str, list[int]] = {}
        self.places_new: list[str] = []
        self.zeros = 0
        self._progress, self._done, self._total = progress, 0, 0
        self._items: dict[int, str] = {}  # line → item
        self._kits: dict[str, str] = {}  # name → item

    def write(self) -> None:
        """Write everything, inside a transaction that the caller rolls back if there are troubles."""
        lines: Sequence[Line] = self.plan.lines
        self._find_items([line for line in lines if isinstance(line, (ItemLine, StockLine, KitLine))])
        if not self.plan.troubles:
            self._write_items()
            self._write_places([line for line in lines if isinstance(line, PlaceLine)])
            self._write_stock([line for line in lines if isinstance(line, StockLine)])
            self._write_kits([line for line in lines if isinstance(line, KitLine)])
            self.node.fold.settle()

    def _step(self, count: int) -> None:
        self._done += count
        if self._progress:
            self._progress(self._done, self._total)

    @contextmanager
    def _trouble_at(self, line: int, column: str) -> Iterator[None]:
        """What goes wrong inside is a trouble of this line."""
        name = self.plan.columns.get(column, "")
        try:
            yield
        except ValueError as error:
            self.plan.troubles.append(Trouble(line, name, str(error)))
        except Problem as problem:
            if problem.status >= 500:
                raise
            self.plan.troubles.append(Trouble(line, name, problem.what))

    # the catalogue

    def _find_items(self, lines: Sequence[ItemLine | StockLine | KitLine]) -> None:
        for line in lines:
            with self._trouble_at(line.line, "item" if line.thing.name else "code"):
                self._items[line.line] = self.index.item(line.thing)
            if isinstance(line, KitLine):
                with self._trouble_at(line.line, "kit"):
                    self._kits[line.kit] = self.index.kit(line.kit)

    def _write_items(self) -> None:
        facts = list(self.index.news.values())
        self._total = len(facts) + sum(not isinstance(line, ItemLine) for line in self.plan.lines)
        for start in range(0, len(facts), ITEMS_AT_ONCE):
            part = facts[start : start + ITEMS_AT_ONCE]
            self.node.log.append_all([events.encode(fact) for fact in part])
            self._step(len(part))

    # kits

    def _write_kits(self, lines: Sequence[KitLine]) -> None:
        """One recipe for each kit that the file names, unless it is known to be just that."""
        by_kit: dict[str, list[KitLine]] = {}
        for line in lines:
            by_kit.setdefault(self._kits[line.kit], []).append(line)
        for kit, parts in by_kit.items():
            self._write_kit(kit, parts)
            self._step(len(parts))

    def _write_kit(self, kit: str, lines: Sequence[KitLine]) -> None:
        stated: dict[str, int] = {}
        for line in lines:
            part = self._items[line.line]
            with self._trouble_at(line.line, "item"):
                recipes.refuse_circle(self.node, kit, line.kit, part)
            stated[part] = stated.get(part, 0) + parse_qty(line.qty)
        if recipes.recipes(self.node, [kit]).get(kit) != list(stated.items()):
            self.node.log.append(events.encode(events.Item(kit, kit=list(stated.items()))))

    # places

    def _write_places(self, lines: Sequence[PlaceLine]) -> None:
        for line in lines:
            with self._trouble_at(line.line, "place"):
                self._place(line.place, line.kind, line.lat or None, line.lon or None)
            self._step(1)

    def _place(self, name: str, kind: str = "", lat: str | None = None, lon: str | None = None) -> str:
        """The id of the place of this name, which is made where there is none."""
        known = self.index.place(name)
        if known and not (kind or lat):
            return known.id
        told = {"name": name, "kind": kind or (known.kind if known else KIND), "lat": lat, "lon": lon}
        id = record.add_place(self.node, msgspec.convert(told, PlaceIn))
        if not known:
            self.places_new.append(name)
            self.index.enter_place(id, name, kind or KIND)
        return id

    # stock

    def _write_stock(self, lines: Sequence[StockLine]) -> None:
        groups: dict[tuple[str, str, str], list[StockLine]] = {}
        for line in lines:
            with self._trouble_at(line.line, "place"):
                key = self._place(line.place), search_key(line.source), line.at
                groups.setdefault(key, []).append(line)
        for (place, _, _), group in groups.items():
            received = [line for line in group if line.qty != "0"]
            self.zeros += len(group) - len(received)
            for part in _parts(received):
                self._receive(place, part)
            self._step(len(group))

    def _receive(self, place: str, lines: Sequence[StockLine]) -> None:
        body = ReceiptIn(
            place=place,
            lines=[self._line(line) for line in lines],
            source=lines[0].source or None,
            at=lines[0].at or None,
            note=f"Imported from {self.plan.name}",
        )
        try:
            entry = record.receive(self.node, body).entry
            self.receipts[entry] = [line.line for line in lines]
        except Problem as problem:
            if problem.status >= 500:
                raise
            self._blame(problem, lines)

    def _blame(self, problem: Problem, lines: Sequence[StockLine]) -> None:
        """Note a problem of an entry at the line of the file that it is about."""
        for path, reason in (problem.fields or {"": problem.what}).items():
            _, _, rest = path.partition("lines.")
            number, _, name = rest.partition(".")
            line = lines[int(number)] if number.isdigit() else lines[0]
            self.plan.troubles.append(Trouble(line.line, self.plan.columns.get(name, ""), reason))

    def _line(self, line: StockLine) -> ReceiptLineIn:
        return ReceiptLineIn(
            item=self._items[line.line],
            qty=line.qty,
            lot=line.lot or None,
            batch=line.batch or None,
            expiry=line.expiry or None,
            fund=line.fund or None,
            value=line.value or None,
            currency=line.currency or None,
        )


def _parts(lines: Sequence[StockLine]) -> Iterator[list[StockLine]]:
    """Lines cut into entries of a size that can be looked through, and that fits."""
    part, size = list[StockLine](), 0
    for line in lines:
        length = len(msgspec.json.encode(line))
        if part and (len(part) >= LINES_MAX or size + length > ENTRY_BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(line)
        size += length
    if part:
        yield part
