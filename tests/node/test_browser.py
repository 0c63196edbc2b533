"""The pages in a real browser at the width of an old phone: nothing clipped, nobody else asked, and a drop by taps.

Needs Debian's package chromium.
"""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from node import bootstrap, moving, queries, record
from node.bootstrap import Node
from node.hosting import Serving
from node.requests import (
    DispatchIn,
    DistributionIn,
    ItemIn,
    KitLineIn,
    LineIn,
    MoveIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
)
from node.server import serve

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTH, HEIGHT = 360, 740
MOST_MS = 20_000
PAGES = [
    "/",
    "/record/drop",
    "/record/receive",
    "/record/count",
    "/record/loss",
    "/nearby?item=Blanket&lat=29.9&lon=-90",
    "/entries",
    "/peers",
    "/places/new",
    "/items/new",
    "/about",
    "/record/send",
    "/record/move",
    "/transfers",
    "/alerts",
    "/same",
    "/transfers?all=1",
    "/arrive",
    "/runs",
    "/expiring?within=365",
    "/kits",
    "/kits/Bed",
    "/kits/Bed?place=Harvey%20Hub",
    "/repack",
    "/items",
    "/items?q=sheeting",
    "/places",
    "/import",
    "/templates",
    "/templates/free-breakfast",
    "/keeps",
    "/keeps?place=Harvey%20Hub",
    "/count-sheet",
    "/count-sheet?blind=1",
    "/counts?all=1",
    "/reports",
    "/reports/check",
    "/closings",
    "/reports/charts",
    "/reports/charts?place=Harvey%20Hub&item=Insulin",
]
TARGETS = ", ".join(
    ["button", "nav a", "select", "input:not([type=hidden]):not([type=radio])", "label:has(> [type=radio])", "textarea"]
)
SMALL_TARGETS = """(targets) => [...document.querySelectorAll(targets)]
  .filter(e => e.offsetParent && !e.classList.contains('hidden'))
  .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
  .filter(([, height]) => height < 44)"""

# Of all fields that can be seen: those that lie over another, and those without a label that can be seen.
OVER_EACH_OTHER = """() => {
  const fields = [...document.querySelectorAll('input, select, textarea')]
    .filter(e => e.offsetParent && e.type !== 'hidden').map(e => [e, e.getBoundingClientRect()])
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  return fields.flatMap(([one, a], i) => fields.slice(i + 1).filter(([, b]) => meet(a, b))
    .map(([other]) => one.id + ' over ' + other.id)) }"""
WITHOUT_LABEL = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter(e => e.offsetParent && e.type !== 'hidden')
  .filter(e => ![...e.labels].some(label => label.getBoundingClientRect().height > 10)).map(e => e.id || e.name)"""

pytestmark = [
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason="needs chromium (Debian's package of that name)"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra `test`")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=60_000)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture
def serving(node: Node) -> Iterator[Serving]:
    """A node with long names, a negative balance and many items, behind a real socket."""
    node.clock = bootstrap.now_ms
    long = "Sheeting, tarpaulin, woven, reinforced with eyelets, 4 × 6 metres, white/white"
    record.add_item(node, ItemIn(name=long, unit="piece"))
    record.add_item(node, ItemIn(name="Bed", unit="kit", kit=[KitLineIn(item=long, qty="2")]))
    record.add_place(node, PlaceIn(name="Saint-Bernard-de-Clairvaux Community Gymnasium (north entrance)", kind="site"))
    lines = [ReceiptLineIn(item=long, qty="1234567.5", lot="L-2026-11-A", expiry="2026-12-01")]
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines, source="A donor with a rather long name"))
    record.distribute(node, DistributionIn(place="Harvey Hub", lines=[LineIn(item="Insulin", qty="45")], people=3))
    serving = serve(node)
    yield serving
    serving.stop()


@pytest.fixture
def page(browser: Any, serving: Serving) -> Iterator[Any]:
    """A phone's page; what its console complains of and whom it asks is kept."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, has_touch=True, is_mobile=True)
    context.set_default_timeout(MOST_MS)
    page = context.new_page()
    page.complaints, page.asked = [], set()
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.asked.add(request.url.split("/")[2]))
    yield page
    context.close()


@pytest.fixture
def visit(page: Any, serving: Serving) -> Callable[[str], None]:
    """Opens a page of the node."""

    def go(path: str) -> None:
        assert page.goto(serving.url.rstrip("/") + path).status == 200

    return go


def test_no_page_is_wider_than_the_phone_or_asks_another_host(page: Any, visit: Callable[[str], None]) -> None:
    for path in PAGES:
        visit(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, path
        assert page.evaluate(SMALL_TARGETS, TARGETS) == [], path
    assert page.complaints == []
    assert len(page.asked) == 1


@pytest.mark.parametrize("path", ["/record/drop", "/record/receive", "/record/send", "/record/need", "/repack"])
def test_every_field_of_a_form_has_room_and_a_label_that_is_seen(
    page: Any, visit: Callable[[str], None], path: str
) -> None:
    visit(path)
    page.tap("[data-more] >> nth=0")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate(OVER_EACH_OTHER) == []
    assert page.evaluate(WITHOUT_LABEL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH


def test_a_receipt_is_corrected_by_taps_and_its_form_fits_the_phone(
    page: Any, visit: Callable[[str], None], node: Node
) -> None:
    line = ReceiptLineIn(item="Insulin", qty="10", lot="L-7", batch="B-1", expiry="2027-01-31", value="12.5")
    entry = record.receive(node, ReceiptIn(place="Harvey Hub", lines=[line])).entry
    visit(f"/entries/{entry}/correct")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert page.evaluate(SMALL_TARGETS, TARGETS) == []
    page.tap("[data-more]")
    page.fill("[name=lines-item] >> nth=2", "Blanket")
    page.fill("[name=lines-qty] >> nth=2", "7")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate(OVER_EACH_OTHER) == [] and page.evaluate(WITHOUT_LABEL) == []
    page.fill("[name=lines-batch] >> nth=0", "B-2")
    page.fill("[name=why]", "misread")
    page.tap("button.primary.big")
    page.wait_for_selector("text=Corrected, because: misread")
    lots = {(row["item_name"], row["qty"]) for row in queries.stock(node, place="Harvey Hub", lots=True)}
    assert {("Insulin", "10"), ("Blanket", "127")} <= lots
    assert page.complaints == []


def test_what_is_on_its_way_fits_the_phone_and_arrives_by_one_tap(
    page: Any, visit: Callable[[str], None], node: Node
) -> None:
    record.add_place(node, PlaceIn(name="Bayou Van", kind="vehicle"))
    lines = [LineIn(item="Blanket", qty="30"), LineIn(item="Insulin", qty="4")]
    sent = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Bayou Van", lines=lines, note="north road"))
    paths = [
        "arrive",
        f"arrive/{sent.entry}",
        "transfers",
        f"transfers/{sent.entry}",
        f"dispatches/{sent.entry}/waybill",
    ]
    for path in [*paths, "runs", "runs/Bayou Van"]:
        visit(f"/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, path
        assert page.evaluate(SMALL_TARGETS, TARGETS) == [], path
    visit("/arrive")
    page.tap("text=All arrived")
    page.wait_for_selector("text=Recorded.")
    assert {row["item_name"]: row["qty"] for row in queries.stock(node, place="Bayou Van")} == {
        "Blanket": "30",
        "Insulin": "4",
    }
    assert page.complaints == []


def test_a_drop_by_taps_is_in_the_stock_and_can_be_undone(page: Any, visit: Callable[[str], None], node: Node) -> None:
    visit("/")
    page.tap("nav a[href='/record/drop']")
    page.fill("input[name=item] >> nth=0", "Blanket")
    page.fill("input[name=qty] >> nth=0", "24")
    page.fill("input[name=people]", "31")
    page.tap("button.primary.big")
    page.wait_for_selector("text=Recorded.")
    assert queries.stock(node, item="Blanket")[0]["qty"] == "96"
    page.tap("text=Not right? Undo it")
    page.fill("#undo [name=why]", "recorded twice")
    page.tap("#undo button.danger")
    page.wait_for_selector("text=This was undone.")
    assert queries.stock(node, item="Blanket")[0]["qty"] == "120"
    assert page.complaints == []


def test_the_pages_are_dark_where_the_phone_is(browser: Any, serving: Serving) -> None:
    found = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
        context.set_default_timeout(MOST_MS)
        page = context.new_page()
        page.goto(serving.url)
        found[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        context.close()
    assert found["light"] != found["dark"]


def test_charts_and_printed_reports_can_be_read_on_a_phone(page: Any, visit: Callable[[str], None], node: Node) -> None:
    record.add_place(node, PlaceIn(name="Bayou Van", kind="vehicle"))
    lines = [LineIn(item="Blanket", qty="30"), LineIn(item="Insulin", qty="4")]
    moving.move(node, MoveIn(place="Harvey Hub", to="Bayou Van", lines=lines))
    smallest = """() => Math.min(...[...document.querySelectorAll('svg[role=img] text')].map(
      text => parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getScreenCTM().a))"""
    reports = [f"/api/v1/reports/{name}?format=html" for name in ("activity", "transfers", "statement", "movements")]
    for path in ["/reports/charts", "/reports/charts?place=Harvey%20Hub&item=Insulin", *reports]:
        visit(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, path
        if page.evaluate("document.querySelectorAll('svg[role=img]').length"):
            assert page.evaluate(smallest) >= 11, path
        clipped = """() => [...document.querySelectorAll('svg[role=img] text')].filter(text => {
          const box = text.getBBox(), view = text.ownerSVGElement.viewBox.baseVal
          return box.x < -2 || box.x + box.width > view.width + 2 }).map(text => text.textContent)"""
        assert page.evaluate(clipped) == [], path
    assert page.complaints == []


def test_the_reports_are_one_tap_away_from_every_page(page: Any, visit: Callable[[str], None]) -> None:
    visit("/")
    page.tap("header a[href='/reports']")
    page.wait_for_selector("h1:text('Reports')")
    page.tap("summary:has-text('Statement')")
    assert page.evaluate(SMALL_TARGETS, TARGETS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
