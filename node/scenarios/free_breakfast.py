"""Breakfast for 20,000 children in nineteen cities, every school day of a week.

Every city has a kitchen and a node. Cities pair with the nearest large one, and the large ones with each other, so that
each sees what all others have. A scale of five plays for five children in a hundred: fewer sites, as many cities.
"""

from decimal import Decimal
from typing import NamedTuple

from node.requests import ReceiptLineIn
from node.scenarios.acts import given
from node.scenarios.stage import WHOLE, Stage
from node.scenarios.team import Team

CHILDREN = 20_000  # every school day, at full size
SCHOOL_DAYS = 5
HOURS = (SCHOOL_DAYS - 1) * 24 + 11
SITE_CHILDREN = 110  # as many as one church hall can seat
STEP_SECONDS = 15  # nineteen cities write things down at one time
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")

EGGS, SLICES, GRITS_G, MILK_ML = 2, 2, 100, 250  # of one plate, by the template's recipe
SPARE = 5  # in a hundred: what is bought above what is needed
BROKEN_EGGS = 24
SPILT_LITRES = Decimal("0.75")


class City(NamedTuple):
    """A city with the share of all children that it feeds (in 200), its spot, and through whom it hears from others."""

    name: str
    share: int
    spot: str
    hub: str


CITIES = [
    City("Oakland", 21, "37.8044,-122.2712", ""),
    City("San Francisco", 13, "37.7749,-122.4194", "Oakland"),
    City("Richmond", 7, "37.9358,-122.3477", "Oakland"),
    City("Sacramento", 6, "38.5816,-121.4944", "Oakland"),
    City("Los Angeles", 18, "34.0522,-118.2437", "Oakland"),
    City("San Diego", 6, "32.7157,-117.1611", "Los Angeles"),
    City("Seattle", 10, "47.6062,-122.3321", "Oakland"),
    City("Portland", 6, "45.5152,-122.6784", "Seattle"),
    City("Denver", 6, "39.7392,-104.9903", "Chicago"),
    City("Chicago", 22, "41.8781,-87.6298", "Oakland"),
    City("Milwaukee", 7, "43.0389,-87.9065", "Chicago"),
    City("Kansas City", 9, "39.0997,-94.5786", "Chicago"),
    City("Des Moines", 5, "41.5868,-93.6250", "Chicago"),
    City("Detroit", 11, "42.3314,-83.0458", "Chicago"),
    City("Baltimore", 8, "39.2904,-76.6122", "New York"),
    City("Philadelphia", 12, "39.9526,-75.1652", "New York"),
    City("New York", 20, "40.7128,-74.0060", "Chicago"),
    City("New Haven", 6, "41.3083,-72.9279", "New York"),
    City("Boston", 7, "42.3601,-71.0589", "New York"),
]
SITES = ("Saint Augustine Hall", "Neighbourhood House", "Free Clinic", "Union Hall", "Baptist Basement", "Rec Centre")


class Table(NamedTuple):
    """Where children eat, and how many they are."""

    site: str
    children: int


class Kitchen(NamedTuple):
    """A city's team, its kitchen, and the tables it cooks for."""

    city: City
    team: Team
    place: str
    tables: list[Table]

    @property
    def plates(self) -> int:
        """How many children eat here each day."""
        return sum(table.children for table in self.tables)


def play(stage: Stage) -> None:
    """A school week, from shopping to the last plate."""
    kitchens = _open_kitchens(stage)
    _shop(stage, kitchens)
    for day in range(1, SCHOOL_DAYS + 1):
        _school_day(stage, kitchens, day)
        SCENES.get(day, _quiet)(stage, kitchens)
    _count_the_milk(stage, kitchens)


# before the week


def _open_kitchens(stage: Stage) -> dict[str, Kitchen]:
    stage.day(1, 0, "Nineteen cities copy one template: eggs, grits, bacon, toast and milk make a breakfast.")
    children = shares(CHILDREN * stage.scale // WHOLE)
    kitchens = {city.name: _open(stage, city, share) for city, share in zip(CITIES, children, strict=True)}
    for kitchen in kitchens.values():
        if kitchen.city.hub:
            kitchen.team.pair_with(kitchens[kitchen.city.hub].team)
    sites = sum(len(kitchen.tables) for kitchen in kitchens.values())
    stage.aside(f"{sum(children)} children will eat at {sites} sites, every school day.")
    stage.exchange()
    return kitchens


def shares(children: int) -> list[int]:
    """How many children of so many each city feeds: whole ones, and no child is lost to rounding."""
    ends = [sum(city.share for city in CITIES[: i + 1]) for i in range(len(CITIES))]
    borders = [0, *(children * end // ends[-1] for end in ends)]
    return [after - before for before, after in zip(borders, borders[1:], strict=False)]


def _open(stage: Stage, city: City, children: int) -> Kitchen:
    place = f"{city.name} Kitchen"
    team = stage.team(f"{city.name} Breakfast", "free-breakfast", {"Kitchen": (place, city.spot)})
    halls = max(1, -(-children // SITE_CHILDREN))
    tables = []
    for i in range(halls):
        site = team.place(f"{city.name}, {_hall(i)}", "site", city.spot)
        tables.append(Table(site, children * (i + 1) // halls - children * i // halls))
    return Kitchen(city, team, place, tables)


def _hall(i: int) -> str:
    """A name of a site's own: the second round of names has a number."""
    again = f" {i // len(SITES) + 1}" if i >= len(SITES) else ""
    return SITES[i % len(SITES)] + again


def _shop(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    stage.day(1, 3, "What was asked of shops, farms and churches for the week has come in.")
    for kitchen in kitchens.values():
        kitchen.team.receive(kitchen.place, "Shops, farms and churches nearby", *_shopping(kitchen.plates))
    stage.exchange()


def _shopping(plates: int) -> list[ReceiptLineIn]:
    """Enough of everything for a week of so many plates, and a little more."""
    week = -(-plates * SCHOOL_DAYS * (100 + SPARE) // 100)
    return [
        given("Eggs", str(week * EGGS + BROKEN_EGGS)),
        given("Bacon", str(week * SLICES)),
        given("Toast", str(week * SLICES)),
        given("Grits", _thousandths(week * GRITS_G)),
        given("Milk", _thousandths(week * MILK_ML)),
    ]


def _thousandths(amount: int) -> str:
    """Grams as kg, millilitres as litres."""
    return f"{amount // 1000}.{amount % 1000:03}"


# a day


def _school_day(stage: Stage, kitchens: dict[str, Kitchen], day: int) -> None:
    stage.day(day, 6, f"{DAY_NAMES[day - 1]}: the kitchens cook. Every child eats, no questions.")
    for kitchen in kitchens.values():
        kitchen.team.build(kitchen.place, "Breakfast", kitchen.plates)
        for table in kitchen.tables:
            kitchen.team.drop(kitchen.place, {"Breakfast": str(table.children)}, table.site, table.children)
    stage.aside(f"{sum(kitchen.plates for kitchen in kitchens.values())} children have eaten.")
    stage.exchange()


def _quiet(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    """Nothing but breakfast."""


def _broken_eggs(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    chicago = kitchens["Chicago"]
    stage.day(1, 11, "Chicago: a crate of eggs falls off the cart.")
    chicago.team.lose(chicago.place, {"Eggs": str(BROKEN_EGGS)}, "damaged", "The cart lost a wheel.")


def _snow(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    stage.day(2, 12, "Snow takes Boston's line down. They will cook all the same.")
    kitchens["Boston"].team.go_off_air()


def _milk_for_richmond(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    oakland, richmond = kitchens["Oakland"], kitchens["Richmond"]
    stage.day(3, 12, "Richmond's icebox fails. Oakland sees it and sends milk over; not all bottles arrive whole.")
    milk = {"Milk": str(max(1, richmond.team.on_hand(richmond.place, "Milk") // 4))}
    richmond.team.lose(richmond.place, milk, "spoiled", "The icebox failed overnight.")
    need = richmond.team.need(richmond.place, milk, richmond.plates, "urgent")
    stage.exchange()
    van = {"vehicle": "Church van", "need": need.entry}
    sent = oakland.team.send(oakland.place, milk, richmond.place, **van)
    richmond.team.arrive(richmond.team.read_waybill(oakland.team.waybill(sent)), damaged={"Milk": "0.5"})
    richmond.team.close_need(need, "Enough until Friday.")
    stage.exchange()


def _a_stick_for_boston(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    boston, new_haven = kitchens["Boston"], kitchens["New Haven"]
    stage.day(4, 13, "A driver takes Boston's news along to New York on a stick, and brings back all other cities'.")
    boston.team.send_courier(kitchens["New York"].team)
    kitchens["New York"].team.send_courier(boston.team)
    stage.day(4, 15, "New Haven wrote eggs for a neighbour down twice, and takes one back.")
    extra = [new_haven.team.receive(new_haven.place, "A neighbour", given("Eggs", "3dozen")) for _ in range(2)]
    new_haven.team.undo(extra[1], "It was one and the same basket.")
    stage.day(4, 18, "Boston's line is mended.")
    boston.team.go_on_air()
    stage.exchange()


SCENES = {1: _broken_eggs, 2: _snow, 3: _milk_for_richmond, 4: _a_stick_for_boston}


def _count_the_milk(stage: Stage, kitchens: dict[str, Kitchen]) -> None:
    stage.day(SCHOOL_DAYS, 9, "Friday: the milk is counted.")
    for name in ("Seattle", "Detroit", "Richmond"):
        kitchen = kitchens[name]
        left = max(kitchen.team.on_hand(kitchen.place, "Milk") - SPILT_LITRES, SPILT_LITRES)
        found = kitchen.team.count(kitchen.place, {"Milk": str(left)}, note="Two people, after washing up")
        kitchen.team.tell_difference(found)
    stage.day(SCHOOL_DAYS, 10, "All links are up. Everybody exchanges until all books are the same.")
    stage.meet()
    stage.aside(f"{kitchens['Oakland'].team.book('Breakfast')['distributed']} breakfasts in one week.")
