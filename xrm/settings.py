"""Settings from the environment and one TOML file, read and validated together, then frozen.

The environment wins over the file. Every mistake is reported in one go, each with the name to change.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from xrm.errors import Place, Problem, Problems, XrmError

PREFIX = "XRM_"
CONFIG = "XRM_CONFIG"
CONFIG_FILE = "xrm.toml"
KEY_FILE = "secret.key"
KEY_LENGTH = 32
SAMPLE_WORDS = ("changeme", "change-me", "change_me", "example", "sample", "password", "secret")


class SettingsInvalid(XrmError):
    """The settings do not allow a start; every problem is listed."""

    code, title = "C100", "Settings are invalid"


# --- limits -----------------------------------------------------------------------------------------


def _limit(code: str, default: int, unit: str, says: str, ceiling: int | None = None) -> int:
    return field(default=default, metadata={"code": code, "unit": unit, "says": says, "ceiling": ceiling})


@dataclass(frozen=True, slots=True)
class Limits:
    """Every published limit. Each can be changed by `XRM_LIMIT_<NAME>` or under `[limits]` in the file."""

    body_bytes: int = _limit("L101", 8 << 20, "bytes", "One request body without files")
    json_depth: int = _limit("L102", 32, "levels", "Nesting of a JSON body", 200)
    filter_length: int = _limit("L103", 20_000, "characters", "One filter", 60_000)
    sort_terms: int = _limit("L106", 8, "terms", "Sort terms of one list", 32)
    page_rows: int = _limit("L107", 500, "records", "One page of a list", 5_000)
    capped_count: int = _limit("L108", 10_000, "records", "The most that a capped count counts")
    expand_rows: int = _limit("L110", 100, "records", "Related records expanded per record", 500)
    group_terms: int = _limit("L111", 6, "terms", "Group and aggregate terms, each", 32)
    group_rows: int = _limit("L112", 5_000, "groups", "Groups in one answer", 50_000)
    search_length: int = _limit("L113", 200, "characters", "One search text", 2_000)
    batch_commands: int = _limit("L114", 1_000, "commands", "One batch", 10_000)
    import_rows: int = _limit("L116", 200_000, "rows", "One import")
    export_rows: int = _limit("L117", 1_000_000, "rows", "One export")
    file_bytes: int = _limit("L118", 50 << 20, "bytes", "One uploaded file")
    import_cell: int = _limit("L120", 1_000_000, "characters", "One cell of an imported file", 10_000_000)
    import_columns: int = _limit("L122", 1_000, "columns", "Columns of an imported file", 5_000)
    cascade_records: int = _limit("L131", 10_000, "records", "Records deleted or restored by one act")
    hierarchy_depth: int = _limit("L132", 50, "levels", "Depth of a hierarchy of records", 500)
    idempotency_hours: int = _limit("L133", 24, "hours", "How long an idempotency key is remembered", 24 * 30)
    session_hours: int = _limit("L134", 24 * 14, "hours", "How long a session lasts without sign-in", 24 * 90)
    sign_in_attempts: int = _limit("L135", 10, "attempts", "Failed sign-ins per account in 15 minutes", 100)
    request_seconds: int = _limit("L136", 30, "seconds", "One statement of the database", 600)
    requests_per_minute: int = _limit("L137", 6_000, "requests", "Requests of one user, in each web process")
    undo_minutes: int = _limit("L138", 60, "minutes", "How long a change can be taken back", 60 * 24 * 30)
    bulk_records: int = _limit("L139", 10_000, "records", "Records changed by one act on a page", 100_000)
    unused_file_days: int = _limit("L142", 7, "days", "How long a file is kept that nothing uses", 3_650)
    removed_days: int = _limit(
        "L143", 90, "days", "How long is kept what a change of definitions removed", 3_650
    )
    fan_out: int = _limit(
        "L144", 1_000, "records", "Records in which a value follows before a change is saved", 20_000
    )
    kept_rules: int = _limit("L145", 500, "rules", "Rules kept in records that one record is asked", 5_000)


@dataclass(frozen=True, slots=True)
class LimitFact:
    """What the reference page says about one limit."""

    name: str
    code: str
    value: int
    unit: str
    says: str
    ceiling: int | None


def limit_table(limits: Limits) -> tuple[LimitFact, ...]:
    """Every limit with its code and the value in force, in the order of the codes."""
    return tuple(LimitFact(f.name, value=getattr(limits, f.name), **f.metadata) for f in fields(limits))


# --- settings ---------------------------------------------------------------------------------------


def _text(raw: object, _base: Path) -> str:
    if isinstance(raw, str):
        return raw.strip()
    raise ValueError("must be text")


def _number(least: int, most: int) -> Callable[[object, Path], int]:
    def read(raw: object, _base: Path) -> int:
        digits = raw.strip() if isinstance(raw, str) else raw
        value = int(digits) if isinstance(digits, str) and digits.isascii() and digits.isdigit() else digits
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise ValueError(f"must be a whole number from {least} to {most}")

    return read


def _folder(raw: object, base: Path) -> Path:
    text = _text(raw, base)
    if not text or "\0" in text:
        raise ValueError("must be the path of a folder")
    return (base / Path(text).expanduser()).resolve()


def _list(raw: object) -> list[object]:
    if isinstance(raw, str):
        return [part for part in raw.replace(",", os.pathsep).split(os.pathsep) if part.strip()]
    if isinstance(raw, list):
        return raw
    raise ValueError("must be a list")


def _folders(raw: object, base: Path) -> tuple[Path, ...]:
    return tuple(_folder(item, base) for item in _list(raw))


def _networks(raw: object, base: Path) -> tuple[str, ...]:
    items = raw.split(",") if isinstance(raw, str) else _list(raw)
    try:
        return tuple(str(ip_network(_text(item, base))) for item in items if item)
    except ValueError:
        raise ValueError("must be a list of IP addresses or networks, such as 10.0.0.0/8") from None


def _choice(*options: str) -> Callable[[object, Path], str]:
    def read(raw: object, base: Path) -> str:
        value = _text(raw, base).lower()
        if value in options:
            return value
        raise ValueError(f"must be one of {', '.join(options)}")

    return read


def _origin(raw: object, base: Path) -> str:
    text = _text(raw, base)
    parts = urlsplit(text)
    surplus = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme in ("http", "https") and parts.hostname and not surplus:
        return text.rstrip("/")
    raise ValueError("must be an address that starts with http:// or https://")


def _database(raw: object, base: Path) -> str:
    text = _text(raw, base)
    scheme, mark, rest = text.partition("://")
    if mark and rest and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return f"sqlite:///{base / Path(rest[1:]).expanduser()}"
    raise ValueError("must look like postgresql://user@host/name or sqlite:///path/to/file.db")


def _currency(raw: object, base: Path) -> str:
    text = _text(raw, base).upper()
    if len(text) == 3 and text.isascii() and text.isalpha():
        return text
    raise ValueError("must be a currency code of three letters, such as EUR")


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones; looked for once, since a folder of hundreds of files is walked for them."""
    return frozenset(available_timezones())


def _zone(raw: object, base: Path) -> str:
    text = _text(raw, base)
    if text in known_zones():
        return text
    raise ValueError("must be a time zone, such as Europe/Lisbon")


def _key(raw: object, base: Path) -> str:
    text = _text(raw, base)
    if len(text) < KEY_LENGTH or len(set(text)) < 10:
        raise ValueError(f"must hold at least {KEY_LENGTH} random characters")
    if any(word in text.lower() for word in SAMPLE_WORDS):
        raise ValueError("looks like a sample from a manual")
    return text


def _setting(default: Any, read: Callable[[object, Path], object], says: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "says": says})


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs. Made by `load_settings`, or written out by hand in a test."""

    data: Path = _setting(Path(".xrm-data"), _folder, "Folder for the embedded database, files and keys")
    database_url: str = _setting("", _database, "The database; a SQLite file in the data folder", secret=True)
    secret_key: str = _setting("", _key, "Signs sessions and links; made in the data folder", secret=True)
    host: str = _setting("127.0.0.1", _text, "The address to listen on")
    port: int = _setting(8000, _number(1, 65535), "The port to listen on")
    base_url: str = _setting("", _origin, "The address people type")
    workers: int = _setting(2, _number(1, 64), "Web processes")
    packs: tuple[Path, ...] = _setting((), _folders, "Folders with packs besides the shipped ones")
    trusted_proxies: tuple[str, ...] = _setting((), _networks, "Proxies whose forwarded headers count")
    metrics_token: str = _setting("", _key, "Opens /metrics", secret=True)
    password_memory: int = _setting(
        65536, _number(8, 4 << 20), "Memory that hashing a password takes, in KiB"
    )
    currency: str = _setting("EUR", _currency, "The currency in which money is compared and summed")
    zone: str = _setting("UTC", _zone, "The time zone in which a day begins for rules and defaults")
    log_level: str = _setting(
        "info", _choice("debug", "info", "warning", "error"), "Least level of a log line"
    )
    limits: Limits = field(default_factory=Limits)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.database_url.startswith("sqlite:")


@dataclass(frozen=True, slots=True)
class SettingFact:
    """What the reference page says about one setting."""

    name: str
    variable: str
    default: object
    says: str


def setting_table() -> tuple[SettingFact, ...]:
    """Every setting but the limits, in the order of `Settings`."""
    told = [f for f in fields(Settings) if "says" in f.metadata]
    return tuple(
        SettingFact(f.name, f"{PREFIX}{f.name.upper()}", f.default, f.metadata["says"]) for f in told
    )


@dataclass(frozen=True, slots=True)
class _Given:
    name: str
    raw: object
    where: Place
    base: Path


def load_settings(environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings in force, with defaults filled in; raises `SettingsInvalid` with every problem.

    Reads only: a missing secret key stays empty, and `with_secret_key` makes it when a server starts.
    """
    problems = Problems()
    given = {**_from_file(_config_path(environ, folder), problems), **_from_environment(environ, folder)}
    limits = _read_limits(given, problems)
    values = _read_values(given, problems)
    if problems:
        raise SettingsInvalid(problems.found)
    values.setdefault("data", folder / Settings().data)
    return _completed(Settings(limits=limits, **values))


def with_secret_key(settings: Settings) -> Settings:
    """The same settings with a secret key; an embedded installation makes and keeps one for itself."""
    if settings.secret_key:
        return settings
    if not settings.is_embedded:
        hint = "Set XRM_SECRET_KEY to the same random text for every process of this installation."
        raise SettingsInvalid(Problem("C105", "There is no secret key.", hint, Place(path="XRM_SECRET_KEY")))
    return replace(settings, secret_key=_kept_key(settings.data / KEY_FILE))


def shipped_folders() -> tuple[Path, Path]:
    """Where the packs and the workflows that come with this program lie, in a wheel or in a checkout."""
    package = Path(__file__).parent
    home = package / "shipped" if (package / "shipped").is_dir() else package.parent
    return home / "entity_packs", home / "workflows"


def pack_folders_of(settings: Settings) -> tuple[Path, ...]:
    """The folders that hold packs: those of the settings first, then the shipped ones."""
    return (*settings.packs, shipped_folders()[0])


def _config_path(environ: Mapping[str, str], folder: Path) -> Path | None:
    named = environ.get(CONFIG, "")
    if named:
        return folder / Path(named).expanduser()
    return folder / CONFIG_FILE if (folder / CONFIG_FILE).exists() else None


def _from_file(path: Path | None, problems: Problems) -> dict[str, _Given]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.add("C101", f"The settings file cannot be read: {error}.", "Mend it.", Place(file=str(path)))
        return {}
    return {item.name: item for item in _flat(document, path)}


def _flat(document: Mapping[str, object], path: Path) -> Iterator[_Given]:
    for name, raw in document.items():
        if name == "limits" and isinstance(raw, dict):
            for limit, value in raw.items():
                where = Place(file=str(path), path=f"limits.{limit}")
                yield _Given(f"limit_{limit}", value, where, path.parent)
        else:
            yield _Given(name, raw, Place(file=str(path), path=name), path.parent)


def _from_environment(environ: Mapping[str, str], folder: Path) -> dict[str, _Given]:
    named = {key: raw for key, raw in environ.items() if key.startswith(PREFIX) and key != CONFIG and raw}
    names = {key: key.removeprefix(PREFIX).lower() for key in named}
    return {names[key]: _Given(names[key], raw, Place(path=key), folder) for key, raw in named.items()}


def _read_values(given: Mapping[str, _Given], problems: Problems) -> dict[str, Any]:
    readers = {f.name: f.metadata["read"] for f in fields(Settings) if "read" in f.metadata}
    values: dict[str, Any] = {}
    for name, item in given.items():
        if name in readers:
            _keep(values, name, item, readers[name], problems)
        elif not name.startswith("limit_"):
            _unknown(item, name, tuple(readers), problems)
    return values


def _read_limits(given: Mapping[str, _Given], problems: Problems) -> Limits:
    facts = {fact.name: fact for fact in limit_table(Limits())}
    values: dict[str, Any] = {}
    for name, item in given.items():
        limit = name.removeprefix("limit_")
        if limit != name and limit in facts:
            _keep(values, limit, item, _number(1, facts[limit].ceiling or 1 << 40), problems)
        elif limit != name:
            _unknown(item, limit, tuple(facts), problems)
    return Limits(**values)


def _keep(
    values: dict[str, Any],
    name: str,
    item: _Given,
    read: Callable[[object, Path], object],
    problems: Problems,
) -> None:
    try:
        values[name] = read(item.raw, item.base)
    except ValueError as error:
        code = "C104" if read is _key else "C103"
        problems.add(code, f'The setting "{item.where.path}" {error}.', _hint(read), item.where)


def _hint(read: Callable[[object, Path], object]) -> str:
    return 'Make one: python3 -c "import secrets; print(secrets.token_urlsafe(48))"' if read is _key else ""


def _unknown(item: _Given, name: str, known: tuple[str, ...], problems: Problems) -> None:
    near = get_close_matches(name, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    problems.add("C102", f'There is no setting "{item.where.path}".', hint, item.where)


def _completed(settings: Settings) -> Settings:
    file = settings.data / "xrm.db"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return replace(
        settings,
        database_url=settings.database_url or f"sqlite:///{file}",
        base_url=settings.base_url or f"http://{host}:{settings.port}",
        secret_key=settings.secret_key or _read_key(settings.data / KEY_FILE),
    )


def _read_key(path: Path) -> str:
    try:
        return _key(path.read_text(encoding="ascii"), path.parent)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        hint = "Restore the file from a backup; without it, sessions and signed links end."
        message = f"The kept secret key cannot be used: {error}."
        raise SettingsInvalid(Problem("C105", message, hint, Place(file=str(path)))) from error


def _kept_key(path: Path) -> str:
    """The key in this file, made on first use; of processes that start together, one makes it for all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read_key(path)
