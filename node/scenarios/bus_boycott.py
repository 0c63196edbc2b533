"""Nobody takes the bus: 17,000 people ride to work and home again in fifteen station wagons and their neighbours' cars.

Three sides of a city run a lot each. A wagon is a vehicle: it is loaded with gasoline, the gasoline becomes seats, and
seats are handed out at pick-up points. Cars that their drivers lend come with seats of their own. The money that keeps
the wagons insured lies in a box and is counted like all else.
"""

from decimal import Decimal
from typing import NamedTuple

from node import runs
from node.scenarios.acts import bought, given
from node.scenarios.stage import Stage
from node.scenarios.team import Team

DAYS = 3
HOURS = (DAYS - 1) * 24 + 22
STEP_SECONDS = 20

WAGONS = 5  # of each side: fifteen in all
SEATS, RUNS = 8, 13  # of a wagon: at a time, and how often it drives a morning or an evening
AT_A_TIME = SEATS * RUNS  # riders of one wagon, a morning or an evening
SEATS_TO_SPARE = 60  # that drivers lend a side above what is needed in a day
TANK, BURNT = "10", "9"  # gallons that a wagon takes along, and burns a day
QUARTER = Decimal("0.25")  # of a dollar
COLLECTION = "Sunday collection"
POINT_WORDS = ("Church", "Drug Store", "School Corner", "Market")


class Side(NamedTuple):
    """A side of the city: who rides from there, twice a day, and where its cars stand."""

    name: str
    riders: int
    spot: str


SIDES = [
    Side("West Side", 6200, "32.3621,-86.3352"),
    Side("Downtown", 5600, "32.3777,-86.3009"),
    Side("East Side", 5200, "32.3690,-86.2710"),
]


class Pool(NamedTuple):
    """A side's team with its lot, its wagons, the cars that are lent to it, and its pick-up points."""

    side: Side
    team: Team
    lot: str
    wagons: list[str]
    cars: str
    points: list[str]

    def rolling(self, standing: frozenset[str]) -> list[str]:
        """The wagons that drive today."""
        return [wagon for wagon in self.wagons if wagon not in standing]


class Cast(NamedTuple):
    """Who plays; the money lies Downtown."""

    stage: Stage
    west: Pool
    downtown: Pool
    east: Pool
    box: str

    @property
    def pools(self) -> tuple[Pool, Pool, Pool]:
        """All three sides."""
        return self.west, self.downtown, self.east


def play(stage: Stage) -> None:
    """Three working days, from the first run at five to the last one at night."""
    cast = _meet(stage)
    _pay_in(cast)
    _first_day(cast)
    _second_day(cast)
    _third_day(cast)


def _meet(stage: Stage) -> Cast:
    stage.day(1, 2, "Three sides of a city start from one template, and pair. There are fifteen wagons, and no buses.")
    west, downtown, east = (_open(stage, side, i * WAGONS) for i, side in enumerate(SIDES))
    west.team.pair_with(downtown.team)
    east.team.pair_with(downtown.team)
    stage.exchange()
    return Cast(stage, west, downtown, east, "Downtown Insurance Box")


def _open(stage: Stage, side: Side, wagons_before: int) -> Pool:
    lot = f"{side.name} Dispatch Lot"
    spots = {"Dispatch lot": (lot, side.spot)}
    if side.name == "Downtown":
        spots["Insurance box"] = ("Downtown Insurance Box", side.spot)
    team = stage.team(f"{side.name} Car Pool", "bus-boycott", spots)
    wagons = [team.place(f"Wagon {wagons_before + i + 1}", "vehicle", side.spot) for i in range(WAGONS)]
    cars = team.place(f"{side.name} lent cars", "vehicle", side.spot)
    points = [team.place(f"{side.name} {word}", "site", side.spot) for word in POINT_WORDS]
    return Pool(side, team, lot, wagons, cars, points)


def _pay_in(cast: Cast) -> None:
    stage, money = cast.stage, cast.downtown.team
    stage.day(1, 3, "The collection is counted into the box by two people, and gasoline is bought for the week.")
    money.receive(cast.box, COLLECTION, given("US dollar", "1180.35"))
    for pool in cast.pools:
        money.drop(cast.box, {"US dollar": "72.6"}, note=f"Gasoline for the {pool.lot}")
        pool.team.receive(pool.lot, "Filling station", bought("Gasoline", "5drum", "0.264", COLLECTION))
    stage.exchange()


# half a day


def _morning(cast: Cast, day: int, standing: frozenset[str] = frozenset()) -> None:
    cast.stage.day(day, 5, "The morning runs.")
    for pool in cast.pools:
        rolling = pool.rolling(standing)
        for wagon in rolling:
            pool.team.move(pool.lot, {"Gasoline": TANK}, wagon)
            pool.team.repack(wagon, {"Gasoline": BURNT}, {"Seat": f"{2 * RUNS}wagonload"})
        lent = 2 * (pool.side.riders - AT_A_TIME * len(rolling)) + SEATS_TO_SPARE
        pool.team.receive(pool.cars, "Drivers with cars of their own", given("Seat", str(lent)))
    _ride(cast, standing)


def _evening(cast: Cast, day: int, standing: frozenset[str] = frozenset()) -> None:
    cast.stage.day(day, 16, "The evening runs: home again.")
    _ride(cast, standing)
    for pool in cast.pools:
        for wagon in pool.rolling(standing):
            pool.team.bring_back(wagon, pool.lot)
        left = str(pool.team.on_hand(pool.cars, "Seat"))
        pool.team.lose(pool.cars, {"Seat": left}, "other", "Seats that nobody sat on")
    cast.stage.exchange()


def _ride(cast: Cast, standing: frozenset[str]) -> None:
    """Everybody is brought once: the wagons take what they can, lent cars take all others."""
    for pool in cast.pools:
        rolling = pool.rolling(standing)
        for i, wagon in enumerate(rolling):
            pool.team.drop(wagon, {"Seat": f"{RUNS}wagonload"}, pool.points[i % len(pool.points)], AT_A_TIME)
        others, points = pool.side.riders - AT_A_TIME * len(rolling), len(pool.points)
        for i, point in enumerate(pool.points):
            riders = others * (i + 1) // points - others * i // points
            pool.team.drop(pool.cars, {"Seat": str(riders)}, point, riders)
    cast.stage.aside(f"{sum(pool.side.riders for pool in cast.pools)} people have ridden.")


# what else happens


def _first_day(cast: Cast) -> None:
    stage, west = cast.stage, cast.west
    _morning(cast, 1)
    _tell_run(cast.west, west.wagons[0])
    stage.day(1, 12, "A driver and a dispatcher both wrote one run down. One of the two is taken back.")
    twice = west.team.drop(west.cars, {"Seat": "5"}, west.points[0], 5)
    west.team.undo(twice, "The driver had written it down already.")
    _evening(cast, 1)


def _tell_run(pool: Pool, wagon: str) -> None:
    sheet = runs.sheet(pool.team.node, wagon)
    stage, left = pool.team.stage, {row["item_name"]: row["left"] for row in sheet["items"]}
    stage.aside(f"{wagon} so far: {sheet['people']} people; {left['Seat']} seats left, {left['Gasoline']} gallons.")


def _second_day(cast: Cast) -> None:
    stage, east, downtown = cast.stage, cast.east, cast.downtown
    stage.day(2, 3, "Overnight a drum on the East Side was holed, and the telephone line there is cut.")
    east.team.lose(east.lot, {"Gasoline": "1drum"}, "damaged", "Holed with an axe, run out into the sand")
    east.team.go_off_air()
    stage.day(2, 4, "The insurer cancels four wagons with a telegram. They stand, and lent cars step in.")
    standing = frozenset(east.wagons[1:])
    _morning(cast, 2, standing)
    stage.day(2, 9, "Downtown sends two drums over on a truck. One leaks, and its sender's news isn't there yet.")
    sent = downtown.team.send(downtown.lot, {"Gasoline": "2drum"}, east.lot, vehicle="Coal truck")
    came = east.team.read_waybill(downtown.team.waybill(sent))
    east.team.arrive(came, damaged={"Gasoline": "6.5"}, note="Leaked at the bung")
    stage.day(2, 11, "Another insurer is found far away. The premium goes out of the box the same hour.")
    downtown.team.drop(cast.box, {"US dollar": "640"}, note="Premium for fifteen wagons, by telegraph")
    downtown.team.receive(cast.box, "Churches of other cities", given("US dollar", "455"))
    _evening(cast, 2, standing)
    stage.day(2, 21, "A driver carries a stick across town and brings another one back.")
    east.team.send_courier(downtown.team)
    downtown.team.send_courier(east.team)


def _third_day(cast: Cast) -> None:
    stage, west, east, downtown = cast.stage, cast.west, cast.east, cast.downtown
    stage.day(3, 3, "All fifteen wagons are insured. The West Side dips a stick into its tank.")
    found = west.team.on_hand(west.lot, "Gasoline") - 4
    west.team.tell_difference(west.team.count(west.lot, {"Gasoline": str(found)}, note="By dipstick"))
    _morning(cast, 3)
    stage.day(3, 10, "The line to the East Side is mended. What was written down there comes in, a day late.")
    east.team.go_on_air()
    stage.exchange()
    for pool in cast.pools:
        pool.team.look("low")
    _evening(cast, 3)
    stage.day(3, 20, "Two people count the box. A quarter is found in the lining.")
    found = downtown.team.on_hand(cast.box, "US dollar") + QUARTER
    downtown.team.tell_difference(downtown.team.count(cast.box, {"US dollar": str(found)}))
    stage.day(3, 21, "All links are up. Everybody exchanges until all books are the same.")
    stage.meet()
    rides = downtown.team.book("Seat")["distributed"]
    stage.aside(f"{rides} rides in three days. Nobody took the bus.")
