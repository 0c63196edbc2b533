"""From rows to a typed plan: what each row says, or what is wrong with it, by line and column.

Nothing here touches a node. A plan with troubles is never written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

import msgspec

from node.importing import columns, rows
from node.importing.rows import Line, StockLine, Trouble
from node.importing.sheets import KEPT, Sheet
from sync.errors import Malformed


@dataclass
class Plan:
    """What a file says: `columns` are the header's words by field, `unused` those that were left aside."""

    name: str
    kind: str
    digest: str
    columns: dict[str, str]
    lines: list[Line] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[Trouble] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def fingerprint(self) -> str:
        """SHA-256 of what the rows say, in any order: a file that is saved anew gets another digest, but keeps this."""
        told = sorted(msgspec.json.encode(msgspec.structs.astuple(line)[1:]) for line in self.lines)
        return sha256(b"\n".join([self.kind.encode(), *told])).hexdigest()

    def worth(self) -> dict[str, str]:
        """Quantity times unit value by currency, to the cent."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            if isinstance(line, StockLine) and line.value:
                sums[line.currency] = sums.get(line.currency, Decimal()) + Decimal(line.qty) * Decimal(line.value)
        return {currency: str(round(total, 2)) for currency, total in sorted(sums.items())}


def plan(sheet: Sheet, kind: str | None = None, mapping: Mapping[str, str] | None = None) -> Plan:
    """What a sheet says, as `kind` or what its columns look like; `mapping` names the column of a field.

    Malformed where the columns don't do; what is wrong with single rows is among `troubles`.
    """
    mapping = mapping or {}
    at = columns.find_header(sheet.rows, mapping.values())
    header = sheet.rows[at].cells
    kind = kind or columns.guess(header, mapping)
    found = columns.assign(kind, header, mapping)
    _require(kind, found, header)
    if len(sheet.rows) == at + 1:
        raise Malformed(f"{sheet.name} has a header and nothing below it.", kept=KEPT)
    made = Plan(sheet.name, kind, sheet.digest, {name: header[column] for name, column in found.items()})
    made.unused = [cell for i, cell in enumerate(header) if cell and i not in found.values()]
    mark = rows.decimal_mark(sheet.rows[at + 1 :], found, sheet.delimiter)
    for row in sheet.rows[at + 1 :]:
        cells = rows.Cells(row, header, found, mark)
        line = rows.read(kind, cells)
        made.troubles += cells.troubles
        made.warnings += cells.warnings
        if line is not None:
            made.lines.append(line)
    return made


def _require(kind: str, found: Mapping[str, int], header: Sequence[str]) -> None:
    needed = {"stock": ["place", "qty"], "items": [], "places": ["place"], "kits": ["kit", "qty"]}[kind]
    missing = [name for name in needed if name not in found]
    if kind != "places" and not {"item", "code"} & set(found):
        missing.append("item")
    if missing:
        raise Malformed(
            f"There is no column for {', '.join(missing)} among: {', '.join(filter(None, header))}.",
            kept=KEPT,
            todo=f"Name it: `--map {missing[0]}=COLUMN`.",
        )
