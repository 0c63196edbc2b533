"""All movements as one long table: what a program adds up in its own way."""

from collections.abc import Iterator
from decimal import Decimal

from node.fold import Node
from node.reporting import history
from node.reporting.columns import ITEM, TEAM
from node.reporting.model import Column, Report, Values
from node.reporting.writing.cells import EXACT
from node.reporting.writing.moves import Account, Move


def _account(side: str, title: str) -> tuple[Column, ...]:
    return (
        Column(f"{side}_kind", f"{title}: kind", "text", f"#loc+{side}+type"),
        Column(f"{side}_id", f"{title}: id", "id", f"#loc+{side}+code"),
        Column(f"{side}_name", title, "text", f"#loc+{side}+name"),
        Column(f"{side}_team", f"{title}: team", "text", f"#org+{side}+name"),
    )


COLUMNS = (
    Column("at", "When", "time", "#date+occurred"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("line", "Line", "int", "#meta+line+num"),
    Column("type", "Type", "text", "#activity+type"),
    *ITEM,
    Column("category", "Category", "text", "#item+category"),
    Column("lot", "Lot", "text", "#item+lot"),
    Column("expiry", "Expiry", "date", "#date+expiry"),
    Column("fund", "Fund", "text", "#org+fund"),
    Column("qty", "Quantity", "qty", "#item+qty+num"),
    *_account("from", "From"),
    *_account("to", "To"),
    Column("value", "Unit value", "money", "#value+unit+num"),
    Column("amount", "Worth", "money", "#value+num"),
    Column("currency", "Currency", "text", "#currency+code"),
    TEAM,
    Column("source", "Source", "text", "#org+source", private=True),
    Column("note", "Note", "text", "#description", private=True),
)


def movements(node: Node) -> Report:
    """Every movement of goods between places and the accounts outside, in the order in which they took place."""

    def rows() -> Iterator[Values]:
        return map(_row, history.moves(node))

    notes = (
        "Quantities are never less than nothing: they went from one account to the other.",
        "A unit is worth what its lot is, else what its item is by standard.",
    )
    return Report("movements", "Movements", COLUMNS, rows, {}, notes)


def _row(move: Move) -> Values:
    return (
        *(move.at, move.entry, move.line, move.type, move.item, move.item_name, move.unit, move.category, move.lot),
        *(move.expiry or None, move.fund, move.qty, *_told(move.source), *_told(move.target), move.value, worth(move)),
        *(move.currency, move.team, *move.words),
    )


def worth(move: Move) -> Decimal | None:
    """What was moved is worth so much, to the last digit; None where nobody said what one is worth."""
    return None if move.value is None else EXACT.multiply(move.value.scaleb(-3, EXACT), Decimal(move.qty))


def _told(account: Account) -> Values:
    return account.kind, account.id, account.name, account.team
