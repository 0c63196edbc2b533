"""Teachers are on strike, and pickets stand before eighteen schools. Somebody has to bring them lunch.

Each afternoon every school says how many will stand there tomorrow: that is a need. Three kitchens read them, promise
what they can, build meals, and bring them. What was met is closed, and what wasn't is there for all to see.
"""

from typing import NamedTuple

from node import needs
from node.record import Recorded
from node.requests import CorrectLineIn
from node.scenarios.acts import bought, given
from node.scenarios.stage import Stage
from node.scenarios.team import Team

DAYS = 4
HOURS = DAYS * 24 - 2
STEP_SECONDS = 40
CRATE = 30  # meals that fit one bicycle
FUND = "Bread for Ed"


class School(NamedTuple):
    """Where pickets stand, and how many each day."""

    name: str
    spot: str
    pickets: tuple[int, ...]


EAST = [
    School("Castlemont High", "37.7585,-122.1700", (118, 124, 120, 131)),
    School("Fremont High", "37.7725,-122.2190", (96, 104, 101, 98)),
    School("Elmhurst Middle", "37.7496,-122.1708", (54, 57, 52, 60)),
    School("Frick Academy", "37.7709,-122.1874", (41, 44, 44, 46)),
    School("Bridges Academy", "37.7706,-122.2093", (38, 36, 40, 41)),
    School("Manzanita School", "37.7870,-122.2236", (45, 49, 47, 45)),
]
WEST = [
    School("Oakland Tech", "37.8337,-122.2577", (142, 151, 149, 160)),
    School("McClymonds High", "37.8199,-122.2800", (73, 78, 80, 77)),
    School("Westlake Middle", "37.8137,-122.2605", (62, 60, 64, 66)),
    School("Prescott School", "37.8080,-122.2975", (29, 31, 30, 33)),
    School("Hoover School", "37.8225,-122.2745", (33, 35, 36, 34)),
    School("Emerson School", "37.8369,-122.2571", (37, 40, 38, 41)),
]
HILLS = [
    School("Skyline High", "37.7987,-122.1617", (128, 133, 126, 137)),
    School("Montera Middle", "37.8205,-122.1949", (58, 61, 63, 60)),
    School("Bret Harte Middle", "37.8020,-122.2111", (49, 52, 50, 55)),
    School("Glenview School", "37.8070,-122.2200", (36, 34, 37, 39)),
    School("Sequoia School", "37.8003,-122.2003", (34, 38, 35, 36)),
    School("Redwood Heights", "37.7955,-122.1890", (31, 30, 33, 35)),
]


class Kitchen(NamedTuple):
    """A team, its kitchen, and the schools that it cooks for."""

    team: Team
    place: str
    schools: list[School]

    def meals(self, day: int) -> int:
        """How many meals its pickets eat on a day, counted from 1."""
        return sum(school.pickets[day - 1] for school in self.schools)


class Cast(NamedTuple):
    """Who plays."""

    stage: Stage
    east: Kitchen
    west: Kitchen
    hills: Kitchen

    @property
    def kitchens(self) -> tuple[Kitchen, Kitchen, Kitchen]:
        """All three."""
        return self.east, self.west, self.hills


def play(stage: Stage) -> None:
    """Four days of a strike, from the first list to the last sandwich."""
    cast = _meet(stage)
    asked = _ask(cast, 1)
    for day in range(1, DAYS + 1):
        _bake(cast, day)
        SCENES.get(day, _nothing_else)(cast, asked)
        _bring(cast, day, asked)
        asked = _ask(cast, day + 1) if day < DAYS else {}
    _last_evening(cast)


def _meet(stage: Stage) -> Cast:
    stage.day(1, 1, "The night before: three kitchens start from one template, and two pair with the one between.")
    spots = ("37.7700,-122.1950", "37.8150,-122.2700", "37.8010,-122.1990")
    names = zip(("East", "West", "Hills"), spots, (EAST, WEST, HILLS), strict=True)
    east, west, hills = (_open(stage, *one) for one in names)
    west.team.pair_with(east.team)
    hills.team.pair_with(east.team)
    return Cast(stage, east, west, hills)


def _open(stage: Stage, name: str, spot: str, schools: list[School]) -> Kitchen:
    place = f"{name} Strike Kitchen"
    team = stage.team(f"{name} Kitchen", "bread-for-ed", {"Strike kitchen": (place, spot)})
    for school in schools:
        team.place(school.name, "site", school.spot)
    return Kitchen(team, place, schools)


# a day


Needs = dict[str, Recorded]  # by school


def _ask(cast: Cast, day: int) -> Needs:
    hour = 3 if day == 1 else 15
    cast.stage.day(max(1, day - 1), hour, f"Each school says how many will stand there on day {day}.")
    asked = {
        school.name: kitchen.team.need(school.name, {"Meal": str(school.pickets[day - 1])}, school.pickets[day - 1])
        for kitchen in cast.kitchens
        for school in kitchen.schools
    }
    cast.stage.exchange()
    open_needs = [row for row in needs.rows(cast.east.team.node) if row["status"] == "open"]
    cast.stage.aside(f"East Kitchen sees {len(open_needs)} schools that wait for {_lacking(open_needs)} meals.")
    return asked


def _lacking(rows: list[needs.Row]) -> int:
    return sum(int(line["left"]) for row in rows for line in row["lines"])


def _bake(cast: Cast, day: int) -> None:
    cast.stage.day(day, 5, f"Day {day}: bread comes from bakers, filling from whoever cooked all night.")
    for kitchen in cast.kitchens:
        loaves, filling = _parts(kitchen.meals(day))
        kitchen.team.receive(kitchen.place, "Bakers nearby", bought("Bread", str(loaves), "2.75", FUND))
        kitchen.team.receive(kitchen.place, "Home kitchens", given("Filling", str(filling)))
        kitchen.team.build(kitchen.place, "Meal", kitchen.meals(day))
    if day == 1:
        cast.east.team.receive(cast.east.place, "Union hall", given("Water", "20case"))


def _parts(meals: int) -> tuple[int, int]:
    """Loaves and kilograms for so many meals and a few more, by the template's recipe: a quarter loaf, 150 g."""
    return -(-meals // 4) + 3, -(-meals * 15 // 100) + 1


def _bring(cast: Cast, day: int, asked: Needs) -> None:
    cast.stage.day(day, 11, "Meals leave by bicycle, a crate each, and what was met is closed.")
    for kitchen in cast.kitchens:
        for school in kitchen.schools:
            pickets, need = school.pickets[day - 1], asked[school.name]
            goods = {"Meal": str(pickets)}
            kitchen.team.drop(kitchen.place, goods, school.name, pickets, need=need.entry)
            kitchen.team.close_need(need, "All have eaten.")
    eaten = sum(kitchen.meals(day) for kitchen in cast.kitchens)
    crates = sum(-(-school.pickets[day - 1] // CRATE) for kitchen in cast.kitchens for school in kitchen.schools)
    cast.stage.aside(f"{eaten} meals in {crates} crates.")
    cast.stage.exchange()


# what happens beside that


def _nothing_else(cast: Cast, asked: Needs) -> None:
    """A day like any other."""


def _first_promises(cast: Cast, asked: Needs) -> None:
    cast.stage.day(1, 8, "The large schools ask twice: the kitchens promise them theirs by name.")
    for kitchen in cast.kitchens:
        school = kitchen.schools[0]
        kitchen.team.pledge(kitchen.place, {"Meal": str(school.pickets[0])}, asked[school.name])
    cast.stage.exchange()


def _flat_crates(cast: Cast, asked: Needs) -> None:
    west, east = cast.west, cast.east
    cast.stage.day(2, 7, "Rain: two crates of the West Kitchen fall into a gutter. A school will go without.")
    lost = {"Meal": "2crate"}
    west.team.lose(west.place, lost, "damaged", "A bicycle slipped on the rails")
    west.team.renew(asked["McClymonds High"], "They still wait, and it rains.")
    cast.stage.exchange()
    cast.stage.day(2, 8, "The East Kitchen reads it, promises 60, builds them and sends them over. Some are squashed.")
    east.team.pledge(east.place, lost, asked["McClymonds High"])
    east.team.receive(east.place, "Neighbours", given("Bread", "15"), given("Filling", "9"))
    east.team.build(east.place, "Meal", 60)
    sent = east.team.send(east.place, lost, west.place, vehicle="Cargo bike", need=asked["McClymonds High"].entry)
    west.team.arrive(west.team.read_waybill(east.team.waybill(sent)), damaged={"Meal": "4"})
    west.team.receive(west.place, "Parents", given("Meal", "4"))
    cast.stage.exchange()


def _hills_go_dark(cast: Cast, asked: Needs) -> None:
    hills, east = cast.hills, cast.east
    cast.stage.day(3, 8, "The power is shut off in the hills. They cook on gas, and a stick goes down by bicycle.")
    hills.team.go_off_air()
    hills.team.send_courier(east.team)
    cast.stage.day(3, 9, "The East Kitchen counts its bread.")
    less = east.team.on_hand(east.place, "Bread") - 2
    east.team.tell_difference(east.team.count(east.place, {"Bread": str(less)}, note="Somebody had breakfast"))
    found = east.team.drop(east.place, {"Water": "8case"}, "Fremont High", people=96)
    east.team.correct(found, "Six cases, the other two came back", lines=[CorrectLineIn(item="Water", qty="6case")])


def _power_is_back(cast: Cast, asked: Needs) -> None:
    cast.stage.day(4, 7, "The hills have power again. Yesterday's lunch reaches everybody's books this morning.")
    cast.hills.team.go_on_air()
    cast.stage.exchange()


SCENES = {1: _first_promises, 2: _flat_crates, 3: _hills_go_dark, 4: _power_is_back}


def _last_evening(cast: Cast) -> None:
    stage = cast.stage
    stage.day(DAYS, 18, "An agreement is reached. The kitchens give what bread is left to whoever walks by.")
    for kitchen in cast.kitchens:
        bread = kitchen.team.on_hand(kitchen.place, "Bread")
        kitchen.team.drop(kitchen.place, {"Bread": str(bread)}, people=int(bread), note="The last evening")
    stage.day(DAYS, 20, "All links are up. Everybody exchanges until all books are the same.")
    stage.meet()
    left = needs.rows(cast.hills.team.node)
    stage.aside(f"{cast.east.team.book('Meal')['distributed']} meals in four days; {len(left)} needs are open.")
