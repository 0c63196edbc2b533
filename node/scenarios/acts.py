"""What a team of a scenario writes down: the calls that pages and commands make, with the same checks."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from node import correcting, expiring, keeping, merging, moving, needing, papers, record, repacking, runs
from node.bootstrap import Node
from node.moving import Arrived, Moved, Sent
from node.record import Recorded
from node.requests import (
    ArrivalIn,
    CloseIn,
    CorrectIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    KeepIn,
    LineIn,
    LossIn,
    MoveIn,
    NeedIn,
    PlaceIn,
    PledgeIn,
    ReceiptIn,
    ReceiptLineIn,
    RenewIn,
    RepackIn,
    RepackOutIn,
    ReturnIn,
    SameAsIn,
    VoidIn,
    WriteOffIn,
)

Goods = Mapping[str, str]  # item → quantity as people say it, such as "6case"
Kind = Literal["warehouse", "hub", "vehicle", "site"]
Reason = Literal["expired", "damaged", "stolen", "spoiled", "other"]
Urgency = Literal["routine", "urgent", "critical"]


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


def given(item: str, qty: str) -> ReceiptLineIn:
    """Goods of which nothing more is known."""
    return ReceiptLineIn(item=item, qty=qty)


def bought(item: str, qty: str, value: str, fund: str, currency: str = "USD") -> ReceiptLineIn:
    """Goods that somebody paid for: `value` is that of one unit."""
    return ReceiptLineIn(item=item, qty=qty, value=value, fund=fund, currency=currency)


class Acts:
    """A team with its node, as its people use it. Each act takes a little time; what is worth a look is told."""

    stage: Setting
    node: Node

    # what there is

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

    def keep(self, place: str, item: str, minimum: str) -> Recorded:
        """Say how much there should be at least."""
        return self._done(keeping.keep(self.node, KeepIn(place=place, item=item, minimum=minimum)))

    def same(self, kind: Literal["item", "place"], id: str, same: str, why: str) -> Recorded:
        """Say that two things are one."""
        return self._done(merging.same(self.node, SameAsIn(kind=kind, id=id, same=same, why=why)))

    # what comes, goes and stays

    def receive(
        self, place: str, source: str, *lines: ReceiptLineIn, at: str | None = None, note: str | None = None
    ) -> Recorded:
        """Goods came in."""
        body = ReceiptIn(place=place, lines=list(lines), source=source, at=at, note=note)
        return self._done(record.receive(self.node, body))

    def drop(
        self,
        place: str,
        goods: Goods,
        site: str | None = None,
        people: int | None = None,
        households: int | None = None,
        **more: str | None,
    ) -> Recorded:
        """Goods were handed out, at a site if one is named; `more` may say need, at and note."""
        body = DistributionIn(place=place, lines=_lines(goods), site=site, people=people, households=households, **more)
        return self._done(record.distribute(self.node, body))

    def lose(self, place: str, goods: Goods, reason: Reason, note: str) -> Recorded:
        """Goods are gone."""
        return self._done(record.lose(self.node, LossIn(place=place, lines=_lines(goods), reason=reason, note=note)))

    def write_off(self, place: str) -> None:
        """Write off what has expired at a place."""
        for notice in expiring.write_off(self.node, WriteOffIn(place=place)).notices:
            self.stage.aside(notice)
        self.stage.step()

    def count(self, place: str, goods: Goods, at: str | None = None, note: str | None = None) -> Recorded:
        """Somebody counted, now or at the time named."""
        return self._done(record.count(self.node, CountIn(place=place, lines=_lines(goods), at=at, note=note)))

    # on the way

    def send(self, place: str, goods: Goods, to: str, **papers: str | None) -> Sent:
        """Goods left for another place; the papers may say vehicle, driver's handle, seal, need, at and note."""
        done = moving.dispatch(self.node, DispatchIn(place=place, to=to, lines=_lines(goods), **papers))
        self._done(done)
        return done

    def waybill(self, sent: Sent) -> str:
        """The text of a waybill's code, as it goes with the goods."""
        return papers.text_of(self.node, sent.entry)

    def read_waybill(self, text: str) -> str:
        """Read in what came with the goods: the dispatch's id, also where the sender's news isn't heard yet."""
        return str(papers.read(self.node, text)["dispatch"])

    def arrive(
        self, dispatch: str, damaged: Goods | None = None, missing: Goods | None = None, note: str | None = None
    ) -> Arrived:
        """All of a dispatch (its id, or the text of its waybill) came in, but for what is damaged or missing."""
        body = ArrivalIn(dispatch=dispatch, damaged=_lines(damaged or {}), missing=_lines(missing or {}), note=note)
        done = moving.arrive(self.node, body)
        self._done(done)
        return done

    def move(self, place: str, goods: Goods, to: str, note: str | None = None) -> Moved:
        """Goods went from place to place before the eyes of the same people: a vehicle is loaded like that."""
        done = moving.move(self.node, MoveIn(place=place, to=to, lines=_lines(goods), note=note))
        self._done(done)
        return done

    def bring_back(self, vehicle: str, to: str) -> Moved:
        """What is left on a vehicle goes to a place."""
        done = runs.bring_back(self.node, ReturnIn(vehicle=vehicle, to=to))
        self._done(done)
        return done

    # what becomes of it

    def repack(self, place: str, used: Goods, made: Goods, note: str | None = None) -> Recorded:
        """Goods became others."""
        out = [RepackOutIn(item=item, qty=qty) for item, qty in made.items()]
        return self._done(repacking.repack(self.node, RepackIn(place=place, used=_lines(used), made=out, note=note)))

    def build(self, place: str, kit: str, qty: int) -> Recorded:
        """Kits were built, by their recipe."""
        return self._done(repacking.assemble(self.node, place, LineIn(item=kit, qty=str(qty))))

    # what is needed

    def need(self, place: str, goods: Goods, people: int, urgency: Urgency = "routine") -> Recorded:
        """People need something."""
        body = NeedIn(place=place, lines=_lines(goods), people=people, urgency=urgency)
        return self._done(needing.add(self.node, body))

    def renew(self, need: Recorded, note: str) -> Recorded:
        """It is still needed."""
        return self._done(needing.renew(self.node, need.entry, RenewIn(note=note)))

    def close_need(self, need: Recorded, why: str) -> Recorded:
        """It is needed no more."""
        return self._done(needing.close(self.node, need.entry, CloseIn(why=why)))

    def pledge(self, place: str, goods: Goods, need: Recorded) -> Recorded:
        """Promise to give this from a place."""
        return self._done(needing.pledge(self.node, PledgeIn(place=place, lines=_lines(goods), need=need.entry)))

    # what was wrong

    def undo(self, entry: Recorded, why: str) -> Recorded:
        """Take back an own entry."""
        return self._done(record.void(self.node, entry.entry, VoidIn(why=why)))

    def correct(self, entry: Recorded, why: str, **said: Any) -> Recorded:
        """Write an own entry anew, with these fields as they should have been."""
        return self._done(correcting.correct(self.node, entry.entry, CorrectIn(why=why, **said)))

    def _done(self, recorded: Recorded) -> Recorded:
        for notice in recorded.notices:
            self.stage.aside(notice)
        self.stage.step()
        return recorded


def _lines(goods: Goods) -> list[LineIn]:
    return [LineIn(item=item, qty=qty) for item, qty in goods.items()]
