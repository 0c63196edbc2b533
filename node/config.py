"""What can be set, and where it comes from: flag, then environment, then bucketline.toml, then default.

The file lies in the node's folder. In the environment a setting is called like `BUCKETLINE_SYNC_PORT`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from sync.errors import Malformed, OutOfRange
from sync.limits import Limits

FILE = "bucketline.toml"
PREFIX = "BUCKETLINE_"
LISTEN_ALL = "0.0.0.0"
SYNC_SECONDS_MIN, SYNC_SECONDS_MAX = 5, 24 * 3600
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Config:
    """Settings of one node; seconds and ports as numbers, `addresses` what invitations name for its sync port.

    `announce` says on the local network that a node is here: off unless asked for, since it tells everybody there.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8480
    sync_port: int = 8481
    lan: bool = False
    announce: bool = False
    sync_seconds: int = 300
    addresses: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def web_host(self) -> str:
        """Where the pages listen: every network card with `lan`, else this machine or the host that was named."""
        return LISTEN_ALL if self.lan and self.host == Config.host else self.host


SETTINGS = [setting.name for setting in fields(Config) if setting.name not in ("data", "limits")]


def default_folder() -> Path:
    """Where this user's node lives if nothing else is said."""
    return Path(platformdirs.user_data_dir("bucketline", appauthor=False))


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """The settings that hold; a flag that is None wasn't given. Malformed or OutOfRange name setting and source."""
    data = Path(flags.get("data") or environment.get(PREFIX + "DATA") or default_folder()).expanduser()
    filed = _read(data / FILE)
    found = {}
    for name in SETTINGS:
        variable = PREFIX + name.upper()
        if flags.get(name) is not None:
            found[name] = _checked(name, flags[name], f"--{name.replace('_', '-')}")
        elif environment.get(variable):
            found[name] = _checked(name, environment[variable], variable)
        elif name in filed:
            found[name] = _checked(name, filed[name], f"{name} in {data / FILE}")
    return Config(data, **found)


def _read(path: Path) -> dict[str, Any]:
    """The settings in a file; none where there is no file."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise Malformed(f"{path} can't be read: {error}.", todo="Mend it, or move it away.") from None
    unknown = sorted(set(found) - set(SETTINGS))
    if unknown:
        raise Malformed(f"{path} sets {', '.join(unknown)}, which isn't known.", todo=f"Known: {', '.join(SETTINGS)}.")
    return found


def _checked(name: str, value: Any, source: str) -> Any:
    """A value as its setting's type; text is read as people write it."""
    if name in ("lan", "announce"):
        return _flag(value, source)
    if name in ("port", "sync_port"):
        return _number(value, source, 0, 65535)
    if name == "sync_seconds":
        return _number(value, source, SYNC_SECONDS_MIN, SYNC_SECONDS_MAX)
    if name == "addresses":
        return _list(value, source)
    return _text(value, source)


def _flag(value: Any, source: str) -> bool:
    found = value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if found is None:
        raise Malformed(f"{source} must be true or false, not {value!r}.")
    return found


def _number(value: Any, source: str, least: int, most: int) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        raise Malformed(f"{source} must be a whole number, not {value!r}.")
    if not least <= int(text) <= most:
        raise OutOfRange(f"{source} is {text}; it must lie between {least} and {most}.")
    return int(text)


def _list(value: Any, source: str) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise Malformed(f"{source} must be a list of addresses.")
    return tuple(part.strip() for part in parts if part.strip())


def _text(value: Any, source: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Malformed(f"{source} must be a text, not {value!r}.")
    return value.strip()
