"""A warehouse full of supplies that nobody looked after for years, and four teams that empty it, day after day.

Each starts from the same template, so that each has an "Old Warehouse" in its books until they say that it is one. The
coast can't be reached: its lorries come unannounced, and what they took is heard of when somebody carries it here.
"""

from typing import NamedTuple

from node import counting
from node.requests import CorrectLineIn, ReceiptLineIn
from node.scenarios.acts import Goods
from node.scenarios.stage import Stage
from node.scenarios.team import Team

HOURS = 5 * 24 + 12
SPOT = "18.0011,-66.6140"
YEARS_AGO_DAYS = -900

CAMP, SCHOOL, CHAPEL = "Plaza Camp", "Hill School", "Beach Chapel"
LORRY = "Blue lorry"

# What the last paper on the door says, and what two people find behind it.
ON_PAPER = {"Water": "20pallet", "Cot": "12pallet", "Tarpaulin": "40bale", "Nappies": "200pack"}
FOUND = {"Water": "17pallet", "Cot": "11pallet+31", "Tarpaulin": "46bale+7", "Nappies": "163pack"}
MEALS = [("3pallet", "RM-17", -400, "4.2"), ("4pallet", "RM-19", 45, "4.6")]  # qty, batch, good for days, worth

# What goes to the hills each morning: lorry after lorry.
PICK_UPS: list[Goods] = [
    {"Water": "2pallet", "Ready meal": "1pallet", "Cot": "1pallet"},
    {"Water": "2pallet", "Tarpaulin": "6bale", "Nappies": "20pack"},
    {"Water": "1pallet", "Ready meal": "1pallet", "Cot": "2pallet"},
]
# What the coast took while nobody here could know.
UNHEARD: list[Goods] = [
    {"Water": "3pallet", "Tarpaulin": "9bale"},
    {"Water": "4pallet", "Cot": "2pallet", "Nappies": "40pack"},
]

CAME_AFTER_ALL = [CorrectLineIn(item="Water", qty="78case"), CorrectLineIn(item="Cot", qty="35", damaged="5")]


class Cast(NamedTuple):
    """Who plays, and the warehouse's id in everybody's books."""

    stage: Stage
    plaza: Team
    hill: Team
    coast: Team
    river: Team
    warehouse: str


def play(stage: Stage) -> None:
    """Six days, from the broken lock to the last count."""
    cast = _meet(stage)
    for scene in (
        _behind_the_door,
        _first_lorries,
        _coast_comes,
        _second_day,
        _more_than_there_was,
        _news,
        _last_count,
    ):
        scene(cast)


def _meet(stage: Stage) -> Cast:
    stage.day(1, 6, "Neighbours break a lock: the warehouse is full, and has been for years. Four teams come.")
    plaza, hill, coast, river = (_team(stage, name) for name in ("Plaza", "Hill", "Coast", "River"))
    for team in (hill, coast, river):
        team.pair_with(plaza)
    plaza.place(CAMP, "site", "18.0120,-66.6141")
    hill.place(SCHOOL, "site", "18.0871,-66.6470")
    hill.place(LORRY, "vehicle", "18.0871,-66.6470")
    coast.place(CHAPEL, "site", "17.9690,-66.6170")
    stage.meet()
    stage.aside("There are four Old Warehouses in the books now, for there is but one.")
    warehouse = _own_warehouse(plaza)
    for team in (hill, coast, river):
        team.same("place", _own_warehouse(team), warehouse, "There is one, and we all stand in front of it.")
    stage.meet()
    for team in (plaza, hill, coast, river):
        team.follow_suggestions("They say so as well.")
    stage.meet()
    stage.day(1, 7, "The coast's teams drive home. There is no signal there.")
    coast.go_off_air()
    return Cast(stage, plaza, hill, coast, river, warehouse)


def _team(stage: Stage, name: str) -> Team:
    return stage.team(f"{name} Brigade", "warehouse-pickup", {"Old Warehouse": ("Old Warehouse", SPOT)})


def _own_warehouse(team: Team) -> str:
    return team.own_place("Old Warehouse")


def _behind_the_door(cast: Cast) -> None:
    stage, plaza, at = cast.stage, cast.plaza, cast.warehouse
    stage.day(1, 8, "A list hangs on the door. It is two years and a half old; it goes into the books as that.")
    plaza.count(at, ON_PAPER, at=stage.days_off(YEARS_AGO_DAYS), note="The list on the door")
    for qty, batch, days, worth in MEALS:
        meal = ReceiptLineIn(
            item="Ready meal", qty=qty, batch=batch, expiry=stage.days_off(days)[:10], value=worth, currency="USD"
        )
        plaza.receive(at, "The state, it says on the boxes", meal, at=stage.days_off(YEARS_AGO_DAYS + 20))
    stage.day(1, 10, "Two people count every bay.")
    plaza.tell_difference(plaza.count(at, FOUND, note="Bay by bay, two people"))
    plaza.look("expired")
    plaza.write_off(at)
    stage.aside("Meals that were good for somebody once are written off. The rest goes out, today.")
    stage.exchange()


def _first_lorries(cast: Cast) -> None:
    stage, plaza, at = cast.stage, cast.plaza, cast.warehouse
    stage.day(1, 12, "The plaza takes the first load to its camp, and the hills theirs.")
    plaza.drop(at, {"Water": "1pallet", "Cot": "80", "Nappies": "30pack"}, CAMP, people=310, households=92)
    _to_the_hills(cast, PICK_UPS[0])
    stage.day(1, 17, "Mice were at the nappies.")
    plaza.lose(at, {"Nappies": "12pack"}, "damaged", "Gnawed through, at the bottom of the stack")
    stage.exchange()


def _to_the_hills(cast: Cast, goods: Goods) -> None:
    """A lorry of the hill team is loaded, drops what it has at the school, and brings the rest back."""
    hill, at = cast.hill, cast.warehouse
    hill.move(at, goods, LORRY)
    dropped = {item: qty for item, qty in goods.items() if item != "Cot"} | {"Cot": "36"}
    hill.drop(LORRY, dropped if "Cot" in goods else dict(goods), SCHOOL, people=240, households=71)
    if "Cot" in goods:
        hill.bring_back(LORRY, at)


def _coast_comes(cast: Cast) -> None:
    stage, coast, at = cast.stage, cast.coast, cast.warehouse
    stage.day(2, 5, "Before dawn the coast's lorries load at the back gate. Nobody else is there to see it.")
    coast.drop(at, UNHEARD[0], CHAPEL, people=420, households=120)


def _second_day(cast: Cast) -> None:
    stage, plaza, river, at = cast.stage, cast.plaza, cast.river, cast.warehouse
    stage.day(2, 8, "The hills' second lorry; and a pallet goes down the river by boat, with a paper.")
    _to_the_hills(cast, PICK_UPS[1])
    landing = river.place("Ferry Landing", "hub", "18.0160,-66.6335")
    river.sync()
    sent = plaza.send(at, {"Water": "1pallet", "Cot": "40"}, landing, vehicle="Ferry", seal="0417")
    stage.day(2, 11, "It arrives before its sender's news does. The paper's code says what it is.")
    came = river.arrive(river.read_waybill(plaza.waybill(sent)), damaged={"Cot": "3"}, missing={"Water": "2case"})
    river.drop(landing, {"Water": "50case", "Cot": "30"}, people=118, households=35)
    stage.day(2, 13, "Not three cots were broken but five: it was written down in a hurry.")
    river.correct(came, "Two more at the bottom", lines=CAME_AFTER_ALL)
    stage.exchange()


def _more_than_there_was(cast: Cast) -> None:
    stage, plaza, coast, at = cast.stage, cast.plaza, cast.coast, cast.warehouse
    stage.day(3, 4, "The coast again, with two lorries.")
    coast.drop(at, UNHEARD[1], CHAPEL, people=510, households=150)
    stage.day(3, 9, "The hills' third lorry, and the plaza's second load.")
    _to_the_hills(cast, PICK_UPS[2])
    plaza.drop(
        at, {"Water": "2pallet", "Tarpaulin": "4bale", "Ready meal": "1pallet"}, CAMP, people=402, households=118
    )
    stage.day(3, 15, "The plaza counts, and can't believe it.")
    plaza.tell_difference(plaza.count(at, {"Water": "1pallet+8case", "Cot": "4pallet+15"}, note="Twice"))
    stage.exchange()


def _news(cast: Cast) -> None:
    stage, plaza, coast = cast.stage, cast.plaza, cast.coast
    stage.day(4, 10, "Somebody walks in from the coast with a stick, and back with another.")
    coast.send_courier(plaza)
    plaza.send_courier(coast)
    _tell_explained(stage, plaza, cast.warehouse)
    stage.day(4, 16, "The coast writes what people there lack, and the plaza promises some of it.")
    need = coast.need(CHAPEL, {"Water": "40case", "Nappies": "25pack"}, people=300, urgency="urgent")
    coast.send_courier(plaza)
    plaza.pledge(cast.warehouse, {"Nappies": "25pack"}, need)
    stage.day(5, 9, "It is brought.")
    plaza.drop(cast.warehouse, {"Nappies": "25pack"}, CHAPEL, people=60, households=44, need=need.entry)
    plaza.close_need(need, "Water runs from the tap again there.")


def _tell_explained(stage: Stage, team: Team, place: str) -> None:
    for row in counting.counts(team.node, place):
        if row["explained"] != "0":
            stage.aside(
                f"{row['item_name']}: {row['variance']} at the count of {row['at'][:10]}."
                f" What was heard since explains {row['explained']}."
            )


def _last_count(cast: Cast) -> None:
    stage, plaza, coast, at = cast.stage, cast.plaza, cast.coast, cast.warehouse
    stage.day(5, 20, "The coast has a signal again.")
    coast.go_on_air()
    stage.exchange()
    stage.day(6, 8, "All are back. What is left is counted once more, and the door gets a new lock, and a new list.")
    left = {"Water": "1pallet+8case", "Ready meal": "1pallet", "Cot": "4pallet+15", "Tarpaulin": "26bale+7"}
    plaza.tell_difference(plaza.count(at, left, note="All four teams"))
    plaza.look("low")
    stage.meet()
