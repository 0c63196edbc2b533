"""One team of a scenario: its node, what it starts from, and how it hears from others."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import structs

from node import accounts, alerts, catalogue, merging, queries, starting
from node.bootstrap import Node
from node.record import Recorded
from node.scenarios.acts import Acts, Setting
from node.starting import Template
from sync.identity import node_id
from sync.server import Serving

HOST = "127.0.0.1"

Spots = Mapping[str, tuple[str, str]]  # a template's place → what the team calls its own, and "latitude,longitude"


class Team(Acts):
    """A team and its node."""

    def __init__(self, stage: Setting, name: str, node: Node) -> None:
        self.stage, self.name, self.node = stage, name, node
        self._serving: Serving | None = None
        self._port = 0

    # what it starts from

    def start_from(self, template: str, spots: Spots) -> None:
        """Apply a template (its name or a file), with this team's own names and spots written into a copy of the file.

        Places that aren't named in `spots` are left out, and so are their minimums.
        """
        copy = self._file(f"{self.name}, to start from")
        copy.write_bytes(starting.write(_filled_in(starting.find(template), spots)))
        starting.apply(self.node, starting.find(str(copy)))
        self.stage.step()

    def export_template(self, name: str, about: str) -> str:
        """Write what this team uses to a file that others can start from: its path."""
        path = self._file(name)
        path.write_bytes(starting.write(starting.export(self.node, name, about)))
        return str(path)

    def _file(self, name: str) -> Path:
        folder: Path = self.stage.folder / "templates"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.json"

    # what it sees

    def own_place(self, name: str) -> str:
        """The id of this team's own place of a name that other teams use as well."""
        (own,) = catalogue.own_places(self.node, catalogue.places_named(self.node, name))
        return own.id

    def follow_suggestions(self, why: str) -> None:
        """Say as well that those places are one of which others say so."""
        while rows := [row for row in merging.suggestions(self.node) if row["kind"] == "place"]:
            self.same("place", rows[0]["id"], rows[0]["same"], why)

    def look(self, *kinds: str) -> None:
        """Tell what the node's list of alerts says of these kinds."""
        for kind in kinds:
            for row in alerts.rows(self.node, kind=kind):
                self.stage.aside(f"{self.name} read: {row['text']}")

    def on_hand(self, place: str, item: str) -> Decimal:
        """How much of an item there is at a place, by this team's books."""
        return sum((Decimal(row["qty"]) for row in queries.stock(self.node, place, item)), Decimal())

    def tell_difference(self, count: Recorded) -> None:
        """Tell where a count found something else than the books say."""
        rows = [row for row in count.variance if row["counted"] != row["expected"]]
        names = {row.id: row.name for row in catalogue.item_rows(self.node, [row["item"] for row in rows])}
        told = [f"{row['counted']} {names[row['item']]} instead of {row['expected']}" for row in rows]
        self.stage.aside(f"{self.name} found {', '.join(told) or 'just what the books say'}.")

    def book(self, item: str) -> dict[str, Any]:
        """What came in of an item over all places that this team has heard of, and what became of it."""
        return next(row for row in accounts.balance(self.node)["items"] if row["item_name"] == item)

    # how it hears from others

    def pair_with(self, other: "Team") -> None:
        """Join with a code that the other team made."""
        self.node.join(other.node.invite()["code"])

    def paired(self) -> list[str]:
        """The ids of the nodes that this one is paired with and knows an address of."""
        return [node_id(peer.node) for peer in self.node.peers.with_addresses()]

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

    def stop(self) -> None:
        """Stop all that runs on its node, so that only the database is left to close."""
        self.go_off_air()
        while self.node.running:
            self.node.running.pop().stop()

    @property
    def on_air(self) -> bool:
        """Whether others can reach it."""
        return self._serving is not None

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


def _filled_in(template: Template, spots: Spots) -> Template:
    places = []
    for place in template.places:
        if place.name in spots:
            name, spot = spots[place.name]
            lat, _, lon = spot.partition(",")
            places.append(structs.replace(place, name=name, lat=lat, lon=lon))
    minimums = [
        structs.replace(least, place=spots[least.place][0]) for least in template.minimums if least.place in spots
    ]
    return structs.replace(template, places=places, minimums=minimums)
