"""One team of a scenario and what it can do: the calls that pages and commands make, with the same checks."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from node import record
from node.bootstrap import Node
from node.record import Recorded
from node.requests import (
    CountIn,
    DistributionIn,
    ItemIn,
    LineIn,
    LossIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    VoidIn,
)
from sync.server import Serving

HOST = "127.0.0.1"

Goods = Mapping[str, str]  # item → quantity as people say it, such as "6case"
Kind = Literal["warehouse", "hub", "vehicle", "site"]
Reason = Literal["expired", "damaged", "stolen", "spoiled", "other"]


class Setting(Protocol):
    """What a team needs of the stage it is on."""

    @property
    def folder(self) -> Any:
        """Where things lie that are carried about."""

    def aside(self, words: str) -> None:
        """Tell what came of it."""

    def step(self) -> None:
        """Let a little time pass."""

    def name_of(self, node: str) -> str:
        """The team whose node has this id."""


class Team:
    """A team and its node."""

    def __init__(self, stage: Setting, name: str, node: Node) -> None:
        self.stage, self.name, self.node = stage, name, node
        self._serving: Serving | None = None
        self._port = 0

    # what it writes down

    def place(self, name: str, kind: Kind, spot: str) -> str:
        """Declare a place at "latitude,longitude": its name."""
        lat, _, lon = spot.partition(",")
        record.add_place(self.node, PlaceIn(name=name, kind=kind, lat=lat, lon=lon))
        self.stage.step()
        return name

    def item(self, name: str, unit: str, category: str, packs: Goods) -> None:
        """Declare an item, or what is new about it."""
        record.add_item(self.node, ItemIn(name=name, unit=unit, category=category, packs=dict(packs)))
        self.stage.step()

    def receive(self, place: str, source: str, *lines: ReceiptLineIn, note: str | None = None) -> Recorded:
        """Goods came in."""
        return self._done(
            record.receive(self.node, ReceiptIn(place=place, lines=list(lines), source=source, note=note))
        )

    def drop(self, place: str, goods: Goods, site: str, people: int, households: int) -> Recorded:
        """Goods were handed out at a site."""
        body = DistributionIn(place=place, lines=_lines(goods), site=site, people=people, households=households)
        return self._done(record.distribute(self.node, body))

    def lose(self, place: str, goods: Goods, reason: Reason, note: str) -> Recorded:
        """Goods are gone."""
        return self._done(record.lose(self.node, LossIn(place=place, lines=_lines(goods), reason=reason, note=note)))

    def count(self, place: str, goods: Goods, at: str | None = None, note: str | None = None) -> Recorded:
        """Somebody counted, now or at the time named."""
        return self._done(record.count(self.node, CountIn(place=place, lines=_lines(goods), at=at, note=note)))

    def undo(self, entry: Recorded, why: str) -> Recorded:
        """Take back an own entry."""
        return self._done(record.void(self.node, entry.entry, VoidIn(why=why)))

    def _done(self, recorded: Recorded) -> Recorded:
        for notice in recorded.notices:
            self.stage.aside(notice)
        self.stage.step()
        return recorded

    # how it hears from others

    def pair_with(self, other: "Team") -> None:
        """Join with a code that the other team made."""
        self.node.join(other.node.invite()["code"])

    def sync(self) -> list[dict[str, Any]]:
        """Exchange with all paired teams now, and tell how it went."""
        rows = self.node.sync_now()
        for row in rows:
            went = f"{row['sent']} sent, {row['received']} received" if row["ok"] else f"no link. {row['error']}"
            self.stage.aside(f"{self.name} to {self.stage.name_of(row['peer'])}: {went}")
        return rows

    def go_on_air(self) -> None:
        """Listen for others, on the port that they know if it had one before."""
        self._serving = self.node.start_sync_server(HOST, self._port)
        self._port = self._serving.address[1]

    def go_off_air(self) -> None:
        """Stop listening: whoever calls finds nobody there."""
        if self._serving:
            self._serving.stop()
            self.node.running.remove(self._serving)
            self._serving = None

    def send_courier(self, other: "Team") -> dict[str, Any]:
        """A courier takes a bundle to the other team, which reads it: {received, duplicates, missing}."""
        path = self.stage.folder / f"{self.node.id[:8]}-{other.node.id[:8]}.bundle"
        written = self.node.bundle_write(path, other.node.id)
        self.stage.step()
        read = other.node.bundle_read(path)
        self.stage.aside(
            f"{self.name} to {other.name}, by stick: {written['entries']} entries in {written['bytes']} bytes,"
            f" {read['received']} of them news"
        )
        return read


def _lines(goods: Goods) -> list[LineIn]:
    return [LineIn(item=item, qty=qty) for item, qty in goods.items()]
