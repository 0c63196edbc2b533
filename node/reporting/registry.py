"""Which reports there are, by name, and a report as a document that anybody with the same entries can check.

A report is a function `(node, **asked) -> Report`; what may be asked of it is what it takes by name, as text, None
where nobody asked. So that other nodes come to the same bytes, nothing in it may depend on a clock, on the order in
which entries arrived, or on what this team alone has merged.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence

from node import queries
from node.fold import Node
from node.reporting import heads
from node.reporting.balance_report import balance
from node.reporting.model import Report
from node.reporting.moves_report import movements
from node.reporting.stock_report import stock
from node.reporting.writing import privacy
from node.reporting.writing.document import Document
from sync.errors import Malformed, NotFound

Make = Callable[..., Report]
REPORTS: dict[str, Make] = {"balance": balance, "stock": stock, "movements": movements}
# What may be asked, and what it means; commands, pages and the API offer it of the reports that take it.
ASKED = {
    "by": "One row for each place or team.",
    "place": "Only this place.",
    "item": "Only this item.",
}


def takes(name: str) -> list[str]:
    """What may be asked of a report."""
    return list(inspect.signature(find(name)).parameters)[1:]


def about(name: str) -> str:
    """What a report tells, in one sentence."""
    return (inspect.getdoc(find(name)) or "").partition("\n")[0]


def needs(name: str) -> list[str]:
    """What has to be asked of a report, so that there is one."""
    parameters = list(inspect.signature(find(name)).parameters.values())[1:]
    return [one.name for one in parameters if one.default is one.empty]


def find(name: str) -> Make:
    """A report by its name; NotFound names those there are."""
    if name not in REPORTS:
        raise NotFound(f"There is no report {name!r}.", kept="", todo=f"There are: {', '.join(REPORTS)}.")
    return REPORTS[name]


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
    return REPORTS[name](node, **asked)


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
