"""Charts are well-formed pictures that hold each figure once, in words and in shape, and nothing that runs."""

import io
import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from node.reporting import history as histories
from node.reporting import pictures, registry
from node.reporting.writing import charts, drawing, formats, sankey
from node.reporting.writing.sankey import End, Flow
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
    assert bars[0][0].text == "2026-11-01: 1 drop"
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
        sankey.sankey(name, name, {(End("a", name), End("b", name)): Flow(1, 2, 3)}),
    ):
        assert parsed(text)[0].text == (name or None)


def test_empty_charts_say_so():
    for text in (
        *(
            charts.stock_over_time("t", "u", []),
            charts.by_day("t", "u", {}),
            charts.by_name("t", []),
            charts.flow("t", "u", {}),
            sankey.sankey("t", "u", {}),
            sankey.sankey("t", "u", {(End("a", "A"), End("b", "B")): Flow(0, -1000, 0)}),
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


# flows


NUMBERS = re.compile(r"-?\d+")
A, B, C = End("a", "North"), End("b", "South"), End("c", "South")


def bands(root: ET.Element) -> list[tuple[list[int], str]]:
    """Bands as (numbers of their outline, what they say)."""
    paths = [path for path in root.iter(f"{SVG}path") if len(path)]
    return [([int(number) for number in NUMBERS.findall(path.attrib["d"])], path[0].text or "") for path in paths]


def test_bands_are_as_thick_as_what_went_and_lie_edge_to_edge():
    flows = {(A, B): Flow(1000, 500, 0), (A, C): Flow(333, 0, 167), (C, A): Flow(7_000_000, 0, 0)}
    root = parsed(sankey.sankey("Rice", "kg", flows))
    inside(root)
    whole = sum(map(sum, flows.values()))
    told = {(A, B): "1 arrived", (A, C): "0.333 arrived"}
    assert {f"North → South: {said}" for said in told.values()} <= {said for _, said in bands(root)}
    assert "South → North: 7000 arrived" in {said for _, said in bands(root)} and len(bands(root)) == 5
    bars = [int(bar.attrib["height"]) for bar in root.iter(f"{SVG}rect") if bar.attrib["width"] == str(sankey.BAR)]
    sums = [sum(flows[A, B]) + sum(flows[A, C]), 7_000_000, 7_000_000, 1500, 500]  # senders, then receivers, by name
    assert bars == [max(1, sankey.THICK * part // whole) for part in sums]
    assert root[1].text and "North to South: 1 kg arrived, 0.5 kg on its way" in root[1].text


def test_no_space_is_left_between_the_bands_of_one_end():
    flows = {(A, End(str(to), f"team {to}")): Flow(997 * to, 13 * to, 1) for to in range(1, 6)}
    root = parsed(sankey.sankey("Rice", "kg", flows))
    (bar,) = [rect for rect in root.iter(f"{SVG}rect") if rect.attrib["x"] == "0" and rect.attrib["width"] == "8"]
    edges = sorted({(outline[1], outline[-1]) for outline, _ in bands(root)})
    assert edges[0][0] == 0 and max(last for _, last in edges) <= int(bar.attrib["height"]) + 1
    for (_, before), (after, _) in zip(edges, edges[1:], strict=False):
        assert after <= before <= after + 1, "a band is never thinner than one line"


def test_the_flows_of_the_transfer_report_are_those_of_its_rows():
    node = history(6, 200).node
    report = registry.make(node, "transfers", {"between": "place", "item": "rice"})
    rows = [dict(zip([column.name for column in report.columns], row, strict=True)) for row in report.rows()]
    assert len(rows) > 3
    (drawn,) = drawing.of_report(report)
    told = parsed(drawn)[1].text or ""
    for row in rows:
        name = f"{row['from_place_name'] or drawing.UNKNOWN} to {row['to_place_name'] or drawing.UNKNOWN}: "
        parts = told.split(name)[1].split(";")[0]
        for figure, kind in (
            ("arrived", "arrived"),
            ("in_transit", "on its way"),
            ("lost_on_the_way", "lost on the way"),
        ):
            assert (f"{format_qty(row[figure])} {row['unit']} {kind}" in parts) == bool(row[figure])
    assert parsed(drawn)[0].text == f"Transfers between places, rice: {rows[0]['unit']}"
    assert drawing.of_report(report) == [drawn], "the same figures, the same bytes"


def test_units_are_not_added_up_and_the_rows_decide_which_are_drawn():
    report = registry.make(history(6, 200).node, "transfers", {})
    column = [column.name for column in report.columns].index("unit")
    units = Counter(row[column] for row in report.rows())
    shown = sorted(units, key=lambda unit: (-units[unit], unit))[: drawing.UNITS_SHOWN]
    titles = [parsed(drawn)[0].text for drawn in drawing.of_report(report)]
    assert titles == [f"Transfers between teams: {unit}" for unit in shown] and titles


def test_the_printed_reports_hold_their_charts_and_no_other_does():
    node = history(6, 200).node
    for name, asked in (("activity", {}), ("transfers", {}), ("stock-card", {"place": "north", "item": "rice"})):
        out = io.BytesIO()
        formats.FORMATS["html"].write(registry.document(node, name, asked), out, None)
        page, report = out.getvalue().decode(), registry.make(node, name, asked)
        assert page.count("<svg ") == len(drawing.of_report(report)) > 0
        for drawn in drawing.of_report(report):
            parsed(drawn)
            assert drawn in page
    assert drawing.of_report(registry.make(node, "balance", {})) == []


def test_the_chart_of_a_stock_card_ends_at_the_balance():
    node = history(6, 200).node
    (drawn,) = drawing.of_report(registry.make(node, "stock-card", {"place": "north", "item": "rice"}))
    node.fold.settle()
    total = format_qty(node.fold.cells("north", ["rice"])["rice"].total)
    assert (parsed(drawn)[1].text or "").endswith(f"in the end {total}.")
