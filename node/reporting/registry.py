"""Which reports there are, by name, and a report as a document that anybody with the same entries can check.

What may be asked of a report is text, by name. So that other nodes come to the same bytes, nothing in it may depend on
a clock, on the order in which entries arrived, or on what this team alone has merged, unless that is asked for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from node import queries, snapshots
from node.fold import Node
from node.reporting import heads, movements
from node.reporting.model import Report
from node.reporting.offered import OFFERS, Offer
from node.reporting.writing import privacy
from node.reporting.writing.document import Document
from sync.errors import Malformed, NotFound

REPORTS = OFFERS
# What may be asked, and what it means; commands, pages and the API offer it of the reports that take it.
ASKED = {
    "by": "A row for each of these, too: place or team; of statements also category, fund, lot, with commas between.",
    "closing": "Of this closing alone: the first digits of its entry.",
    "between": "Between team (if left out) or place.",
    "at": "The time as of which it is told, like 2027-06-30T18:00Z.",
    "figure": "Which figure of the statement: received, closing, lost_expired, …",
    "row": "Which row of it: item=ID, currency=PHP, and the ids of what else it is told by.",
    "since": "From this day on (YYYY-MM-DD).",
    "until": "Until the end of this day.",
    "place": "Only this place.",
    "team": "Only the places of this team.",
    "item": "Only this item.",
    "category": "Only items of this category.",
    "fund": "Only what this fund or donor paid for.",
    "zone": "The time zone in which days begin, like America/New_York; UTC if left out.",
    "currency": "All values in this currency, by the rates given.",
    "rates": "What one of each other currency is worth in it: PHP=0.0175, EUR=1.08.",
    "merged": "1: items and places that this team has merged are one, as on its pages.",
}


def takes(name: str) -> list[str]:
    """What may be asked of a report."""
    return list(find(name).takes)


def about(name: str) -> str:
    """What a report tells, in one sentence."""
    return find(name).about


def needs(name: str) -> list[str]:
    """What has to be asked of a report, so that there is one."""
    return list(find(name).needs)


def find(name: str) -> Offer:
    """A report by its name; NotFound names those there are."""
    if name not in REPORTS:
        raise NotFound(f"There is no report {name!r}.", kept="", todo=f"There are: {', '.join(REPORTS)}.")
    return REPORTS[name]


@contextmanager
def one_moment(node: Node) -> Iterator[Node]:
    """The node as of one moment, with all tables that reports are read from up to date; nobody who writes waits for it.

    What has to be written for that is written before, in transactions of its own.
    """
    with snapshots.taken(node, movements.refresh, movements.is_current) as then:
        yield then


def make(node: Node, name: str, asked: Mapping[str, str]) -> Report:
    """A report; Malformed where something is asked that it doesn't take, or not asked that it needs."""
    known = takes(name)
    if wrong := sorted(set(asked) - set(known)):
        todo = f"It takes: {', '.join(known)}." if known else "It takes nothing more."
        fields = dict.fromkeys(wrong, "is not for this report")
        raise Malformed(f"The report {name} takes no {', '.join(wrong)}.", kept="", todo=todo, fields=fields)
    if missing := [each for each in needs(name) if each not in asked]:
        fields = dict.fromkeys(missing, "is missing")
        raise Malformed(f"The report {name} needs {', '.join(missing)}.", kept="", fields=fields)
    return find(name).make(node, asked)


def document(node: Node, name: str, asked: Mapping[str, str], people: bool = False, words: bool = False) -> Document:
    """A report with where it comes from; as of one moment if it is asked for and written inside of one.

    Small counts of people and free text are left out, unless they are asked for.
    """
    report, found = privacy.for_outside(make(node, name, asked), people, words), queries.digest(node)
    origin = {"asked": _text(asked), "shows": privacy.shown(people, words)}
    held = {"root": found["root"], "policy": found["policy"], "heads": heads.write(node.log.leaves())}
    return Document(report, origin | held)


def documents(node: Node) -> Sequence[Document]:
    """All reports that can be made without asking for anything."""
    return [document(node, name, {}) for name in REPORTS if not needs(name)]


def _text(asked: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(asked.items())), ensure_ascii=False)
