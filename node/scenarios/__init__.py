"""What the demo can play: each scenario is a function that tells its story on a stage."""

from collections.abc import Callable

from node.scenarios import storm
from node.scenarios.stage import Stage
from sync.errors import NotFound

Play = Callable[[Stage], None]

SCENARIOS: dict[str, Play] = {"storm": storm.play}


def find(name: str) -> Play:
    """The scenario of this name; NotFound names those that there are."""
    play = SCENARIOS.get(name.strip().lower())
    if play is None:
        raise NotFound(
            f"There is no scenario {name!r}.",
            kept="Nothing was played.",
            todo=f"Name one of: {', '.join(sorted(SCENARIOS))}.",
        )
    return play
