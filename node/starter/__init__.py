"""Common relief items that every node knows from the start, in four languages, under ids that are the same everywhere.

They are no part of any log. Once a team records something about one, it writes the item down too, as any other.
`items.csv` holds them: `packs` are NAME=QTY in units, weight (g) and volume (ml) are of one unit, empty where unknown.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from node.events import Item
from node.searching import Named, folded
from node.units import parse_qty

OTHER_LANGUAGES = ("es", "fr", "ht")


@lru_cache(1)
def facts() -> Mapping[str, Item]:
    """All of them by id."""
    text = resources.files(__name__).joinpath("items.csv").read_text(encoding="utf-8")
    return {row["id"]: _fact(row) for row in csv.DictReader(text.splitlines())}


def fact_of(id: str) -> Item | None:
    """What is known of one from the start."""
    return facts().get(id)


@lru_cache(1)
def names() -> tuple[Named, ...]:
    """Id and name of each, in each language, and id and code."""
    found: dict[Named, None] = {}
    for fact in facts().values():
        for name in (str(fact.name), *fact.names.values(), *fact.codes.values()):
            found[fact.id, name] = None
    return tuple(found)


def called(text: str) -> list[str]:
    """Ids of those that an id, a code (perhaps with its scheme) or a name means; accents and case don't matter."""
    exact = text.strip()
    return [exact] if exact in facts() else _by_name().get(folded(text), [])


@lru_cache(1)
def _by_name() -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    coded = [(fact.id, f"{scheme}:{code}") for fact in facts().values() for scheme, code in fact.codes.items()]
    for id, name in [*names(), *coded]:
        if id not in found[folded(name)]:
            found[folded(name)].append(id)
    return dict(found)


def _fact(row: Mapping[str, str]) -> Item:
    packs = dict(pack.split("=") for pack in row["packs"].split())
    fact = Item(
        row["id"],
        name=row["en"],
        unit=row["unit"],
        category=row["category"],
        codes={"ifrc": row["ifrc"]} if row["ifrc"] else {},
        packs={name: parse_qty(qty) for name, qty in packs.items()},
        names={lang: row[lang] for lang in OTHER_LANGUAGES},
    )
    if row["weight_g"]:
        fact.weight = int(row["weight_g"])
    if row["volume_ml"]:
        fact.volume = int(row["volume_ml"])
    return fact
