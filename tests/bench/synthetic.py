"""Entries of a realistic mix, signed by forty teams: what a region's nodes hold after a bad month.

Forty logs, 150 items, 60 places, 4.5 lines an entry on average, short notes. The same seed gives the same entries.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from node import events
from sync import entry as entries
from sync.frame import Range
from sync.identity import Keys, b32

LOGS, ITEMS, PLACES = 40, 150, 60
START = 1_790_000_000_000  # ms: the first day
MONTH = 30 * 86_400_000
RANGE = 512  # entries under one signature: what an author's own node sends at a time
NOTES = ("", "", "", "rain, road slow", "second truck", "left with the night shift", "seal intact")
WORDS = (
    *("blanket", "tarpaulin", "bucket", "soap", "rice", "beans", "water", "tent"),
    *("stove", "lamp", "rope", "mat", "net", "formula", "insulin", "bandage"),
)


@dataclass
class Team:
    """One author: its keys, and the entries it has written so far as columns."""

    keys: Keys
    lamports: list[int]
    claims: list[int]
    payloads: list[bytes]


@dataclass
class Region:
    """All teams of a synthetic region, with how many lines their movements hold."""

    network: bytes
    teams: list[Team]
    lines: int
    entries: int


class Maker:
    """Draws facts; keeps what it needs to draw sensible ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.items = [b32(self.random.randbytes(10)) for _ in range(ITEMS)]
        self.places = [b32(self.random.randbytes(10)) for _ in range(PLACES)]
        self.lots = {item: b32(self.random.randbytes(5)) for item in self.items[: ITEMS // 3]}

    def catalogue(self) -> Iterator[events.AnyFact]:
        """The items and places, once."""
        for at, item in enumerate(self.items):
            name = f"{WORDS[at % len(WORDS)]} {at}"
            yield events.Item(item, name=name, unit="piece", category="relief")
        for at, place in enumerate(self.places):
            lat, lon = 29_900_000 + self.random.randrange(400_000), -90_300_000 + self.random.randrange(400_000)
            yield events.Place(place, name=f"Place {at}", kind="site", lat=lat, lon=lon)

    def fact(self, at: int) -> events.AnyFact:
        """One fact of the mix at this time: mostly drops, then receipts, counts and losses."""
        place = self.random.choice(self.places)
        note = self.random.choice(NOTES)
        kind = self.random.random()
        items = self.random.sample(self.items, self.random.choice((1, 2, 3, 4, 4, 5, 5, 6, 7, 8)))
        if kind < 0.20:
            lines = [self._received(item) for item in items]
            return events.Receipt(at, place, lines, source="Relief fund", note=note)
        if kind < 0.27:
            return events.Count(at, place, [events.CountLine(i, self._qty(), self._qty()) for i in items], note=note)
        lines = [events.Line(item, self._qty(), self.lots.get(item, "")) for item in items]
        if kind < 0.31:
            return events.Loss(at, place, lines, self.random.choice(events.LOSS_REASONS), note=note)
        return events.Distribution(
            at, place, lines, people=self.random.randrange(5, 300), households=self.random.randrange(2, 80), note=note
        )

    def _qty(self) -> int:
        return self.random.choice((1, 2, 5, 10, 12, 20, 24, 36, 50, 100, 144)) * 1000

    def _received(self, item: str) -> events.ReceiptLine:
        lot = self.lots.get(item, "")
        expiry = f"2027-{1 + len(lot) % 12:02d}-28" if lot else ""
        return events.ReceiptLine(item, self._qty() * 5, lot, expiry=expiry)


def region(entries_total: int, seed: int = 7) -> Region:
    """Forty teams that have written so many entries between them; the first has vouched for the others."""
    maker = Maker(seed)
    network = maker.random.randbytes(16)
    teams = [_team(maker, network) for _ in range(LOGS)]
    for team in teams[1:]:
        keys = team.keys
        _write(teams[0], START, entries.encode(entries.Vouch(keys.node.hex(), keys.agree.hex(), keys.agree_sig.hex())))
    for at, team in enumerate(teams):
        _write(team, START + at, events.encode(events.Team(f"Team {at}")))
    for fact in maker.catalogue():
        _write(maker.random.choice(teams), START + 1000, events.encode(fact))
    lines = _fill(maker, teams, entries_total)
    return Region(network, teams, lines, sum(len(team.payloads) for team in teams))


def _team(maker: Maker, network: bytes) -> Team:
    keys = Keys.generate(maker.random.randbytes)
    genesis = entries.make_genesis(keys, network, maker.random.randbytes(16), [])
    return Team(keys, [0], [START], [genesis])


def _fill(maker: Maker, teams: list[Team], entries_total: int) -> int:
    written = sum(len(team.payloads) for team in teams)
    lines = 0
    for n in range(max(0, entries_total - written)):
        now = START + 3_600_000 + n * MONTH // entries_total
        fact = maker.fact(now - maker.random.choice((0, 0, 0, 600_000, 7_200_000)))
        lines += len(fact.lines)  # type: ignore[union-attr]
        _write(maker.random.choice(teams), now, events.encode(fact))
    return lines


def _write(team: Team, claimed: int, payload: bytes) -> None:
    team.lamports.append(max(team.lamports[-1] + 1, (claimed - START) // 50_000))
    team.claims.append(claimed)
    team.payloads.append(payload)


def ranges(region: Region) -> Iterator[tuple[bytes, Range]]:
    """Every entry of the region as (log id, range), signed at range ends, the first team's first."""
    for team in region.teams:
        yield from _ranges(team, region.network)


def _ranges(team: Team, network: bytes) -> Iterator[tuple[bytes, Range]]:
    log, prev = entries.ZERO, entries.ZERO
    for start in range(0, len(team.payloads), RANGE):
        part = slice(start, start + RANGE)
        payloads = team.payloads[part]
        hashes = [hashlib.sha256(p).digest() for p in payloads]
        ids = entries.chain_ids(network, log, start, prev, team.lamports[part], team.claims[part], hashes)
        log = ids[0] if start == 0 else log
        signature = team.keys.sign(entries.signed_bytes(ids[-1]))
        yield log, Range(0, start, prev[:4], team.lamports[part], team.claims[part], payloads, hashes, signature)
        prev = ids[-1]
