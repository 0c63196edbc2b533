"""What the demo can play: each scenario is a function that tells its story on a stage."""

from collections.abc import Callable
from typing import NamedTuple

from node.scenarios import (
    benevolent_society,
    brake_light_clinic,
    bread_for_ed,
    bus_boycott,
    free_breakfast,
    storm,
    warehouse_pickup,
)
from node.scenarios.stage import STEP_SECONDS, WHOLE, Stage
from sync.errors import NotFound, OutOfRange


class Scenario(NamedTuple):
    """A story with what it is about, and how many hours it lasts.

    `step_seconds` pass between two things that are written down. One that `scales` can be played in part.
    """

    play: Callable[[Stage], None]
    about: str
    hours: int
    step_seconds: int = STEP_SECONDS
    scales: bool = False


SCENARIOS: dict[str, Scenario] = {
    "benevolent-society": Scenario(
        benevolent_society.play,
        "dues in, stipends, medicine and funerals out: three cash boxes, for eight weeks",
        benevolent_society.HOURS,
    ),
    "brake-light-clinic": Scenario(
        brake_light_clinic.play,
        "bulbs fitted and sent home once a month, beside a weekly food table, in twelve chapters",
        brake_light_clinic.HOURS,
        brake_light_clinic.STEP_SECONDS,
    ),
    "bread-for-ed": Scenario(
        bread_for_ed.play,
        "meals for pickets at eighteen schools, by what each needs and each kitchen promises",
        bread_for_ed.HOURS,
        bread_for_ed.STEP_SECONDS,
    ),
    "bus-boycott": Scenario(
        bus_boycott.play,
        "17,000 people ride to work and home in 15 wagons and lent cars, for three days",
        bus_boycott.HOURS,
        bus_boycott.STEP_SECONDS,
    ),
    "free-breakfast": Scenario(
        free_breakfast.play,
        "20,000 children in 19 cities get breakfast for a school week (--scale 5: every twentieth)",
        free_breakfast.HOURS,
        free_breakfast.STEP_SECONDS,
        scales=True,
    ),
    "storm": Scenario(storm.play, "supply drops by three teams after a storm, with a mast down for a day", 72),
    "warehouse-pickup": Scenario(
        warehouse_pickup.play,
        "a forgotten warehouse: four teams load lorries, one of them far from any signal",
        warehouse_pickup.HOURS,
    ),
}


def find(name: str, scale: int = WHOLE) -> Scenario:
    """The scenario of this name; NotFound names those that there are, OutOfRange says that it comes in one size."""
    found = SCENARIOS.get(name.strip().lower())
    if found is None:
        raise NotFound(
            f"There is no scenario {name!r}.",
            kept="Nothing was played.",
            todo=f"Name one of: {', '.join(sorted(SCENARIOS))}.",
        )
    if scale != WHOLE and not found.scales:
        able = ", ".join(sorted(name for name, one in SCENARIOS.items() if one.scales))
        raise OutOfRange(
            f"{name} is always played at its full size.",
            kept="Nothing was played.",
            todo=f"Leave the scale out; it is for: {able}.",
        )
    return found


def listing() -> str:
    """All scenarios with what each is about, a line each."""
    width = max(map(len, SCENARIOS))
    return "\n".join(f"{name:{width}}  {one.about}" for name, one in sorted(SCENARIOS.items()))
