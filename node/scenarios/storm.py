"""A storm has passed over a city by a river. Three teams help; for a day one of them can't be reached.

The depot lies between the two drop teams, who never meet: all that they know of each other has come through it.
"""

from typing import NamedTuple

from node.requests import ReceiptLineIn
from node.scenarios.acts import bought, given
from node.scenarios.stage import Stage
from node.scenarios.team import Team

DEPOT, HALL, VAN = "Canal Street Depot", "Saint Maurice Hall", "Van 3"
GYM, YARD, UNDERPASS, LANDING = "Caffin Avenue Gym", "Gentilly School Yard", "Claiborne Underpass", "Ferry Landing"

APPEAL, CITY = "Gulf storm appeal", "City emergency fund"


class Cast(NamedTuple):
    """Who plays."""

    stage: Stage
    depot: Team
    ninth: Team
    wheels: Team


def play(stage: Stage) -> None:
    """Three days, from the first hour after the storm to now."""
    cast = _meet(stage)
    for scene in (_first_goods, _first_drops, _mast_falls, _courier, _last_carton, _mast_is_back, _third_day):
        scene(cast)


def _meet(stage: Stage) -> Cast:
    stage.hour(0, "The storm has passed. Three teams start a node each, and pair: the depot with either drop team.")
    depot = stage.team("Canal Street Depot", "storm", {"Depot": (DEPOT, "29.9559,-90.0731")})
    ninth = stage.team("Lower Ninth Drops", "storm", {"Depot": (HALL, "29.9581,-90.0128")})
    wheels = stage.team("Bayou Wheels", "storm", {"Van": (VAN, "29.9902,-90.0885")})
    ninth.pair_with(depot)
    wheels.pair_with(depot)
    ninth.place(GYM, "site", "29.9665,-90.0107")
    wheels.place(YARD, "site", "30.0043,-90.0617")
    wheels.place(UNDERPASS, "site", "29.9663,-90.0713")
    depot.place(LANDING, "site", "29.9536,-90.0527")
    depot.sync()
    return Cast(stage, depot, ninth, wheels)


def _dated(stage: Stage, item: str, qty: str, batch: str, days: int, value: str) -> ReceiptLineIn:
    """Goods of one batch that is good for so many days."""
    expiry = stage.days_off(days)[:10]
    return ReceiptLineIn(item=item, qty=qty, batch=batch, expiry=expiry, value=value, currency="USD", fund=APPEAL)


def _first_goods(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(2, "The depot copies its paper book, whose last count is old, and takes in the first lorries.")
    depot.count(DEPOT, {"Jerrycan": "140", "Chlorine tablets": "6carton"}, at=stage.days_off(-41), note="Paper book")
    depot.receive(
        DEPOT, "City warehouse", bought("Water", "4pallet", "0.31", CITY), bought("Rice", "60sack", "1.12", APPEAL)
    )
    depot.receive(DEPOT, "Harbour Church", given("Blanket", "14bale"), given("Soap", "8carton"))
    depot.receive(DEPOT, "Sister city of Bremen", bought("Tarpaulin", "12bale", "7.85", "Bremen helps", "EUR"))
    insulin = [
        _dated(stage, "Insulin", *lot) for lot in (("12box", "NX-4471", 25, "24.5"), ("8box", "NX-5102", 210, "26"))
    ]
    depot.receive(DEPOT, "Crescent Pharmacy", *insulin, note="In the cold box by the office")
    stage.hour(4, "Neighbours bring what they have to the drop teams, too.")
    ninth.receive(HALL, "Neighbours", given("Water", "85case"), given("Blanket", "96"), given("Nappies", "22pack"))
    ninth.receive(
        HALL,
        "Gulf Food Bank",
        bought("Rice", "18sack", "1.05", APPEAL),
        bought("Baby formula", "20case", "13.9", APPEAL),
    )
    wheels.receive(VAN, "Neighbours", given("Water", "70case"), given("Nappies", "15pack"), given("Soap", "3carton"))
    wheels.receive(
        VAN,
        "Bywater Hardware",
        bought("Tarpaulin", "4bale", "9.2", APPEAL),
        bought("Dust mask", "25box", "0.4", APPEAL),
    )


def _first_drops(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(7, "The first drops. Whoever brings somebody a blanket writes it down.")
    ninth.drop(HALL, {"Water": "22case", "Blanket": "36", "Rice": "4sack"}, GYM, people=128, households=47)
    wheels.drop(VAN, {"Water": "18case", "Tarpaulin": "31", "Dust mask": "6box"}, YARD, people=102, households=39)
    wheels.drop(VAN, {"Water": "12case", "Nappies": "4pack", "Soap": "60"}, UNDERPASS, people=64, households=25)
    depot.drop(DEPOT, {"Water": "40case", "Rice": "6sack", "Blanket": "3bale"}, LANDING, people=210, households=83)
    stage.hour(11, "By dusk all have exchanged: the depot sees both ends of the city.")
    depot.sync()
    stage.hour(15, "Lower Ninth Drops write one drop down twice, and undo the second.")
    ninth.drop(HALL, {"Nappies": "5pack", "Baby formula": "28"}, GYM, people=31, households=28)
    twice = ninth.drop(HALL, {"Nappies": "5pack", "Baby formula": "28"}, GYM, people=31, households=28)
    ninth.undo(twice, "Written down twice: two of us were there.")
    stage.hour(19, "Rain gets into the hall.")
    ninth.lose(HALL, {"Rice": "37.5"}, "damaged", "A sack and a half stood in the water.")
    ninth.drop(HALL, {"Water": "20case", "Blanket": "18"}, GYM, people=77, households=30)
    depot.drop(DEPOT, {"Insulin": "3box", "Soap": "1carton"}, LANDING, people=29, households=29)
    depot.sync()


def _mast_falls(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(24, "A mast falls. Bayou Wheels can't be reached any more; they go on all the same.")
    wheels.go_off_air()
    wheels.drop(VAN, {"Water": "14case", "Tarpaulin": "22", "Nappies": "3pack"}, YARD, people=88, households=34)
    wheels.drop(VAN, {"Dust mask": "5box", "Soap": "48"}, UNDERPASS, people=71, households=27)
    depot.receive(DEPOT, "City warehouse", bought("Water", "2pallet", "0.31", CITY), given("Hygiene kit", "180"))
    depot.receive(DEPOT, "Bywater Hardware", bought("Battery D", "3carton", "1.15", APPEAL))
    depot.receive(DEPOT, "Crescent Pharmacy", _dated(stage, "Insulin", "6box", "NX-5102", 210, "26"))
    stage.hour(26, "The depot tries.")
    depot.sync()


def _courier(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(30, "Somebody rides to the van with a stick, and back with another one.")
    depot.send_courier(wheels)
    wheels.drop(VAN, {"Water": "10case", "Nappies": "2pack"}, UNDERPASS, people=49, households=18)
    wheels.send_courier(depot)
    stage.hour(33, "So the depot knows what was dropped out there, and Lower Ninth Drops hear of it from the depot.")
    depot.drop(DEPOT, {"Water": "1pallet", "Hygiene kit": "60", "Blanket": "4bale"}, LANDING, people=240, households=96)
    ninth.drop(HALL, {"Water": "18case", "Rice": "5sack", "Baby formula": "4case"}, GYM, people=119, households=45)
    ninth.sync()


def _last_carton(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(37, "Both drop teams hand out batteries from the depot. Neither can know that the other does.")
    ninth.drop(DEPOT, {"Battery D": "2carton", "Tarpaulin": "2bale"}, GYM, people=92, households=41)
    wheels.drop(DEPOT, {"Battery D": "60", "Insulin": "2box"}, YARD, people=58, households=33)
    wheels.drop(VAN, {"Water": "6case", "Tarpaulin": "15"}, YARD, people=43, households=16)
    stage.hour(41, "The depot tries again.")
    depot.sync()
    stage.hour(44, "The depot's cold box fails for a night.")
    depot.lose(DEPOT, {"Insulin": "14"}, "spoiled", "Above 30 degrees for five hours.")
    depot.drop(DEPOT, {"Water": "35case", "Rice": "5sack", "Soap": "2carton"}, LANDING, people=166, households=64)


def _mast_is_back(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(49, "The mast stands again, and all that was written meanwhile goes both ways.")
    wheels.go_on_air()
    depot.sync()
    stage.aside("More batteries went out than ever came in. Nothing is refused; the books show it for all to look at.")
    stage.hour(52, "The depot counts.")
    found = depot.count(DEPOT, {"Water": "3888", "Blanket": "138", "Rice": "49sack"}, note="Two people, twice")
    differing = [f"{row['counted']} instead of {row['expected']}" for row in found.variance if _differs(row)]
    stage.aside(f"Found {' and '.join(differing)}; the rest is as it should be.")
    wheels.receive(VAN, "Gulf Food Bank", bought("Rice", "12sack", "1.05", APPEAL), given("Water", "45case"))
    ninth.receive(HALL, "Harbour Church", given("Blanket", "3bale"), given("Hygiene kit", "75"))


def _differs(row: dict[str, str]) -> bool:
    return row["counted"] != row["expected"]


def _third_day(cast: Cast) -> None:
    stage, depot, ninth, wheels = cast
    stage.hour(56, "The third day: more of the same, which is what relief is.")
    wheels.drop(VAN, {"Water": "16case", "Rice": "4sack", "Soap": "40"}, UNDERPASS, people=83, households=32)
    ninth.drop(HALL, {"Hygiene kit": "35", "Blanket": "40", "Nappies": "4pack"}, GYM, people=105, households=40)
    depot.drop(DEPOT, {"Tarpaulin": "2bale", "Insulin": "15", "Hygiene kit": "40"}, LANDING, people=120, households=55)
    stage.hour(63, "An evening round.")
    wheels.drop(VAN, {"Rice": "3sack", "Water": "14case"}, YARD, people=69, households=26)
    ninth.drop(HALL, {"Water": "15case", "Baby formula": "3case"}, GYM, people=52, households=21)
    ninth.sync()
    stage.hour(70, "This morning.")
    depot.drop(DEPOT, {"Water": "50case", "Chlorine tablets": "40"}, LANDING, people=190, households=74)
    wheels.drop(VAN, {"Water": "10case", "Dust mask": "4box"}, UNDERPASS, people=47, households=19)
    stage.hour(71, "All links are up. Everybody exchanges until all books are the same.")
    stage.meet()
