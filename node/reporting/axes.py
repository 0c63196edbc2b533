"""By what rows of a statement are told apart: places, teams, categories, funds, lots; always by item and currency."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from node import catalogue
from node.reporting.asked import Cell, View
from node.reporting.model import Column
from sync.errors import OutOfRange

Key = tuple[str, ...]


class Axis(NamedTuple):
    """One way to tell rows apart: what of a cell, in which columns, and what these say for it."""

    of: Callable[[View, Cell], str]
    columns: tuple[Column, ...]
    say: Callable[[View, str], Key]


def _place(view: View, place: str) -> Key:
    row = view.words.place(place)
    return row.id, row.name or row.id, catalogue.team_name(view.words.teams, row.node)


def _team_of(view: View, cell: Cell) -> str:
    return view.words.place(cell.place).node.hex()


def _team(view: View, node: str) -> Key:
    return node, catalogue.team_name(view.words.teams, bytes.fromhex(node))


def _item(view: View, item: str) -> Key:
    row = view.words.item(item)
    return row.id, row.name or row.id, row.unit, row.category


def _itself(view: View, text: str) -> Key:
    return (text,)


ITEM = Axis(
    lambda view, cell: cell.item,
    (
        Column("item", "Item id", "id", "#item+code"),
        Column("item_name", "Item", "text", "#item+name"),
        Column("unit", "Unit", "text", "#item+unit"),
        Column("category", "Category", "text", "#item+category"),
    ),
    _item,
)
CURRENCY = Axis(lambda view, cell: cell.unit[1], (Column("currency", "Currency", "text", "#currency+code"),), _itself)
AXES: Mapping[str, Axis] = {
    "place": Axis(
        lambda view, cell: cell.place,
        (
            Column("place", "Place id", "id", "#loc+code"),
            Column("place_name", "Place", "text", "#loc+name"),
            Column("team", "Team", "text", "#org+name"),
        ),
        _place,
    ),
    "team": Axis(
        _team_of, (Column("node", "Node", "id", "#org+code"), Column("team", "Team", "text", "#org+name")), _team
    ),
    "category": Axis(
        lambda view, cell: view.category(cell.item),
        (Column("by_category", "By category", "text", "#item+category+group"),),
        _itself,
    ),
    "fund": Axis(lambda view, cell: cell.fund, (Column("fund", "Fund", "text", "#org+fund"),), _itself),
    "lot": Axis(lambda view, cell: cell.lot, (Column("lot", "Lot", "text", "#item+lot"),), _itself),
}


def chosen(by: Sequence[str]) -> list[Axis]:
    """The axes of these names, with item and currency after them."""
    unknown = [name for name in by if name not in AXES]
    if unknown:
        raise OutOfRange(f"Rows can't be told by {', '.join(unknown)}.", todo=f"Choose among {', '.join(AXES)}.")
    return [*(AXES[name] for name in by), ITEM, CURRENCY]


def keys(view: View, axes: Sequence[Axis]) -> Callable[[Cell], Key]:
    """What tells the row of a cell."""
    ways = [axis.of for axis in axes]
    return lambda cell: tuple(of(view, cell) for of in ways)


def said(view: View, axes: Sequence[Axis], key: Key) -> Key:
    """What the first columns of a row hold."""
    return tuple(text for axis, part in zip(axes, key, strict=True) for text in axis.say(view, part))
