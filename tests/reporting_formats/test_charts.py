"""Charts are well-formed pictures that hold each figure once, in words and in shape, and nothing that runs."""

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from node.reporting import history as histories
from node.reporting import pictures
from node.reporting.writing import charts
from node.units import day_of, format_qty
from tests.fakes import memory_node
from tests.reporting_formats.histories import history
from tests.reporting_formats.tables import DAY, NASTY, NOON

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "desc", "text", "rect", "path"}


def parsed(text: str) -> ET.Element:
    root = ET.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ALLOWED
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or name == "style"]
    assert root.attrib["role"] == "img" and root[0].tag == f"{SVG}title" and root[1].tag == f"{SVG}desc"
    return root


def inside(root: ET.Element) -> None:
    """Every bar lies in the picture."""
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    for bar in root.iter(f"{SVG}rect"):
        x, y, wide, high = (int(bar.attrib[name]) for name in ("x", "y", "width", "height"))
        assert min(x, y) >= 0 and x + wide <= width and y + high <= height


def test_stock_over_time_is_drawn_as_steps_from_the_first_to_the_last():
    root = parsed(charts.stock_over_time("Rice", "kg", [(NOON, 5000), (NOON + DAY, 2500), (NOON + 2 * DAY, -1000)]))
    (path,) = [path.attrib["d"] for path in root.iter(f"{SVG}path") if path.attrib.get("fill") == "none"]
    low, high = charts.TOP + charts.PLOT, charts.TOP
    heights = [int(y) for y in re.findall(r"V(\d+)", path)]
    assert heights == [high, high + (low - high) * 2500 // 6000, low]
    assert root[1].text == "From 2026-11-24 to 2026-11-26, at most 5, in the end -1 kg."


def test_each_day_has_a_bar_as_high_as_its_part():
    days = {"2026-11-01": 1000, "2026-11-02": 4000, "2026-12-31": 2000}
    root = parsed(charts.by_day("Drops", "drops", days))
    inside(root)
    bars = list(root.iter(f"{SVG}rect"))
    assert [int(bar.attrib["height"]) for bar in bars] == [charts.PLOT // 4, charts.PLOT, charts.PLOT // 2]
    assert bars[0][0].text == "2026-11-01: 1 drops"
    many = parsed(charts.by_day("Drops", "drops", {day_of(NOON + at * DAY): at for at in range(2000)}))
    inside(many)
    assert len(list(many.iter(f"{SVG}rect"))) == 2000


def test_each_flow_has_a_cell_that_says_how_much():
    flows = {("North", "South"): 3_000_000, ("South", "North"): 500, ("North", "North"): 12_345_678_000}
    root = parsed(charts.flow("Rice", "kg", flows))
    inside(root)
    told = {cell[0].text for cell in root.iter(f"{SVG}rect")}
    assert told == {"North → South: 3000", "South → North: 0.5", "North → North: 12345678"}
    assert {"3000", "<1", "12M"} <= {text.text for text in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("name", [text for text in NASTY if "\t" not in text and "\r" not in text])
def test_names_are_only_words(name):
    for text in (
        charts.stock_over_time(name, name, [(NOON, 1)]),
        charts.by_day(name, name, {"2026-11-01": 1}),
        charts.by_name(name, [(name, 1, name)]),
        charts.flow(name, name, {(name, name): 1}),
    ):
        assert parsed(text)[0].text == (name or None)


def test_empty_charts_say_so():
    for text in (
        *(
            charts.stock_over_time("t", "u", []),
            charts.by_day("t", "u", {}),
            charts.by_name("t", []),
            charts.flow("t", "u", {}),
        ),
        *pictures.draw(histories.moves(memory_node()), pictures.Asked()),
    ):
        assert parsed(text)[1].text


def test_the_charts_of_an_item_at_a_place_add_up_to_the_books():
    node = history(6, 200).node
    figures = pictures.Figures(pictures.Asked("rice", "north"))
    days: Counter[str] = Counter()
    flows: Counter[tuple[str, str]] = Counter()
    for move in histories.moves(node):
        figures.take(move)
        if move.item == "rice" and move.target.kind == "people" and move.source.id == "north":
            days[day_of(move.at)] += move.qty
        if move.item == "rice" and move.source.kind == "transit" and move.target.kind == "place":
            flows[move.source.team, move.target.team] += move.qty
    node.fold.settle()
    assert figures.steps[-1][1] == node.fold.cells("north", ["rice"])["rice"].total
    assert dict(figures.days) == days and days
    assert dict(figures.flows) == flows and flows
    said = "".join(pictures.draw(histories.moves(node), pictures.Asked("rice", "north"), "Rice (kg)", "North depot"))
    assert format_qty(max(days.values())) in said


def test_without_an_item_drops_are_counted_and_not_quantities_added():
    node = history(6, 200).node
    figures = pictures.Figures(pictures.Asked())
    drops = set()
    for move in histories.moves(node):
        figures.take(move)
        if move.target.kind == "people":
            drops.add(move.entry)
    assert sum(figures.days.values()) == len(drops) * 1000
    assert set(figures.drops) == set(figures.given) == set(figures.items)
