"""What the API answers as a report: one document, the same as the file in JSON."""

from typing import Any

from msgspec import Struct


class ReportColumn(Struct):
    """A column: its name in the rows, its heading, its kind (text, id, qty, money, int, date, time), its HXL tag."""

    name: str
    title: str
    kind: str
    hxl: str


class Everything(Struct):
    """The export in JSON: stock by lot, places, items, the latest entries, and the digest."""

    stock: list[dict[str, Any]]
    places: list[dict[str, Any]]
    items: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    digest: dict[str, str]


class ReportProof(Struct):
    """What the report was made of and what it comes to, so that any node with these entries can check it."""

    report: str
    asked: str
    shows: str
    root: str
    policy: str
    heads: str
    rows: str
    digest: str


class ReportFile(Struct):
    """A report: what it covers, how it was made, and its rows by the names of the columns."""

    report: str
    title: str
    about: dict[str, str]
    notes: list[str]
    columns: list[ReportColumn]
    rows: list[dict[str, Any]]
    proof: ReportProof


class ReportDifference(Struct):
    """Where a report and the books part: line of the file (0: its proof), column, and what each of the two says."""

    line: int
    column: str
    file: str
    books: str


class ReportChecked(Struct):
    """Whether each figure of a report is what the entries come to; `covers` if this node holds the very same ones."""

    report: str
    same: bool
    covers: bool
    difference: ReportDifference | None
    says: list[str]


class StatementChecked(Struct):
    """Whether a signed statement holds, and what it says of itself; null where it doesn't."""

    ok: bool
    signer: str | None
    team: str | None
    made: str | None
    root: str | None
    entries: int | None
    says: list[str]
