"""Whether a file says what the books say: the report is made again from this node's entries, and cells are compared."""

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import IO, NamedTuple

from node.fold import Node
from node.reporting import heads, past, registry
from node.reporting.reading_back import Line, ReadBack, heads_of, no_report, read
from node.reporting.writing import json_file, privacy
from node.reporting.writing.cells import harmless
from node.reporting.writing.document import Document, Witness

CELLS_SHOWN = 3  # of a row that one side lacks
NO_ROW = "nothing"
OWN = "It tells when entries came to the node that made it, which that node alone knows: another one can't check it."
OTHERS = "doesn't hold the very entries that the report names, or believes others."


class Difference(NamedTuple):
    """Where file and books part: the line of the file, the column's heading, and what each of the two says there.

    Line 0 is the proof at the end or the beginning of the file.
    """

    line: int
    column: str
    file: str
    books: str


class Verdict(NamedTuple):
    """`same` if each figure is what the entries come to; `covers` if these are the very entries that the file names."""

    report: str
    same: bool
    covers: bool
    difference: Difference | None


def said(found: Verdict) -> list[str]:
    """A verdict in sentences, the first of them yes or no."""
    own = [OWN] if registry.find(found.report).is_own else []
    if found.difference is None:
        words = [f"Yes: each figure of this report ({found.report}) is what the entries come to."]
        return [*words, *own, *([] if found.covers else [f"This node {OTHERS}"])]
    line, column, file, books = found.difference
    where = f"line {line}" if line else "the proof"
    says = f"in {where}{f', {column}' if column else ''}, it says {file!r}; the entries come to {books!r}."
    if found.covers:
        return [f"No: {says}", *own]
    by_ours = f"By those that it holds, the first difference is this: {says}"
    return [f"This node can't tell: it {OTHERS} {by_ours}", *own]


def verify(node: Node, file: IO[bytes]) -> Verdict:
    """Hold a file against the entries that it covers, or all of this node's if it doesn't hold them all.

    As of one moment. Malformed if it can't be checked, Untrue if its heads aren't those of its root.
    """
    told = read(file)
    leaves = heads.read(told.proof["heads"], told.proof["root"])
    covered = None if sorted(leaves) == node.log.leaves() else past.cut(node, leaves)
    if covered is None:
        return _held_against(node, told)
    with past.past(node, leaves, covered) as before, registry.one_moment(before) as then:
        return _held_against(then, told)


def _held_against(node: Node, told: ReadBack) -> Verdict:
    document = _made_again(node, told)
    difference = _first_difference(told, document)
    covers = all(told.proof[name] == document.origin[name] for name in ("root", "policy"))
    return Verdict(told.proof["report"], difference is None, covers, difference)


def _made_again(node: Node, told: ReadBack) -> Document:
    try:
        asked = json.loads(told.proof["asked"])
    except (ValueError, RecursionError):
        raise no_report() from None
    if not isinstance(asked, dict) or not all(isinstance(text, str) for text in asked.values()):
        raise no_report()
    return registry.document(node, told.proof["report"], asked, **privacy.read_shown(told.proof["shows"]))


def _first_difference(told: ReadBack, document: Document) -> Difference | None:
    if found := _other_head(told, document):
        return found
    titles, witness = heads_of(document.report, told.kind), Witness(document)
    for mine, books in zip_longest(told.lines(), _books(titles, witness, document, told.kind)):
        if found := _differ(mine, books, titles[0]):
            return found
    proof = witness.proof()
    wrong = [name for name in ("rows", "digest") if told.proof[name] != proof[name]]
    return Difference(0, wrong[0], told.proof[wrong[0]], proof[wrong[0]]) if wrong else None


def _other_head(told: ReadBack, document: Document) -> Difference | None:
    """What a JSON file says above its rows, and shouldn't."""
    books = json_file.head_of(document.report)
    wrong = [name for name, said in told.head.items() if said != books[name]]
    return Difference(1, wrong[0], str(told.head[wrong[0]]), str(books[wrong[0]])) if wrong else None


def _books(titles: list[list[str]], witness: Witness, document: Document, kind: str) -> Iterator[Sequence[str]]:
    """What the file should say, line by line."""
    words = [kind != "json" and column.kind in ("text", "id") for column in document.report.columns]
    yield from titles
    for _, cells in witness.passing():
        yield [harmless(cell) if word else cell for word, cell in zip(words, cells, strict=True)]


def _differ(mine: Line | None, books: Sequence[str] | None, heads: Sequence[str]) -> Difference | None:
    line, cells = mine or (0, ())
    if mine is None or books is None:
        return Difference(line, "", _some(cells) if mine else NO_ROW, _some(books) if books else NO_ROW)
    for at, (one, other) in enumerate(zip_longest(cells, books, fillvalue="")):
        if one != other:
            return Difference(line, heads[at] if at < len(heads) else "", one, other)
    return None


def _some(cells: Sequence[str]) -> str:
    return ", ".join([cell for cell in cells if cell][:CELLS_SHOWN])
