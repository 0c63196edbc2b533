"""The reports that there are, each in every format."""

from flask import request
from markupsafe import Markup

from node import catalogue, fold
from node.reporting import exporting, history, pictures, registry
from node.reporting.writing import drawing
from node.reporting.writing.formats import FORMATS
from node.web import choices, context

SAID = {
    "html": "Page to print and sign",
    "pdf": "PDF",
    "xlsx": "Excel workbook",
    "csv": "CSV",
    "hxl": "CSV with HXL tags",
    "json": "JSON",
    "parquet": "Parquet",
}


def show() -> str:
    """All reports, with what may be asked of each."""
    rows = [
        {
            "name": name,
            "about": registry.about(name),
            "asked": [(word, registry.ASKED[word], word in registry.needs(name)) for word in registry.takes(name)],
        }
        for name in registry.REPORTS
    ]
    shown = [(form, SAID.get(form, form)) for form in [*SAID, *sorted(set(FORMATS) - set(SAID))] if form in FORMATS]
    return context.render(
        "reports.html",
        tab="reports",
        rows=rows,
        formats=shown,
        exports=[(name, one.about) for name, one in exporting.EXPORTS.items()],
    )


def show_charts() -> str:
    """Charts of all movements, or of an item, or at a place."""
    node = context.node()
    place_text, item_text = (request.args.get(name) or "" for name in ("place", "item"))
    place = catalogue.find_place(node, place_text, raw=True) if place_text else None
    item = catalogue.find_item(node, item_text, raw=True) if item_text else None
    asked = pictures.Asked(item.id if item else "", place.id if place else "")
    names = item.label if item else "", place.name or place.id if place else ""
    with registry.one_moment(node) as then:
        drawn = [*pictures.draw(history.moves(then), asked, *names), *_transfers(then, item_text, asked.place)]
    return context.render(
        "charts.html",
        tab="reports",
        charts=[Markup(picture) for picture in drawn],
        places=choices.places(node),
        items=choices.items(node),
        place=place.id if place else "",
        item=item_text,
    )


def _transfers(node: fold.Node, item: str, place: str) -> list[str]:
    """What the transfer matrix holds of the same item and place."""
    given = {name: text for name, text in (("item", item), ("place", place)) if text}
    return drawing.of_report(registry.make(node, "transfers", given))
