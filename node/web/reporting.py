"""The reports that there are, each in every format."""

from node.reporting import registry
from node.reporting.writing.formats import FORMATS
from node.web import context

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
    return context.render("reports.html", tab="", rows=rows, formats=shown)
