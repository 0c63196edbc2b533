"""What a person needs, by the Sphere Handbook: to set beside what was handed out, never to ration by.

Figures are those of the 2004 and 2011 editions: 15 litres of water a person a day (7.5 to 15 for basic needs), 250 g of
bathing soap and 200 g of laundry soap a person a month.
"""

from collections.abc import Mapping
from typing import NamedTuple

from node.catalogue import ItemRow

EDITION = "Sphere Handbook 2004 and 2011"
NOTE = (
    f"Rations are those of the {EDITION}: 15 L of water a person a day, 250 g of bathing soap and 200 g of laundry soap"
    " a person a month of 30 days. Days of ration are what a person got over what the handbook says for a day."
)
LITRE_ML, DAY = 1000, 1


class Ration(NamedTuple):
    """What a person needs in so many days: in millilitres or in grams of the item."""

    text: str
    amount: int
    days: int
    by_volume: bool


WATER = Ration("15 L of water a day", 15 * LITRE_ML, DAY, True)
BATHING = Ration("250 g of bathing soap a month", 250, 30, False)
LAUNDRY = Ration("200 g of laundry soap a month", 200, 30, False)
# By the names of the starter catalogue, whose ids are the same on every node; what one unit of them holds is below.
_CONTENT: Mapping[str, tuple[Ration, int]] = {
    "dcgt53zuioybp4s7": (WATER, 1000),
    "axlcevg7tqpqannr": (WATER, 500),
    "2kkeqylv7frpavaa": (WATER, 1500),
    "l6lntvkvwuoizcoz": (WATER, 3785),
    "fqzqz4um7uzidu5b": (BATHING, 100),
    "zcjrklvb7dh3rikk": (LAUNDRY, 200),
}
_UNITS = {"litre": 1000, "liter": 1000, "l": 1000, "gallon": 3785, "ml": 1}
_GRAMS = {"kg": 1000, "g": 1}


def ration(item: ItemRow) -> tuple[Ration, int] | None:
    """The ration that an item is measured by, and how much of it one unit holds (ml or g); None for most items."""
    if item.id in _CONTENT:
        return _CONTENT[item.id]
    name, unit = item.name.casefold(), item.unit.casefold()
    if name in ("water", "drinking water", "agua", "eau", "dlo") and unit in _UNITS:
        return WATER, _UNITS[unit]
    kind = LAUNDRY if "laundry" in name else BATHING
    if "soap" in name and unit in _GRAMS:
        return kind, _GRAMS[unit]
    return None


def days(kind: Ration, content: int, qty: int, people: int) -> int:
    """For how many days that is, in thousandths: `qty` in thousandths of the unit, for so many people."""
    return qty * content * kind.days // (kind.amount * people)
