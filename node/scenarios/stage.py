"""What a scenario plays on: real nodes in one process, a clock that runs through the story, and somebody who tells it.

Nothing here knows another way than a user's own: nodes are made, paired, synced and written to as the commands do it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from node import bootstrap
from node.config import Config
from node.scenarios.team import Spots, Team
from node.units import format_time
from sync.errors import Conflict
from sync.identity import Clock, Rng

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
STORY_HOURS = 72
STEP_SECONDS = 180  # between two things that somebody writes down
SYNC_SECONDS = 10  # of a demo that stays up: soon enough for whoever watches it
NETWORK_BYTES = 16
ROUNDS_MAX = 4  # there and back, until all know all
WHOLE = 100  # percent


class StoryClock:
    """A clock for all nodes: it stands where the story is, which ends at the real present, then follows real time."""

    def __init__(self, real: Clock, hours: int) -> None:
        self._real, self._live = real, False
        self._end = real()
        self._now = (self._end - hours * HOUR_MS) // MINUTE_MS * MINUTE_MS  # people say times to the minute

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
    """Teams with their nodes under one folder, on a network of their own that never mixes with real relief work.

    The story lasts `hours`; `step_seconds` pass with everything that is written down. `scale` is how much of a large
    story is played, in percent.
    """

    def __init__(
        self,
        folder: Path,
        real: Clock,
        rng: Rng,
        say: Callable[[str], None],
        hours: int = STORY_HOURS,
        step_seconds: int = STEP_SECONDS,
        scale: int = WHOLE,
    ) -> None:
        self.folder, self.rng, self.say, self.scale = folder, rng, say, scale
        self.clock = StoryClock(real, hours)
        self.begin = self.clock()
        self.network = rng(NETWORK_BYTES)
        self.teams: list[Team] = []
        self._step_ms = step_seconds * SECOND_MS

    # the story

    def hour(self, hour: int, words: str) -> None:
        """So many hours after the beginning this happens."""
        self.clock.forward(self.begin + hour * HOUR_MS)
        self.say(f"Day {hour // 24 + 1}, {hour % 24:2d} h  {words}")

    def day(self, day: int, hour: int, words: str) -> None:
        """On this day, counted from 1, at this hour, this happens."""
        self.hour((day - 1) * 24 + hour, words)

    def aside(self, words: str) -> None:
        """What came of it."""
        self.say(f"             {words}")

    def step(self) -> None:
        """A little time passes: nobody writes two things down in one moment."""
        self.clock.forward(self.clock() + self._step_ms)

    def days_off(self, days: int) -> str:
        """The moment so many days from the story's beginning, as text; before it if negative."""
        return format_time(self.begin + days * DAY_MS)

    def hours_off(self, hours: int) -> str:
        """The moment so many hours from the story's beginning, as text."""
        return format_time(self.begin + hours * HOUR_MS)

    # the teams

    def team(self, name: str, template: str = "", spots: Spots | None = None) -> Team:
        """A new team with a node that listens for others, which starts from a template if one is named.

        `spots` says what the template's places are called here, and where they are.
        """
        config = Config(data=self.folder / name.lower().replace(" ", "-"), sync_seconds=SYNC_SECONDS)
        node, created = bootstrap.init(config, name, self.network, self.clock, self.rng)
        team = Team(self, name, node)
        self.teams.append(team)
        if not created:
            raise Conflict(
                f"There is a node of {name} in {self.folder} already.",
                todo="Play in an empty folder.",
            )
        if template:
            team.start_from(template, spots or {})
        team.go_on_air()
        return team

    def name_of(self, node: str) -> str:
        """The team whose node has this id."""
        return next((team.name for team in self.teams if team.node.id == node), node)

    def exchange(self) -> None:
        """Those who are paired and within reach exchange, the latest comers first; what came of it in one line."""
        rows = self._pass_on(self.teams[::-1])
        if not rows:
            return
        news = sum(row["sent"] + row["received"] for row in rows if row["ok"])
        down = sorted({self.name_of(row["peer"]) for row in rows if not row["ok"]})
        unheard = f"; no link to {' and '.join(down)}" if down else ""
        self.aside(f"{len(rows)} exchanges passed {news} entries on{unheard}.")

    def meet(self) -> None:
        """Everybody exchanges with everybody within reach until all agree, or it is plain that they won't."""
        for _ in range(ROUNDS_MAX):
            self._pass_on(self.teams[::-1])
            self._pass_on(self.teams)
            if self.agree():
                return

    def _pass_on(self, teams: Sequence[Team]) -> list[dict[str, Any]]:
        """One team after the other exchanges with those it is paired with; each two of them once."""
        calls = [(team, peer) for team in teams if team.on_air for peer in team.paired()]
        pairs: dict[frozenset[str], tuple[Team, str]] = {}
        for team, peer in calls:
            pairs.setdefault(frozenset((team.node.id, peer)), (team, peer))
        return [row for team, peer in pairs.values() for row in team.node.sync_now(peer)]

    def agree(self) -> bool:
        """Whether all nodes hold the same, believe the same and come to the same stock."""
        return len({tuple(sorted(team.node.digest().items())) for team in self.teams}) == 1

    def close(self) -> None:
        """Stop whatever runs, all nodes at once, since each takes its time for it."""
        if self.teams:
            with ThreadPoolExecutor(len(self.teams)) as pool:
                list(pool.map(Team.stop, self.teams))
        for team in self.teams:
            team.node.close()
