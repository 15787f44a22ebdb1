"""From the text of a configuration to checked values, or to all of its mistakes at once.

Works on the table of settings; knows nothing of the structs the values end in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from os.path import normpath
from pathlib import Path
from typing import Any

from connector import locale
from connector.errors import ConfigError
from connector.setting import Setting
from connector.settings_table import TABLE
from connector.settings_values import Mistake, convert, is_loopback, is_protected, type_name

FILE_NAME = "casethread.toml"
LARGEST_BYTES = 1_000_000

Names = tuple[str, ...]
"""Where a key stands: the tables it is in, and its own name."""

_SECRET_NAME = re.compile(
    r"secret|passw|passphrase|token|api_?key|credential|private_?key|hemmelig|kodeord|adgangskode",
    re.IGNORECASE,
)
_BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in TABLE}
NAMED = ("sinks", "sites")  # tables of tables, whose names the operator chooses
_NAMED_KEYS: Mapping[str, Mapping[str, Setting]] = {
    kind: {s.key: s for s in TABLE if s.section == f"{kind}.*"} for kind in NAMED
}
_TABLES = {s.section for s in TABLE if "*" not in s.section} - {""} | {"sources"}
_SECRETS = (  # where a secret belongs: table, name there, file setting, variable
    ("ledger", "password", "password_file", "CASETHREAD_LEDGER_PASSWORD"),
    ("graph", "secret", "secret_file", "CASETHREAD_CLIENT_SECRET"),
    ("graph", "token", "token_file", "CASETHREAD_TOKEN"),
    ("graph", "proxy_password", "", "CASETHREAD_PROXY_PASSWORD"),
    ("sources.exchange", "password", "password_file", "CASETHREAD_EXCHANGE_PASSWORD"),
    ("lync", "password", "password_file", "CASETHREAD_LYNC_PASSWORD"),
    ("web", "client_secret", "client_secret_file", "CASETHREAD_WEB_CLIENT_SECRET"),
    ("articles", "mail_password", "mail_password_file", "CASETHREAD_MAIL_PASSWORD"),
)
_NAMED_SECRETS = {"sinks": ("secret", "client_secret", "contacts_secret"), "sites": ("secret",)}


class _Report:
    """The mistakes met so far, each with the place it belongs to."""

    def __init__(self) -> None:
        self.found: list[tuple[Names, Mistake]] = []

    def add(self, names: Names, key: str, **values: object) -> None:
        self.found.append((names, Mistake(key, **values)))

    def has(self, name: str) -> bool:
        """Is something wrong with this setting already, its spelling perhaps?"""
        return any(
            name in (".".join(names), mistake.values.get("suggest"))
            for names, mistake in self.found
        )


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The file to read; see settings.load. Raises ConfigError when there is none."""
    chosen = path or (
        Path(environ["CASETHREAD_CONFIG"]) if environ.get("CASETHREAD_CONFIG") else None
    )
    if chosen is not None:
        return chosen / FILE_NAME if chosen.is_dir() else chosen
    if Path(FILE_NAME).is_file():
        return Path(FILE_NAME)
    raise ConfigError([locale.text("config.none", locale.preferred(environ))])


def read_text(file: Path, environ: Mapping[str, str]) -> str:
    """The text of the file, which must be UTF-8 (with or without its mark). Raises ConfigError."""
    language = locale.preferred(environ)

    def wrong(key: str, line: int | None = None, **values: object) -> ConfigError:
        place = f"{file}:{line}" if line else f"{file}"
        return ConfigError([f"{place}: {locale.text(key, language, **values)}"])

    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except FileNotFoundError as error:
        raise wrong("config.missing_file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise wrong("config.unreadable", reason=reason) from error
    if len(raw) > LARGEST_BYTES:
        raise wrong("config.too_large", size=LARGEST_BYTES // 1000)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise wrong("config.utf16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise wrong("config.not_utf8", line, byte=f"0x{raw[error.start]:02X}") from error


def read_values(
    text: str, folder: Path, environ: Mapping[str, str], name: str
) -> dict[str, dict[str, Any]]:
    """The checked value of every setting, by table and key, secrets included.

    `name` is what the file is called in messages. Raises ConfigError with all problems in order of
    their lines, each as "FILE:LINE: SETTING: what is wrong and what to do".
    """
    document = _document(text, name)
    report = _Report()
    given = dict(_given(document, (), report))
    values = _values(given, list(_named(document)), folder, report)
    if not document.get("sinks"):
        report.add(("sinks",), "config.required", why="config.why_sinks")
    _check_together(values, given, report)
    _add_secrets(values, environ, report)
    if report.found:
        raise ConfigError(_sentences(report, text, document, name))
    return values


def _document(text: str, name: str) -> dict[str, Any]:
    """The text as TOML, or a ConfigError that names the line."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        language = "en" if re.search(r"""(?m)^\s*language\s*=\s*["']en""", text) else "da"
        match = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        reason = match[1] if match else str(error)
        lines = text.rstrip().split("\n")
        line = int(match[2]) if match and match[2] else len(lines)
        told = locale.text("config.syntax", language, reason=reason)
        if "\\" in lines[min(line, len(lines)) - 1]:
            told = f"{told}; {locale.text('config.backslash', language)}"
        place = f"{name}:{line}" if match else name
        raise ConfigError([f"{place}: {told}"]) from error


def _given(
    table: Mapping[str, Any], where: Names, report: _Report
) -> Iterator[tuple[Names, tuple[Setting, object]]]:
    """Each known setting that the file gives, with its value; the rest is reported."""
    for key, value in table.items():
        names = (*where, key)
        setting = _setting(names)
        if setting is not None:
            yield names, (setting, value)
        elif _is_table(names) and isinstance(value, dict):
            if len(names) == 2 and names[0] in NAMED and not re.fullmatch(r"[a-z0-9_-]+", key):
                report.add(names, "config.sink_name")
            yield from _given(value, names, report)
        elif _is_table(names):
            report.add(names, "config.type", found=type_name(value), expected="type.table")
        else:
            _unknown(names, value, report)


def _named(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The kind and name of each sink and site, of which an empty table is one too."""
    for kind in NAMED:
        tables = document.get(kind)
        if isinstance(tables, dict):
            yield from ((kind, name) for name, table in tables.items() if isinstance(table, dict))


def _setting(names: Names) -> Setting | None:
    """The row of the table for a key; a quoted "a.b" is not the key b of a."""
    if len(names) == 3 and names[0] in NAMED:
        return _NAMED_KEYS[names[0]].get(names[2])
    if "*" in names or any("." in name for name in names):
        return None
    return _BY_NAME.get(".".join(names))


def _is_table(names: Names) -> bool:
    if names[0] in NAMED:
        return len(names) <= 2
    return not any("." in name for name in names) and ".".join(names) in _TABLES


def _unknown(names: Names, value: object, report: _Report) -> None:
    """Report a key that is no setting: a secret in the wrong place, or a slip of the pen."""
    if value and not isinstance(value, dict | bool) and _SECRET_NAME.search(names[-1]):
        table, _, file_key, variable = _home_of_secret(names)
        setting = f"{table}.{file_key}" if file_key else "graph.secret_file"
        if names[0] in NAMED and len(names) == 3:
            word = names[2] if names[2] in _NAMED_SECRETS[names[0]] else "secret"
            setting = f"{names[0]}.{names[1]}.{word}_file"
            variable = secret_variable(names[0], names[1], word)
        report.add(names, "config.secret", variable=variable, setting=setting)
        return
    key = "config.unknown_table" if isinstance(value, dict) else "config.unknown"
    report.add(names, key, suggest=_suggestion(names))
    if isinstance(value, dict):  # an unknown table is one mistake, but a secret in it is another
        for inner, content in value.items():
            if isinstance(content, dict) or _SECRET_NAME.search(inner):
                _unknown((*names, inner), content, report)


def _home_of_secret(names: Names) -> tuple[str, str, str, str]:
    """Where a secret of this name should go instead: a row of _SECRETS."""
    name = ".".join(names).lower()
    for row in _SECRETS:
        table, word = row[0], row[1]
        if (word in name and table in name) or (word == "token" and word in name):
            return row
    is_database = any(word in name for word in ("ledger", "database", "postgres", "db"))
    return _SECRETS[0] if is_database else _SECRETS[1]


def _suggestion(names: Names) -> str:
    """The setting or table that was probably meant; empty when nothing is near."""
    import difflib

    name, key = ".".join(names), names[-1]
    full = [*_BY_NAME, *sorted(_TABLES), *NAMED]
    if names[0] in NAMED and len(names) == 3:
        near = difflib.get_close_matches(key, _NAMED_KEYS[names[0]], 1, 0.6)
        return f"{names[0]}.{names[1]}.{near[0]}" if near else ""
    same_key = [other for other in full if other.rpartition(".")[2] == key]
    siblings = [other for other in full if other.rpartition(".")[0] == ".".join(names[:-1])]
    near = difflib.get_close_matches(name, siblings, 1, 0.75) or same_key[:1]
    near = near or difflib.get_close_matches(name, full, 1, 0.7)
    return near[0] if near else ""


def _values(
    given: Mapping[Names, tuple[Setting, object]],
    named: Iterable[tuple[str, str]],
    folder: Path,
    report: _Report,
) -> dict[str, dict[str, Any]]:
    """Every setting's value, from the file or by default, by table and key; mistakes reported.

    What cannot be read has its default, so that the checks after this one have something to read.
    """
    wanted = {tuple(s.name.split(".")): s for s in TABLE if "*" not in s.section}
    wanted |= {(kind, name, key): s for kind, name in named for key, s in _NAMED_KEYS[kind].items()}
    values: dict[str, dict[str, Any]] = {}
    for names, setting in wanted.items():
        value = convert(setting, setting.default, folder)
        if names in given:
            try:
                value = convert(setting, given[names][1], folder)
            except Mistake as mistake:
                report.found.append((names, mistake))
        values.setdefault(".".join(names[:-1]), {})[names[-1]] = value
    return values


def _check_together(
    values: Mapping[str, Mapping[str, Any]], given: Mapping[Names, object], report: _Report
) -> None:
    """What can be wrong though each setting alone is right."""
    ledger = values["ledger"]
    _check_graph(values, report)
    channels = values["sources.channels"]
    if channels["enabled"] and not channels["teams"] and not report.has("sources.channels.teams"):
        report.add(("sources", "channels", "teams"), "config.required", why="config.why_teams")
    _check_exchange(values["sources.exchange"], report)
    _check_places(values, report)
    if ledger["reread_limit_items"] < ledger["batch_items"]:
        name = "batch_items" if ("ledger", "batch_items") in given else "reread_limit_items"
        report.add(("ledger", name), "config.reread", batch=ledger["batch_items"])
    paths: dict[Path, str] = {}
    _check_web(values, report)
    _check_register(values, report)
    _check_articles(values, report)
    for table in (table for table in values if table.startswith("sinks.")):
        if values[table]["kind"] != "folder":
            _check_system(table, values[table], report)
            continue
        first = paths.setdefault(values[table]["path"], table)
        if first != table:
            report.add(
                (*table.split("."), "path"), "config.same_path", name=first.partition(".")[2]
            )


def _check_graph(values: Mapping[str, Mapping[str, Any]], report: _Report) -> None:
    """The tenant and its application, unless Microsoft is not asked at all."""
    graph = values["graph"]
    needed: tuple[str, ...] = {"secret": ("tenant", "client_id"), "static": ()}.get(
        graph["auth"], ("tenant", "client_id", "certificate_file")
    )
    for key in needed if _asks_graph(values) else ():
        if not graph[key] and not report.has(f"graph.{key}"):
            why = "config.why_certificate" if key == "certificate_file" else "config.why_tenant"
            report.add(("graph", key), "config.required", why=why)
    for key in ("base_url", "authority"):
        if not is_protected(graph[key]) and graph["auth"] != "static":
            report.add(("graph", key), "config.https")


def _asks_graph(values: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether anything is read, or written, through Microsoft Graph or with its account."""
    own_servers = ("directory_file", "exchange", "lync_cdr", "lync_archive")
    sources = {name[8:]: its for name, its in values.items() if name.startswith("sources.")}
    sinks = [its for name, its in values.items() if name.startswith("sinks.")]
    return (
        any(its["enabled"] for name, its in sources.items() if name not in own_servers)
        or (sources["exchange"]["enabled"] and sources["exchange"]["auth"] == "oauth")
        or any(its["kind"] == "sharepoint" for its in sinks)
    )


def _check_exchange(its: Mapping[str, Any], report: _Report) -> None:
    """An Exchange server that is read needs its address, safe for a password, and an account."""
    where = ("sources", "exchange")
    if its["url"] and not is_protected(its["url"]):
        report.add((*where, "url"), "config.https_sink")
    if not its["enabled"]:
        return
    for key, why in (("url", "config.why_url"), ("user", "config.why_account")):
        is_needed = key == "url" or its["auth"] in ("ntlm", "basic")
        if is_needed and not its[key] and not report.has(f"sources.exchange.{key}"):
            report.add((*where, key), "config.required", why=why)


def _check_places(values: Mapping[str, Mapping[str, Any]], report: _Report) -> None:
    """A source of files or of Lync needs a file, a folder or a database."""
    its, archive = values["lync"], values["sources.lync_archive"]
    file = values["sources.directory_file"]
    places = {
        ("sources", "directory_file", "path"): not file["enabled"] or file["path"] is not None,
        ("lync", "call_databases"): not values["sources.lync_cdr"]["enabled"]
        or its["call_databases"],
        ("sources", "lync_archive", "folder"): not archive["enabled"]
        or its["message_databases"]
        or archive["folder"] is not None,
    }
    for names, is_there in places.items():
        if not is_there and not report.has(".".join(names)):
            report.add(names, "config.required", why="config.why_lync")


def _check_web(values: Mapping[str, Mapping[str, Any]], report: _Report) -> None:
    """People sign in at these addresses."""
    for key in ("url", "issuer"):
        if values["web"][key] and not is_protected(values["web"][key]):
            report.add(("web", key), "config.https_web")


def _check_register(values: Mapping[str, Mapping[str, Any]], report: _Report) -> None:
    """A register that is a sink's system needs that sink, and one that has cases."""
    register = values["register"]
    if register["kind"] != "sink" or report.has("register.sink"):
        return
    sink = values.get(f"sinks.{register['sink']}")
    if sink is None or sink["kind"] in ("folder", "sharepoint"):
        report.add(("register", "sink"), "config.register_sink")


def _check_articles(values: Mapping[str, Mapping[str, Any]], report: _Report) -> None:
    """A site needs an address or a folder; reminders by mail need a sender, and a safe way."""
    its = values["articles"]
    if its["mail_host"] and not its["mail_from"] and not report.has("articles.mail_from"):
        report.add(("articles", "mail_from"), "config.required", why="config.why_mail_from")
    is_safe = its["mail_starttls"] or its["mail_port"] == 465 or is_loopback(its["mail_host"])
    if its["mail_user"] and not is_safe:
        report.add(("articles", "mail_starttls"), "config.mail_plain")
    places: dict[tuple[str, str], str] = {}
    for table in (table for table in values if table.startswith("sites.")):
        site, names = values[table], tuple(table.split("."))
        key = "place" if site["kind"] == "html" else "url"
        if not site[key] and not report.has(f"{table}.{key}"):
            why = "config.why_place" if key == "place" else "config.why_url"
            report.add((*names, key), "config.required", why=why)
        if site["kind"] != "html" and site["url"] and not is_protected(site["url"]):
            report.add((*names, "url"), "config.https_sink")
        first = places.setdefault(_where(site), table)
        if first != table:
            report.add((*names, "place"), "config.same_place", name=first)


def _where(site: Mapping[str, Any]) -> tuple[str, str]:
    """The same for two sites that are one place, however it is written."""
    if site["kind"] == "html":
        return "", normpath(site["place"])
    return site["url"].rstrip("/").lower(), site["place"].strip("/")


def _check_system(table: str, sink: Mapping[str, Any], report: _Report) -> None:
    """A records system needs its address, and one where a secret is safe."""
    names = tuple(table.split("."))
    for key in ("url", "contacts_url", "token_url"):
        if key == "url" and not sink[key] and not report.has(f"{table}.{key}"):
            report.add((*names, key), "config.required", why="config.why_url")
        if sink[key] and not is_protected(sink[key]):
            report.add((*names, key), "config.https_sink")


def _add_secrets(
    values: Mapping[str, dict[str, Any]], environ: Mapping[str, str], report: _Report
) -> None:
    """Read each secret from its file, else from its environment variable, into `values`."""
    from connector.settings import Secret

    for table, word, file_key, variable in _SECRETS:
        variable = values[table].get(f"{word}_env", variable)
        value = environ.get(variable, "").strip()
        file = values[table].get(file_key)
        if file is not None:
            try:
                value = _secret_in(file)
            except Mistake as mistake:
                report.found.append(((table, file_key), mistake))
        values[table][word] = Secret(value)
    for table in [table for table in values if table.split(".")[0] in NAMED]:
        _add_named_secrets(table, values[table], environ, report)


def _add_named_secrets(
    table: str, its: dict[str, Any], environ: Mapping[str, str], report: _Report
) -> None:
    from connector.settings import Secret

    names = tuple(table.split("."))
    for word in _NAMED_SECRETS[names[0]]:
        value = environ.get(secret_variable(names[0], names[1], word), "").strip()
        if its[f"{word}_file"] is not None:
            try:
                value = _secret_in(its[f"{word}_file"])
            except Mistake as mistake:
                report.found.append(((*names, f"{word}_file"), mistake))
        its[word] = Secret(value)


def secret_variable(kind: str, name: str, word: str) -> str:
    """The variable of a sink's or site's secret: CASETHREAD_SINK_ESDH_SECRET."""
    return f"CASETHREAD_{kind[:-1].upper()}_{name.upper().replace('-', '_')}_{word.upper()}"


def _secret_in(file: Path) -> str:
    """The one line a secret's file holds. Raises Mistake, which never shows any of it."""
    try:
        value = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8"
        raise Mistake("config.secret_file", path=file, reason=reason) from error
    if not value or len(value.splitlines()) > 1:
        reason = "config.secret_long" if value else "config.secret_empty"
        raise Mistake("config.secret_file", path=file, reason=reason)
    return value


def _sentences(report: _Report, text: str, document: Mapping[str, Any], name: str) -> list[str]:
    """The mistakes in words, in the order of their lines."""
    from connector.toml_lines import key_lines

    language = document.get("language")
    language = language if language in locale.LANGUAGES else "da"
    lines = key_lines(text)
    rows = []
    for names, mistake in report.found:
        # What is missing has no line of its own: the line of its table is shown, if there is one.
        line = next((lines[names[:n]] for n in range(len(names), 0, -1) if names[:n] in lines), 0)
        place = f"{name}:{line}" if line else name
        rows.append((line, f"{place}: {'.'.join(names)}: {_sentence(mistake, names, language)}"))
    return [sentence for _, sentence in sorted(rows, key=lambda row: row[0])]


def _sentence(mistake: Mistake, names: Names, language: str) -> str:
    """One mistake in words. A value that is itself a key of the locale is put into words too."""
    known = locale.texts(language)
    values = {
        key: known[value] if isinstance(value, str) and value in known else value
        for key, value in mistake.values.items()
    }
    suggestion = str(values.pop("suggest", ""))
    told = locale.text(mistake.key, language, **values).rstrip()  # a unit may be empty
    if not suggestion:
        return told
    is_top = "." not in suggestion and len(names) > 1 and suggestion in _BY_NAME
    key = "config.at_top" if is_top else "config.did_you_mean"
    return f"{told}; {locale.text(key, language, name=suggestion)}"
