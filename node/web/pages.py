"""The pages' addresses, and who may see them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from node import queries
from node.access import gate
from node.web import (
    alerts,
    asking,
    books,
    catalogue_forms,
    company,
    context,
    correcting,
    counting,
    couriers,
    entries,
    importing,
    keeping,
    login,
    lookup,
    merging,
    moving,
    nearby,
    packing,
    recording,
    repacks,
    reporting,
    runs,
    stock,
    templates,
)
from sync.identity import show_id

Page = tuple[str, Callable[..., Any]]  # its name, and what shows or takes it
ROOM = {  # bytes
    "arrive_photo": moving.PHOTO_BYTES_MAX,
    "check_file": books.UPLOAD_BYTES_MAX,
    "count_file": importing.UPLOAD_BYTES_MAX,
    "import_look": importing.UPLOAD_BYTES_MAX,
    "import_take": importing.UPLOAD_BYTES_MAX,
    "template_read": templates.UPLOAD_BYTES_MAX,
    "template_apply": templates.UPLOAD_BYTES_MAX,
    "bundle_read": couriers.UPLOAD_BYTES_MAX,
}
_OPEN = ("web.login_page", "web.login_take")


def blueprint() -> Blueprint:
    """All pages."""
    web = Blueprint("web", __name__)
    web.before_request(_make_room)
    web.before_request(_admit)
    web.after_request(_greet)
    for method, rules in (("GET", _gets()), ("POST", _posts())):
        for path, (name, view) in rules.items():
            web.add_url_rule(path, name, view, methods=[method])
    return web


def _gets() -> dict[str, Page]:
    return {
        "/": ("stock", stock.show),
        "/record/<name>": ("record_page", recording.show),
        "/nearby": ("nearby", nearby.show),
        "/entries": ("entries", entries.show_all),
        "/entries/<entry>": ("entry", entries.show),
        "/entries/<entry>/correct": ("correct_page", correcting.show),
        "/alerts": ("alerts", alerts.show),
        "/needs": ("needs", asking.show_all),
        "/needs/<need>": ("need", asking.show),
        "/pledges": ("pledges", asking.show_pledges),
        "/plan": ("plan", asking.show_plan),
        "/same": ("same", merging.show),
        "/transfers": ("transfers", moving.show_all),
        "/transfers/<dispatch>": ("transfer", moving.show),
        "/arrive": ("arrive", moving.show_coming),
        "/arrive/<dispatch>": ("arrive_page", moving.show_form),
        "/dispatches/<dispatch>/waybill": ("waybill", moving.show_waybill),
        "/runs": ("runs", runs.show_all),
        "/expiring": ("expiring", packing.show_expiring),
        "/import": ("import_page", importing.show),
        "/templates": ("templates", templates.show),
        "/templates/<name>": ("template", templates.show_one),
        "/templates/own.json": ("template_own", templates.download),
        "/keeps": ("keeps", keeping.show),
        "/repack": ("repack_page", repacks.show),
        "/kits": ("kits", packing.show_kits),
        "/kits/<kit>": ("kit", packing.show_kit),
        "/count-sheet": ("count_sheet", counting.show_sheet),
        "/count-sheet/file": ("count_sheet_file", counting.give_file),
        "/counts": ("counts", counting.show_counts),
        "/runs/<vehicle>": ("run", runs.show),
        "/peers": ("peers", company.show),
        "/items": ("items", lookup.show_items),
        "/places": ("places", lookup.show_places),
        "/places/new": ("place_page", catalogue_forms.new_place),
        "/items/new": ("item_page", catalogue_forms.new_item),
        "/reports": ("reports", reporting.show),
        "/reports/charts": ("charts", reporting.show_charts),
        "/reports/check": ("check_page", books.show_check),
        "/closings": ("closings", books.show_closings),
        "/about": ("about", about),
        "/login": ("login_page", login.show),
    }


def _posts() -> dict[str, Page]:
    return {
        "/record/<name>": ("record_take", recording.take),
        "/count-sheet/file": ("count_file", counting.take_file),
        "/entries/<entry>/undo": ("undo", entries.undo),
        "/entries/<entry>/correct": ("correct_take", correcting.take),
        "/entries/<entry>/redact": ("redact", entries.redact),
        "/alerts/seen": ("alerts_seen", alerts.seen),
        "/needs/<need>/renew": ("need_renew", asking.renew),
        "/needs/<need>/close": ("need_close", asking.close),
        "/same": ("same_take", merging.say),
        "/same/<entry>/undo": ("same_undo", merging.take_back),
        "/arrive/read": ("arrive_read", moving.read_text),
        "/arrive/photo": ("arrive_photo", moving.read_photo),
        "/arrive/<dispatch>": ("arrive_take", moving.take),
        "/runs/<vehicle>/return": ("run_return", runs.bring_back),
        "/expiring/write-off": ("write_off", packing.write_off),
        "/import": ("import_look", importing.look),
        "/import/record": ("import_take", importing.take),
        "/templates/read": ("template_read", templates.read),
        "/templates/apply": ("template_apply", templates.apply),
        "/keeps": ("keeps_take", keeping.take),
        "/repack": ("repack_take", repacks.take),
        "/kits/<kit>/build": ("kit_build", packing.build),
        "/kits/<kit>/break": ("kit_break", packing.break_up),
        "/peers/sync": ("peers_sync", company.sync),
        "/peers/invite": ("peers_invite", company.invite),
        "/peers/join": ("peers_join", company.join),
        "/peers/accept": ("peers_accept", company.accept),
        "/peers/bundle": ("bundle_write", couriers.write),
        "/peers/bundle/read": ("bundle_read", couriers.read),
        "/peers/block": ("peers_block", company.block),
        "/places/new": ("place_take", catalogue_forms.add_place),
        "/items/new": ("item_take", catalogue_forms.add_item),
        "/reports/check": ("check_file", books.check_file),
        "/closings": ("close", books.close),
        "/login": ("login_take", login.take),
        "/logout": ("logout", login.leave),
    }


def about() -> str:
    """Who this node is, what its two digests are, and the help."""
    node = context.node()
    return context.render(
        "about.html",
        tab="",
        shown_id=show_id(node.id),
        network=node.network.hex(),
        digests=queries.digest(node),
        json="/api/v1/digest",
    )


def _make_room() -> None:
    """A few forms are larger than others; who sends one is looked at before it is read."""
    room = ROOM.get((request.endpoint or "").removeprefix("web."))
    if room:
        request.max_content_length = request.max_form_memory_size = room


def _admit() -> Response | AnyResponse | None:
    """Lets the operator and those who logged in pass; a form must be one of ours, made for this visitor."""
    if request.endpoint in _OPEN:
        return None
    visitor = gate().by_cookie(request) or gate().operator(request)
    if visitor is None:
        return login.ask()
    if request.method == "POST":
        gate().check_form(request, visitor, request.form.get("form_token", ""))
    g.visitor = visitor
    return None


def _greet(response: AnyResponse) -> AnyResponse:
    """The operator's browser gets its cookie, so that links to the API work for it, too."""
    visitor = context.visitor()
    if visitor and visitor.cookie and not visitor.name and gate().cookie_name not in request.cookies:
        login.set_cookie(response, visitor.cookie)
    return response
