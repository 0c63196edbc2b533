"""The column names that real files use, in English, Spanish and French, and what a file with them lists.

Among them those of Sahana's warehouses, the catalogue of the IFRC and the stock sheets of PIRAC. A header is compared
without case, accents and punctuation. Names stand best first: a file with both "Item Name" and "Description" means the
first.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from node.importing.sheets import KEPT, Row
from sync.errors import Malformed

HEADER_ROWS_MAX = 20  # titles may stand above the header

NAMES: dict[str, Sequence[str]] = {
    "place": (
        *("warehouse", "warehouse name", "place", "place name", "location", "site", "site name", "facility", "depot"),
        *("store", "hub", "almacen", "deposito", "bodega", "lugar", "ubicacion", "sitio", "entrepot", "magasin"),
        *("lieu", "emplacement"),
    ),
    "item": (
        *("item name", "item", "product name", "product", "article", "commodity", "material", "item description"),
        *("description", "articulo", "nombre del articulo", "producto", "nom de l article", "produit", "designation"),
        *("libelle", "descripcion", "name", "nombre", "nom"),
    ),
    "code": (
        *("item code", "product code", "article code", "code", "sku", "item number", "catalogue number"),
        *("codigo de articulo", "codigo del articulo", "codigo", "code article", "code produit", "reference", "ref"),
        "referencia",
    ),
    "gtin": ("gtin", "ean", "barcode", "upc", "codigo de barras", "code barres", "code barre"),
    "scheme": ("catalog", "catalogue", "code scheme", "catalogo"),
    "unit": (
        *("unit of measure", "unit", "uom", "unit of issue", "units", "unidad de medida", "unidad", "unidades"),
        *("unite de mesure", "unite", "unites"),
    ),
    "qty": (
        *("quantity", "qty", "quantity on hand", "on hand", "in stock", "stock on hand", "stock", "balance"),
        *("cantidad", "existencias", "cant", "quantite", "quantite en stock", "qte"),
    ),
    "value": (
        *("unit value", "unit price", "unit cost", "value per unit", "price per unit", "price", "valor unitario"),
        *("precio unitario", "costo unitario", "precio", "valeur unitaire", "prix unitaire", "cout unitaire", "prix"),
    ),
    "currency": ("currency", "currency code", "moneda", "divisa", "devise", "monnaie"),
    "source": (
        *("supplier donor", "received from", "supplier", "vendor", "source", "origin", "donor", "proveedor donante"),
        *("proveedor", "donante", "recibido de", "origen", "fournisseur donateur", "fournisseur", "donateur"),
        *("recu de", "origine"),
    ),
    "fund": (
        *("fund", "fund name", "grant", "budget line", "supplier donor", "donor", "fondo", "financiador"),
        *("proveedor donante", "donante", "fonds", "bailleur", "fournisseur donateur", "donateur"),
    ),
    "lot": ("lot", "lot number", "lot no", "lote", "numero de lote", "numero de lot", "no de lot"),
    "batch": ("batch", "batch number", "batch no", "partida"),
    "expiry": (
        *("expiry date", "expiry", "expiration date", "expires", "expires on", "exp date", "exp", "best before"),
        *("use by", "fecha de vencimiento", "vencimiento", "fecha de caducidad", "caducidad", "date de peremption"),
        *("peremption", "date d expiration", "expiration", "date limite"),
    ),
    "weight_kg": ("weight kg", "unit weight kg", "peso kg", "poids kg", "weight", "unit weight", "peso", "poids"),
    "weight_g": ("weight g", "weight grams", "unit weight g", "peso g", "poids g"),
    "volume_l": ("volume litre", "volume litres", "volume l", "unit volume l", "volumen litros", "volume en litres"),
    "volume_m3": (
        "volume m3",
        "volume cbm",
        "unit volume m3",
        "cbm",
        "m3",
        "volumen m3",
        "volume",
        "unit volume",
        "volumen",
    ),
    "category": ("category", "item category", "categoria", "categorie", "famille", "familia"),
    "at": (
        "date received",
        "received on",
        "receipt date",
        "fecha de recepcion",
        "fecha de entrada",
        "date de reception",
    ),
    "kind": ("kind", "place type", "facility type", "type", "tipo"),
    "lat": ("lat", "latitude", "latitud", "gps lat"),
    "lon": ("lon", "lng", "long", "longitude", "longitud", "gps lon", "gps long"),
}
MEASURES = ("weight_kg", "weight_g", "volume_l", "volume_m3")  # of one unit; without a unit as Sahana has them: kg, m3
PLACE_NAMES = ("name", "nombre", "nom", *NAMES["place"])  # where a file lists places
KIT_NAMES = ("kit", "kit name", "nombre del kit", "nom du kit")
PLACE_SIGNS = ("lat", "lon", "kind")
PLACE_WORDS = {"address", "country", "organisation", "organization", "branch", "capacity", "direccion", "adresse"}

FIELDS = {
    "stock": [name for name in NAMES if name not in (*PLACE_SIGNS, *MEASURES)],
    "items": ["item", "code", "gtin", "scheme", "unit", "category", *MEASURES, "value", "currency"],
    "places": ["place", "kind", "lat", "lon"],
    "kits": ["kit", "item", "code", "gtin", "scheme", "unit", "qty"],
}
_NAMES_OF = {("places", "place"): PLACE_NAMES, ("kits", "kit"): KIT_NAMES}  # where they differ from the usual


def plain(text: str) -> str:
    """A header as it is compared: no case, accents, punctuation or doubled spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", bare).casefold().split())


def find_header(rows: Sequence[Row], wanted: Iterable[str] = ()) -> int:
    """Where the header stands: the first row with two names that are known or `wanted`, else the first row."""
    known = {name for names in NAMES.values() for name in names} | {plain(name) for name in wanted}
    known |= {*PLACE_NAMES, *KIT_NAMES, *PLACE_WORDS}
    for number, row in enumerate(rows[:HEADER_ROWS_MAX]):
        if len({plain(cell) for cell in row.cells} & known) >= 2:
            return number
    return 0


def guess(header: Sequence[str], mapping: Mapping[str, str]) -> str:
    """What a file lists: "stock", "places", "items" or "kits". Malformed where its columns don't tell."""
    names = {plain(cell) for cell in header}
    has = {field for field, known in NAMES.items() if names & set(known)} | set(mapping)
    if names & set(KIT_NAMES):
        return "kits"
    if "qty" in has and has & {"item", "code"}:
        return "stock"
    if names & set(PLACE_NAMES) and (has & {"lat", "lon"} or names & PLACE_WORDS):
        return "places"
    if has & {"item", "code"}:
        return "items"
    if names & set(PLACE_NAMES):
        return "places"
    raise Malformed(
        f"The columns don't tell what this file lists: {', '.join(filter(None, header)) or 'there are none'}.",
        kept=KEPT,
        todo="Say `--as stock`, `--as items` or `--as places`, and name columns with `--map FIELD=COLUMN`.",
    )


def assign(kind: str, header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Which column holds which field. Malformed for one in `mapping` that isn't there, or that is there twice."""
    names = [plain(cell) for cell in header]
    unknown = [field for field in mapping if field not in FIELDS[kind]]
    if unknown:
        raise Malformed(
            f"{', '.join(unknown)} isn't a field of a file of {kind}.",
            kept=KEPT,
            todo=f"Fields are: {', '.join(FIELDS[kind])}.",
        )
    found = {}
    for field in FIELDS[kind]:
        known = _NAMES_OF.get((kind, field)) or NAMES[field]
        column = _mapped(names, header, mapping[field]) if field in mapping else first(names, header, known)
        if column is not None:
            found[field] = column
    return found


def _mapped(names: list[str], header: Sequence[str], wanted: str) -> int:
    if plain(wanted) not in names:
        raise Malformed(
            f"There is no column {wanted!r}.", kept=KEPT, todo=f"Columns are: {', '.join(filter(None, header))}."
        )
    return names.index(plain(wanted))


def first(names: list[str], header: Sequence[str], known: Sequence[str]) -> int | None:
    """The column with the best of the known names, of a header and its `plain` names. Malformed where two bear it."""
    best = next((name for name in known if name in names), None)
    if best is None:
        return None
    if names.count(best) > 1:
        column = header[names.index(best)]
        raise Malformed(f"Two columns are called {column!r}.", kept=KEPT, todo="Rename one of them in the file.")
    return names.index(best)
