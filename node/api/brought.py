"""What the API answers about lists and templates that are brought in: typed rows, as in `answers`."""

from msgspec import Struct


class ImportProblem(Struct):
    """What is wrong with a line of a file; `column` is empty where it is the whole line."""

    line: int
    column: str
    reason: str


class Imported(Struct):
    """What a file brought, or would: `values` is what came in by currency, `unused` are columns that were left aside.

    Where `problems` has any, nothing was recorded. `new` holds the names of new items and places.
    """

    rows: int
    entries: int
    items_new: int
    places_new: int
    problems: list[ImportProblem]
    kind: str
    zeros: int
    values: dict[str, str]
    unused: list[str]
    new: dict[str, list[str]]
    notices: list[str]


class TemplateRow(Struct):
    """A template that comes with the program, and what it is for."""

    template: str
    about: str
