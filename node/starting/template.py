"""What a template is, and reading one: from the files that come with the program, from a file, from bytes.

Whoever hands in bytes may hand in any: size and shape are bounded, and what is wrong is told in a sentence.
"""

import re
import tomllib
from codecs import BOM_UTF8
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from sync.errors import Malformed, NotFound, TooLarge

BYTES_MAX = 1_000_000
THINGS_MAX = 5_000  # items, places and minimums in all
KEPT = "Nothing was changed."
SHOWN_CHARS_MAX = 200
_WHERE = re.compile(r"(?P<why>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
# Thirty names with dots between them: no template has such a key, and the time to read one grows with its square.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){30}""")


class ItemOf(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An item; quantities of packs and of the `kit` (other items by name) are decimal strings.

    `names` are by language (ISO 639-1), `weight` in grams and `volume` in millilitres are of one unit.
    """

    name: str
    unit: str
    category: str = ""
    packs: dict[str, str] = {}
    codes: dict[str, str] = {}
    kit: dict[str, str] = {}
    names: dict[str, str] = {}
    weight: int | None = None
    volume: int | None = None


class PlaceOf(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A place, without a spot where every team has its own."""

    name: str
    kind: Literal["warehouse", "hub", "vehicle", "site"]
    lat: str | None = None
    lon: str | None = None


class Minimum(Struct, forbid_unknown_fields=True):
    """The least that there should be of an item at a place."""

    place: str
    item: str
    minimum: str


class Template(Struct, forbid_unknown_fields=True):
    """One template. `checklist` are sentences to tick off, `notes` sentences to know."""

    name: str
    about: str = ""
    checklist: list[str] = []
    notes: list[str] = []
    items: list[ItemOf] = []
    places: list[PlaceOf] = []
    minimums: list[Minimum] = []


def names() -> list[str]:
    """The templates that come with the program."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def shipped(name: str) -> Template:
    """A template that comes with the program; NotFound names those that do."""
    plain = name.strip().lower()
    if plain not in names():
        raise NotFound(f"There is no template {name!r}.", kept=KEPT, todo=f"There are: {', '.join(names())}.")
    return read(resources.files(__package__).joinpath(f"{plain}.toml").read_bytes(), toml=True)


def find(text: str) -> Template:
    """A template by its name, or from a file. NotFound where there is neither, Malformed where it can't be read."""
    if text.strip().lower() in names():
        return shipped(text)
    path = Path(text)
    if not path.is_file():
        known = ", ".join(names())
        raise NotFound(f"There is no template {text!r}.", kept=KEPT, todo=f"Name a file, or one of: {known}.")
    if path.stat().st_size > BYTES_MAX:
        raise _too_large()
    return read(path.read_bytes(), toml=path.suffix.lower() == ".toml")


def read(raw: bytes, toml: bool | None = None) -> Template:
    """The template in the bytes of a file; where nobody says so, what begins with a brace is JSON, else it is TOML.

    TooLarge, or Malformed that says what is wrong with it.
    """
    if len(raw) > BYTES_MAX:
        raise _too_large()
    raw = raw.removeprefix(BOM_UTF8)
    if toml is None:
        toml = not raw.lstrip().startswith(b"{")
    try:
        found = _from_toml(raw.decode()) if toml else msgspec.json.decode(raw, type=Template)
    except msgspec.ValidationError as error:
        raise _no_template(_said(str(error))) from None
    except UnicodeDecodeError:
        raise _no_template("it is not text") from None
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _no_template(f"it is neither JSON nor TOML as templates are written ({_short(str(error))})") from None
    things = len(found.items) + len(found.places) + len(found.minimums)
    if things > THINGS_MAX:
        raise TooLarge(f"This template holds {things} things; {THINGS_MAX} fit.", kept=KEPT, todo="Make two of it.")
    return found


def _from_toml(text: str) -> Template:
    if _LONG_KEY.search(text):
        raise tomllib.TOMLDecodeError("a name with very many dots")
    return msgspec.convert(tomllib.loads(text), Template)


def _too_large() -> TooLarge:
    limit = BYTES_MAX // 1000
    return TooLarge(f"This is too large for a template: {limit} kB fit.", kept=KEPT, todo="Is it the right file?")


def _no_template(why: str) -> Malformed:
    return Malformed(
        f"This is not a template: {why}.",
        kept=KEPT,
        todo="Export one and look how it is written.",
        fields={"template": _short(why)},
    )


def _said(message: str) -> str:
    """msgspec's sentence as people say it: "`unit` is missing in items.2"."""
    match = _WHERE.fullmatch(message)
    why, path = (match["why"], match["path"] or "") if match else (message, "")
    where = re.sub(r"\[(\d+)\]", lambda at: f" number {int(at[1]) + 1}", path).replace("[...]", "").replace(".", ", ")
    named = _FIELD.fullmatch(why)
    if named:
        why = f"“{named['name']}” is {'missing' if 'missing' in named['what'] else 'not known here'}"
    return _short(f"{why.rstrip('.')}{f' in {where}' if where else ''}")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + "…"


def write(template: Template) -> bytes:
    """A template as the bytes of a JSON file."""
    return msgspec.json.format(msgspec.json.encode(template), indent=1) + b"\n"
