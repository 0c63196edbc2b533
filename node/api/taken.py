"""Bodies that the API alone takes: commands and pages have other ways to say the same."""

from typing import Literal

from node.requests import Body


class KitsMadeIn(Body):
    """So many of a kit were built at a place, or broken up."""

    place: str
    qty: str
    lot: str | None = None
    at: str | None = None
    note: str | None = None


class WaybillIn(Body):
    """The text of a waybill's code, all of its parts."""

    text: str


class ImportIn(Body):
    """A spreadsheet: its file's name, which says what it is, and its bytes in base64; `mapping` maps fields to columns.

    `kind` is guessed from the columns if left out. `dry_run` only tells, `again` records what was imported before.
    """

    name: str
    data: str
    kind: Literal["stock", "places", "items", "kits"] | None = None
    mapping: dict[str, str] = {}
    dry_run: bool = False
    again: bool = False


class SeenIn(Body):
    """What was looked at: the id that an alert names, or `all`."""

    entry: str
