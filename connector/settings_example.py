"""The example configuration and the reference page, made from the table of settings; and `init`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from connector import locale
from connector.errors import ConfigError
from connector.setting import Setting
from connector.settings_table import SCHEDULE_HELP, SECTIONS, TABLE

WIDTH = 100
EXAMPLE_SITE = "intranet"
CASES_HEADER = (
    "number,title,status,opened,closed,caseworker_upn,department,party_name,party_phone,"
    "party_email,kle_subject,kle_facet,access,readers"
)

_ALWAYS_WRITTEN = {
    *("language", "time_zone", "organisation", "graph.tenant", "graph.client_id", "graph.auth"),
    *("register.kind", "register.path", "sinks.*.kind", "sinks.*.path"),
}
_GITIGNORE = """\
# What must not be shared: secrets, and what was read and journaled.
*.secret
*.token
*.pem
*.key
.env
casethread.db*
spool/
journal/
*.log
"""
_WORDS = {
    "da": {"to": "til", "one of": "en af", "example": "Eksempel på opsætning af Casethread."},
    "en": {"to": "to", "one of": "one of", "example": "Example configuration of Casethread."},
}


def example_text(language: str = "en", overrides: Mapping[str, object] | None = None) -> str:
    """A configuration with every setting explained, as TOML.

    `overrides` are values by dotted name ("graph.tenant", "sinks.archive.path"); they are written
    live. Other settings stand as comments that show the default, beginning with "#" and no space,
    so that a later version can change a default. Raises KeyError for a name that is no setting.
    """
    left = dict(overrides or {})
    named: dict[str, dict[str, None]] = {"sinks": {}, "sites": {}}
    for kind, name in (key.split(".")[:2] for key in left if key.split(".")[0] in named):
        named[kind][name] = None
    lines = [*_comment(_WORDS[language]["example"]), *_comment(_of(SECTIONS[""], language))]
    lines += [*_comment(_of(SCHEDULE_HELP, language)), ""]
    for section in dict.fromkeys(setting.section for setting in TABLE):
        for name in _names(section, named):
            lines += _section_lines(section, name, language, left)
    if left:
        raise KeyError(", ".join(left))
    return "\n".join(lines).rstrip() + "\n"


def _names(section: str, named: Mapping[str, Mapping[str, None]]) -> list[str]:
    """What stands for "*" in a heading; "" for a heading without it, or a site that is none yet."""
    if "*" not in section:
        return [""]
    kind = section.partition(".")[0]
    return list(named[kind]) or ["journal" if kind == "sinks" else ""]


def _section_lines(
    section: str, name: str, language: str, left: dict[str, object]
) -> Iterator[str]:
    """One table of the example; the overrides it uses are taken out of `left`."""
    if section:
        yield from _comment(_of(SECTIONS[section], language))
        # An empty table is a site too: as an example it stands as a comment, with all its settings.
        is_example = section == "sites.*" and not name
        yield f"{'#' if is_example else ''}[{section.replace('*', name or EXAMPLE_SITE)}]"
    for setting in TABLE:
        if setting.section == section:
            full = setting.name.replace("*", name)
            is_live = full in left or setting.name in _ALWAYS_WRITTEN
            value = left.pop(full, setting.default)
            yield from _comment(_explanation(setting, language))
            yield f"{'' if is_live else '#'}{setting.key} = {toml(value)}"
    yield ""


def toml(value: object) -> str:
    """A value in TOML. A text with backslashes stands in single quotes where that is possible."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(part) for part in value)}]"
    if isinstance(value, str | Path):
        text = str(value)
        if "\\" in text and "'" not in text and text.isprintable():
            return f"'{text}'"
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _of(texts: tuple[str, str], language: str) -> str:
    return texts[1] if language == "da" else texts[0]


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _explanation(setting: Setting, language: str) -> str:
    """What the setting is for, with its unit and bounds."""
    text = setting.da if language == "da" else setting.en
    bounds = _bounds(setting, language)
    return f"{text} ({bounds})" if bounds else text


def _bounds(setting: Setting, language: str) -> str:
    """What values are allowed, in a few words; empty when the type says it all."""
    words = _WORDS[language]
    if setting.choices:
        return f"{words['one of']} {', '.join(toml(choice) for choice in setting.choices)}"
    unit = f" {locale.text(f'unit.{setting.unit}', language)}" if setting.unit else ""
    if setting.low is None or setting.high is None:
        return unit.strip()
    return f"{setting.low:g} {words['to']} {setting.high:g}{unit}"


def reference_text() -> str:
    """docs/reference/settings.md: every table and setting, in English."""
    lines = [
        "<!-- Made by scripts/generate from connector/settings_table.py. Do not edit. -->",
        "# Settings",
        "",
        "The configuration is one TOML file: the one given with `--config`, else the one that",
        "`CASETHREAD_CONFIG` names, else `casethread.toml` in the present folder.",
        f"{SECTIONS[''][0]}",
        "All mistakes in it are reported at once, each with its line.",
        "",
        SCHEDULE_HELP[0].replace('"', "`"),
        "A local time that the change to summer time skips runs an hour later; one that the change",
        "back repeats runs once. The end of a window is left out.",
        "",
        *_secrets_lines(),
    ]
    for section in dict.fromkeys(setting.section for setting in TABLE):
        heading = f"`[{section.replace('*', 'NAME')}]`" if section else "Top of the file"
        lines += [f"## {heading}", ""]
        lines += [SECTIONS[section][0], ""] if section else []
        lines += ["| setting | type | default | allowed | what and why |", "|---|---|---|---|---|"]
        lines += [_reference_row(setting) for setting in TABLE if setting.section == section]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _secrets_lines() -> list[str]:
    return [
        "## Secrets",
        "",
        "A secret in the file is refused. It comes from a file that holds it alone on one line, or",
        "else from an environment variable:",
        "",
        "| secret | variable | or file |",
        "|---|---|---|",
        "| client secret | `CASETHREAD_CLIENT_SECRET` (or the one in `graph.secret_env`) "
        "| `graph.secret_file` |",
        "| ready token | `CASETHREAD_TOKEN` (or the one in `graph.token_env`) "
        "| `graph.token_file` |",
        "| private key | | `graph.certificate_file` |",
        "| database password | `CASETHREAD_LEDGER_PASSWORD` | `ledger.password_file` |",
        "| Exchange service account's password | `CASETHREAD_EXCHANGE_PASSWORD` "
        "| `sources.exchange.password_file` |",
        "| proxy password | `CASETHREAD_PROXY_PASSWORD` | |",
        "| mail server's password | `CASETHREAD_MAIL_PASSWORD` | `articles.mail_password_file` |",
        "| a sink's secret | `CASETHREAD_SINK_NAME_SECRET` | `sinks.NAME.secret_file` |",
        "| a site's secret | `CASETHREAD_SITE_NAME_SECRET` | `sites.NAME.secret_file` |",
        "",
    ]


def _reference_row(setting: Setting) -> str:
    cells = (
        f"`{setting.key}`",
        setting.type,
        f"`{toml(setting.default)}`",
        _bounds(setting, "en").replace("|", "\\|"),
        setting.en.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


def init_dir(
    folder: Path, *, language: str = "da", overrides: Mapping[str, object] | None = None
) -> tuple[Path, ...]:
    """Make a folder to run in: casethread.toml, the register's cases.csv (header only), .gitignore.

    Gives the files made. A cases.csv or .gitignore that is there already is left as it is. The
    configuration is written last, so an attempt that failed can be repeated. Raises ConfigError
    when there is a casethread.toml already, or the folder cannot be written.
    """
    chosen = {"language": language, **(overrides or {})}
    config = folder / "casethread.toml"
    if config.exists():
        raise ConfigError([locale.text("config.exists", language, path=config)])
    register = folder / str(chosen.get("register.path", "journal"))
    made = []
    for file, text in (
        (register / "cases.csv", CASES_HEADER + "\n"),
        (folder / ".gitignore", _GITIGNORE),
        (config, example_text(language, chosen)),
    ):
        if _write_new(file, text, language):
            made.append(file)
    return tuple(made)


def _write_new(file: Path, text: str, language: str) -> bool:
    """Write a file that is not there yet; False when it is. Raises ConfigError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as error:
        if file.is_file():
            return False
        told = locale.text("config.cannot_write", language, path=file, reason=error.strerror)
        raise ConfigError([told]) from error
    except OSError as error:
        told = locale.text("config.cannot_write", language, path=file, reason=error.strerror)
        raise ConfigError([told]) from error
    return True
