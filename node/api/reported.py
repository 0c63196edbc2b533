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
