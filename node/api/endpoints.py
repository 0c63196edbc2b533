"""The API as one table: what each address takes and gives. The handlers and the description are made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from node import requests, starting
from node.api import answers, asked, moved, packing, reported, taken
from node.reporting.registry import ASKED
from node.reporting.writing.formats import FORMATS

BASE = "/api/v1"
BODY_BYTES_MAX = 256 * 1024
LIMIT_MAX, LIMIT_DEFAULT, ENTRIES_DEFAULT = 10_000, 1_000, 50
_PAGE = {
    "after": "Where the page before this one ended; the Link header of a page names the next.",
    "limit": f"Rows at most, 1 to {LIMIT_MAX}.",
}

_FORMAT = {
    "format": f"The file: {', '.join(FORMATS)}.",
    "people": "1: counts of people under five, too.",
    "words": "1: free text, too.",
}
_RAW = {"raw": "1: what this team has merged is shown apart."}


@dataclass(frozen=True)
class Read:
    """A GET: `params` maps a query parameter to its meaning; those in `required` must be there.

    `of` names the part of the address that says which thing it is about.
    """

    summary: str
    row: type[Struct]
    params: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    many: bool = True
    of: str | None = None


@dataclass(frozen=True)
class Write:
    """A POST that records; a body whose `dry_run` is set is only tried.

    `of` names the part of the address that says which thing it is about.
    """

    summary: str
    body: type[requests.Body]
    answer: type[Struct] = answers.Recorded
    of: str | None = None


@dataclass(frozen=True)
class Check:
    """A POST of a file of any kind, which is looked at and neither kept nor recorded."""

    summary: str
    answer: type[Struct]


READS: dict[str, Read] = {
    "stock": Read(
        "What is on hand, and how old that news is.",
        answers.StockRow,
        {"place": "Only this place.", "item": "Only this item.", "lots": "1: one row a lot."} | _RAW | _PAGE,
    ),
    "nearby": Read(
        "Who has an item, nearest first.",
        answers.NearbyRow,
        {
            "item": "Id, code or name.",
            "lat": "Decimal degrees.",
            "lon": "Decimal degrees.",
            "within": "Kilometres at most.",
        }
        | _RAW
        | _PAGE,
        required=("item", "lat", "lon"),
    ),
    "places": Read("All places.", answers.PlaceRow, _RAW | _PAGE),
    "items": Read("All items, or those that resemble a text.", answers.ItemRow, {"like": "A text."} | _RAW | _PAGE),
    "entries": Read("The log, newest first.", answers.EntryRow, {"own": "1: of this node only."} | _RAW | _PAGE),
    "same-as": Read(
        "What this team says to be one item or place.",
        answers.SameRow,
        {"suggestions": "1: what others say instead, and what is likely."},
    ),
    "alerts": Read(
        "What to look at, the most urgent first, each with what settles it.",
        answers.AlertRow,
        {"place": "Only this place.", "kind": "Only this kind.", "all": "1: other teams' places too."},
    ),
    "keeps": Read("How items are kept at places.", answers.KeepRow, {"place": "Only this place."} | _PAGE),
    "needs": Read(
        "What people need, and what of it is still lacking, the oldest first.",
        asked.NeedRow,
        {"all": "1: also what is met, closed or over."} | _PAGE,
    ),
    "needs/{need}/nearby": Read(
        "Who could fill which part of a need: item by item the nearest first; what they promised is taken off.",
        asked.FillRow,
        {"within": "Kilometres at most."},
        of="need",
    ),
    "pledges": Read(
        "What is promised: for needs, or to anyone.",
        asked.PledgeRow,
        {"offers": "1: only what is for anyone.", "all": "1: also what is over."} | _PAGE,
    ),
    "plan": Read(
        "Transfers that would meet the known needs with the least distance, the most urgent first: proposals, no more.",
        asked.PlanRow,
    ),
    "expiring": Read(
        "What has expired or does within so many days, the first to expire first.",
        packing.ExpiringRow,
        {"within": "Days, 30 if left out.", "place": "Only this place.", "item": "Only this item."} | _PAGE,
    ),
    "kits": Read("All kits, and what goes into each.", packing.KitRow, _PAGE),
    "kits/{kit}": Read(
        "How many of a kit a place can build, and what is short.",
        packing.KitCheck,
        {"place": "Id or name.", "qty": "For so many; otherwise for one more than it can."},
        required=("place",),
        many=False,
        of="kit",
    ),
    "count-sheet": Read(
        "What there may be to count at a place, shelf by shelf.",
        packing.SheetRow,
        {
            "place": "Id or name.",
            "blind": "1: don't say what is expected.",
            "shelf": "Only this shelf.",
            "category": "Only this category.",
        },
        required=("place",),
    ),
    "counts": Read(
        "What counts found, and how much of it later news explains.",
        packing.CountRow,
        {"place": "Only this place."} | _PAGE,
    ),
    "peers": Read("The nodes that this one knows.", answers.PeerRow, _PAGE),
    "transfers": Read(
        "What is on its way, and where sender and receiver don't agree.",
        moved.TransferRow,
        {"open": "0: all, also what has arrived."} | _PAGE,
    ),
    "dispatches/{dispatch}/waybill": Read(
        "The waybill of a dispatch, with the text of its code where this node sent it.",
        moved.Paper,
        many=False,
        of="dispatch",
    ),
    "runs/{vehicle}": Read(
        "What a vehicle loaded, dropped, brought back and has left.",
        moved.RunSheet,
        {"since": "From when on; otherwise since it was last empty."},
        many=False,
        of="vehicle",
    ),
    "reports/balance": Read(
        "The books of each item, replayed from the whole history: what came in is accounted for.",
        answers.BalanceRow,
        {"by": "place or team: one row each."} | _RAW | _PAGE | _FORMAT,
    ),
    "reports/{report}": Read(
        "A report that any node with the same entries can check: as JSON, or as a file of another format.",
        reported.ReportFile,
        ASKED | _FORMAT,
        many=False,
        of="report",
    ),
    "exports/{export}": Read(
        "The books for another program, as a file: csv, xlsx, hxl, hledger, beancount, parquet, or json.",
        reported.Everything,
        many=False,
        of="export",
    ),
    "templates": Read("Templates that come with the program to start from.", answers.TemplateRow),
    "templates/{template}": Read("What a template holds.", starting.Template, many=False, of="template"),
    "own-template": Read(
        "This team's items, kits, places and minimums as a template for others.",
        starting.Template,
        {
            "name": "What it is called; otherwise as the team.",
            "about": "What it is for, in a sentence.",
            "spots": "1: also where the places lie.",
        },
        many=False,
    ),
    "digest": Read("What two nodes compare to see that they agree.", answers.Digests, many=False),
}
WRITES: dict[str, Write] = {
    "receipts": Write("Goods came to a place.", requests.ReceiptIn),
    "distributions": Write("Goods were handed to people: a supply drop.", requests.DistributionIn),
    "losses": Write("Goods were lost.", requests.LossIn),
    "counts": Write("Somebody counted what is there.", requests.CountIn, answers.Counted),
    "closings": Write("A team looked at its books: this is its position. Locks nothing.", requests.ClosingIn),
    "repacks": Write("Goods became others: parts a kit, a kit its parts, a pack its units.", requests.RepackIn),
    "kits/{kit}/build": Write("Kits were built from what their recipe says.", taken.KitsMadeIn, of="kit"),
    "kits/{kit}/break": Write("Kits were broken up into what their recipe says.", taken.KitsMadeIn, of="kit"),
    "write-offs": Write("What has expired is lost: one loss a place.", requests.WriteOffIn, packing.WrittenOff),
    "dispatches": Write("Goods left a place for another.", requests.DispatchIn, moved.Sent),
    "waybills": Write("A waybill is read in: its goods can arrive then.", taken.WaybillIn, moved.Paper),
    "arrivals": Write("Goods of a dispatch came in.", requests.ArrivalIn, moved.Arrived),
    "moves": Write("Goods went from place to place: both ends at once.", requests.MoveIn, moved.Moved),
    "returns": Write("What is left on a vehicle went back.", requests.ReturnIn, moved.Moved),
    "items": Write("A new item, told apart by name and unit.", requests.ItemIn, answers.ItemAdded),
    "places": Write("A new place.", requests.PlaceIn, answers.PlaceAdded),
    "same-as": Write("Two items or places are one: for this team's books.", requests.SameAsIn, answers.Noticed),
    "alerts/seen": Write("Say that an alert was looked at; kept on this node alone.", taken.SeenIn, answers.Seen),
    "keeps": Write("How an item is kept at a place.", requests.KeepIn),
    "needs": Write("People need something at a place.", requests.NeedIn),
    "needs/{need}/renew": Write("A need is still there.", requests.RenewIn, of="need"),
    "needs/{need}/close": Write("A need is over.", requests.CloseIn, of="need"),
    "pledges": Write("A team means to give this, for a need or to anyone.", requests.PledgeIn),
    "imports": Write(
        "A spreadsheet (CSV, XLSX) is recorded, all of it or nothing; with dry_run only told.",
        taken.ImportIn,
        answers.Imported,
    ),
    "templates": Write(
        "Start from a template: add what it holds and this node doesn't know yet; with dry_run only tell what.",
        starting.TemplateIn,
        starting.Started,
    ),
    "entries/{entry}/void": Write("Undo an entry of this node.", requests.VoidIn, of="entry"),
    "entries/{entry}/correct": Write(
        "Write an entry of this node anew, with these fields replaced, and undo the wrong one.",
        requests.CorrectIn,
        answers.Corrected,
        of="entry",
    ),
    "entries/{entry}/redact": Write("Take the words out of an entry of this node.", requests.RedactIn, of="entry"),
}
# A GET that gives a file which isn't made of rows: what it is, and of which kind.
FILES: dict[str, tuple[str, str]] = {
    "statement": (
        "What the books say, signed by this node, with every entry that it follows from and a program that checks it.",
        "application/zip",
    ),
}
CHECKS: dict[str, Check] = {
    "reports/verify": Check("Whether a report in CSV, HXL or JSON says what the entries say.", reported.ReportChecked),
    "statement/verify": Check("Whether a signed statement holds.", reported.StatementChecked),
}
