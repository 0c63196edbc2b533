"""What a scenario plays on: real nodes in one process, a clock that runs through the story, and somebody who tells it.

Nothing here knows another way than a user's own: nodes are made, paired, synced and written to as the commands do it.
"""

from collections.abc import Callable
from pathlib import Path

from node import bootstrap
from node.config import Config
from node.scenarios.team import Team
from node.units import format_time
from sync.errors import Conflict
from sync.identity import Clock, Rng

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
STORY_HOURS = 72
STEP_MINUTES = 3  # between two things that somebody writes down
SYNC_SECONDS = 10  # of a demo that stays up: soon enough for whoever watches it
NETWORK_BYTES = 16
ROUNDS_MAX = 6  # of everybody with everybody, until all know all


class StoryClock:
    """A clock for all nodes: it stands where the story is, which ends at the real present, then follows real time."""

    def __init__(self, real: Clock) -> None:
        self._real, self._live = real, False
        self._end = real()
        self._now = (self._end - STORY_HOURS * HOUR_MS) // MINUTE_MS * MINUTE_MS  # people say times to the minute

    def __call__(self) -> int:
        """The time in ms since 1970 UTC."""
        return max(self._now, self._real()) if self._live else self._now

    def forward(self, to_ms: int) -> None:
        """Go on to this moment: never back, and never past the present."""
        self._now = max(self._now, min(to_ms, self._end))

    def follow(self) -> None:
        """The story is told: real time from here on."""
        self._live = True


class Stage:
    """Teams with their nodes under one folder, on a network of their own that never mixes with real relief work."""

    def __init__(self, folder: Path, real: Clock, rng: Rng, say: Callable[[str], None]) -> None:
        self.folder, self.rng, self.say = folder, rng, say
        self.clock = StoryClock(real)
        self.begin = self.clock()
        self.network = rng(NETWORK_BYTES)
        self.teams: list[Team] = []

    # the story

    def hour(self, hour: int, words: str) -> None:
        """So many hours after the beginning this happens."""
        self.clock.forward(self.begin + hour * HOUR_MS)
        self.say(f"Day {hour // 24 + 1}, {hour % 24:2d} h  {words}")

    def aside(self, words: str) -> None:
        """What came of it."""
        self.say(f"             {words}")

    def step(self) -> None:
        """A little time passes: nobody writes two things down in one moment."""
        self.clock.forward(self.clock() + STEP_MINUTES * MINUTE_MS)

    def days_off(self, days: int) -> str:
        """The moment so many days from the story's beginning, as text; before it if negative."""
        return format_time(self.begin + days * DAY_MS)

    # the teams

    def team(self, name: str) -> Team:
        """A new team with a node that listens for others."""
        config = Config(data=self.folder / name.lower().replace(" ", "-"), sync_seconds=SYNC_SECONDS)
        node, created = bootstrap.init(config, name, self.network, self.clock, self.rng)
        team = Team(self, name, node)
        self.teams.append(team)
        if not created:
            raise Conflict(
                f"There is a node of {name} in {self.folder} already.",
                todo="Play in an empty folder.",
            )
        team.go_on_air()
        return team

    def name_of(self, node: str) -> str:
        """The team whose node has this id."""
        return next((team.name for team in self.teams if team.node.id == node), node)

    def meet(self) -> None:
        """Everybody exchanges with everybody within reach until all agree, or it is plain that they won't."""
        for _ in range(ROUNDS_MAX):
            for team in self.teams:
                team.node.sync_now()
            if self.agree():
                return

    def agree(self) -> bool:
        """Whether all nodes hold the same, believe the same and come to the same stock."""
        return len({tuple(sorted(team.node.digest().items())) for team in self.teams}) == 1

    def close(self) -> None:
        """Stop whatever runs."""
        for team in self.teams:
            team.node.close()
