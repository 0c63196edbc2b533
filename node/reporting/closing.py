"""Closing the books of a period: a team's signed word that it looked and that this is its position; never a lock.

The position is the SHA-256 of what the statement of the team's own places comes to: a line for each place and item, as
a JSON list of the place's id, the item's id and every quantity of the statement in thousandths, sorted, in UTF-8. Names
and values are no part of it, so that a better name isn't another position.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from node import catalogue, inputs
from node.events import Closing, Void, entry_id
from node.fold import Node
from node.folding.cells import STOCK
from node.inputs import KEPT
from node.reporting import movements
from node.reporting.asked import Scope, days, zone_of
from node.reporting.beside import GOODS, KIND, PLACE, items_told, target_of, told_of
from node.reporting.known import spots_of
from node.reporting.model import Column, Report, Values
from node.reporting.statement import FIGURES, statement
from node.requests import ClosingIn
from node.tables import stands
from node.telling import Words, summary
from node.writing import Recorded, when, write
from sync.errors import Malformed, NotFound, OutOfRange
from sync.log import Folded
from sync.rows import place as place_of

COLUMNS = (
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("team", "Team", "text", "#org+name"),
    Column("since", "From", "time", "#date+start"),
    Column("until", "Until", "time", "#date+end"),
    Column("at", "Closed", "time", "#date+reported"),
    Column("holds", "Still so", "text", "#status"),
    Column("later", "Entries since", "int", "#meta+later+num"),
    Column("position", "Position", "id", "#meta+position"),
    Column("root", "Root", "id", "#meta+root"),
    Column("note", "Note", "text", "#description+note", private=True),
)
LATER_COLUMNS = (
    Column("closing", "Closing", "id", "#meta+closing"),
    Column("team", "Team", "text", "#org+name"),
    Column("at", "Took place", "time", "#date+occurred"),
    Column("recorded", "Written", "time", "#date+reported"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("recorded_by", "Recorded by", "text", "#org+reporting"),
    *(KIND, PLACE, GOODS),
    Column("summary", "What", "text", "#description", private=True),
)
NOTES = (
    "Still so: whether the books of that team and period come to what it said, by all that is known now.",
    "Entries since are about its places and that period, and weren't known to the team when it closed: written later,"
    " or earlier elsewhere and heard of only then.",
)
COVERS_MAX = 800  # logs: so many ids fit into an entry beside a note
Told = tuple[bytes, bytes, int, int, int | None, int, str, str, str]
_SQL = (
    "SELECT id, node, lamport, at, since, until, root, position, note FROM closing t"
    f" WHERE {stands('t')} ORDER BY until, at, id"
)


def close(node: Node, body: ClosingIn) -> Recorded:
    """Say that the books of this team are as they are until the end of a day. OutOfRange where it lies ahead."""
    since, until = days(body.since, body.until, zone_of(body.zone))
    if until is None:
        with inputs.field("until"):
            raise Malformed("The last day of the period is missing.", kept=KEPT, todo="Write it like 2027-06-30.")
    if until > node.clock() + 1:
        with inputs.field("until"):
            raise OutOfRange("That day isn't over yet.", kept=KEPT, todo="Close the books of a day that is.")
    if since is not None and since >= until:
        with inputs.field("since"):
            raise OutOfRange("The period ends before it begins.", kept=KEPT, todo="Name an earlier day.")
    movements.refresh(node)
    with node.log.transaction():
        found = position(node, node.keys.node, since, until)
        root, _ = node.log.digest()
        covers = [id.hex() for id in node.log.last_ids()]
        covers = covers if len(covers) <= COVERS_MAX else []
        return write(node, Closing(when(node, body.at), until, root, found, since, inputs.note(body.note), covers))


def position(node: Node, team: bytes, since: int | None, until: int) -> str:
    """What the books of a team's own places come to in a period, in hex."""
    scope = Scope(since, until, team=team.hex(), raw=True)
    lines = []
    for row in _stated(node, scope):
        lines.append(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return sha256(b"".join(sorted(lines))).hexdigest()


def _stated(node: Node, scope: Scope) -> Iterator[list[object]]:
    """Place, item and all quantities, of all currencies together."""
    try:
        report = statement(node, scope, ["place"])
        names = [column.name for column in report.columns]
        sums: dict[tuple[str, str], list[int]] = {}
        for row in report.rows():
            told = dict(zip(names, row, strict=True))
            total = sums.setdefault((told["place"], told["item"]), [0] * len(FIGURES))
            for at, figure in enumerate(FIGURES):
                total[at] += told[figure]
    except NotFound:  # a team without a name and a place has no books yet
        return
    for (place, item), total in sums.items():
        if any(total):
            yield [place, item, *total]


# reports


def closings(node: Node) -> Report:
    """A row for each closing that stands."""

    def _rows() -> Iterator[Values]:
        with movements.up_to_date(node):
            names, told = catalogue.team_names(node), _told(node)
            later = [len(entries) for entries in _later(node, told)]
            made = [_row(node, names, one, count) for one, count in zip(told, later, strict=True)]
        return iter(made)

    return Report("closings", "Closings", COLUMNS, _rows, {}, NOTES)


def _row(node: Node, names: dict[bytes, str], one: Told, later: int) -> Values:
    id, team, _, at, since, until, root, said, note = one
    holds = "yes" if position(node, team, since, until) == said else "no"
    return id.hex(), catalogue.team_name(names, team), since, until, at, holds, later, said, root, note


def after_closing(node: Node, closing: str | None = None) -> Report:
    """The entries about a closed period and its team's places that were written later; of one closing, if named."""

    def _rows() -> Iterator[Values]:
        begins = (closing or "").strip().lower()
        with movements.up_to_date(node):
            told = [one for one in _told(node) if one[0].hex().startswith(begins)]
            late = [(one, entry) for one, entries in zip(told, _later(node, told), strict=True) for entry in entries]
            words = Words(node, [item for _, entry in late for item in items_told(node, entry)], raw=True)
            made = [_late_row(node, words, one, entry) for one, entry in late]
        return iter(made)

    about = {"closing": closing} if closing else {}
    return Report("after-closing", "Written after closing", LATER_COLUMNS, _rows, about, NOTES[1:])


def _late_row(node: Node, words: Words, one: Told, entry: Folded) -> Values:
    team, writer = (catalogue.team_name(words.teams, who) for who in (one[1], entry.node))
    at, id = getattr(entry.fact, "at", None), entry.id.hex()
    return one[0].hex(), team, at, entry.claimed, id, writer, *told_of(node, words, entry), summary(words, entry.fact)


def _told(node: Node) -> list[Told]:
    return catalogue.query(node, _SQL)


def _later(node: Node, told: Sequence[Told]) -> list[list[Folded]]:
    """For each closing the entries written after it about its period and its team's places, in their order."""
    found: list[list[Folded]] = [[] for _ in told]
    known = [_known(node, one) for one in told]
    owners = {row.id: row.node for row in catalogue.places_all(node)}
    for batch in node.log.folded() if told else ():
        for entry in batch:
            waiting = [at for at in range(len(told)) if _may_change(entry) and not known[at](entry)]
            places = {owners.get(place) for place, _ in spots_of(node, entry)} if waiting else set()
            for at in waiting:
                if told[at][1] in places and _in_period(node, entry, told[at]):
                    found[at].append(entry)
    return [sorted(entries, key=lambda entry: (entry.lamport, entry.id)) for entries in found]


def _may_change(entry: Folded) -> bool:
    return isinstance(entry.fact, (*STOCK, Void))


def _known(node: Node, one: Told) -> Callable[[Folded], bool]:
    """Which entries a team knew when it closed its books.

    Those up to the ends that the closing names. Where it names none, or not all of them are here, it is told by the
    clock of the logs instead: what isn't later by it may have been known.
    """
    id, _, lamport, *_ = one
    told = node.log.get(id)
    names = told.fact.covers if told and isinstance(told.fact, Closing) else []
    covered, missing = node.log.up_to(filter(None, map(entry_id, names)))
    is_exact = bool(covered) and not missing

    def _is_known(entry: Folded) -> bool:
        no, seq = place_of(entry.n)
        return seq <= covered.get(no, -1) or (not is_exact and entry.lamport <= lamport)

    return _is_known


def _in_period(node: Node, entry: Folded, one: Told) -> bool:
    """Whether it is about that time; what is undone is about the time at which it was said to take place."""
    fact = target_of(node, entry)
    at = getattr(fact, "at", None)
    since, until = one[4], one[5]
    return at is not None and at < until and (since is None or at >= since)
