"""The configuration: what is read, what is refused and in which words."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import settings as module
from connector.errors import ConfigError
from connector.journals.folder.columns import COLUMNS
from connector.pace import RATES
from connector.schedule import parse as parse_schedule
from connector.settings import Secret, Settings, load, missing_secrets, parse
from connector.settings_example import (
    CASES_HEADER,
    example_text,
    init_dir,
    reference_text,
    toml,
)
from connector.settings_table import SECTIONS, TABLE

ROOT = Path(__file__).parent.parent
ENGLISH = 'language = "en"\n'
MINIMAL = """\
[graph]
tenant = "kommune.example"
client_id = "11111111-2222-3333-4444-555555555555"
[sinks.journal]
"""


def problems(text: str, folder: Path, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    """The problems of a text, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        parse(text, folder, environ or {})
    return tuple(told.removeprefix("casethread.toml") for told in caught.value.problems)


def only_problem(text: str, folder: Path) -> str:
    """The one problem of a text that is otherwise complete."""
    (told,) = problems(text, folder)
    return told


# --- what is read ---


def test_defaults_are_enough(tmp_path: Path) -> None:
    """Tenant, client and one sink are all that must be written; paths start from the folder."""
    settings = parse(MINIMAL, tmp_path, {"CASETHREAD_CLIENT_SECRET": "s3cret\n"})

    assert settings.ledger.url == f"sqlite:///{tmp_path.as_posix()}/casethread.db"
    assert settings.ledger.database_file == tmp_path / "casethread.db"
    assert settings.ledger.database_url() == settings.ledger.url
    assert settings.ledger.spool == tmp_path / "spool"
    assert settings.register.path == tmp_path / "journal"
    assert [(sink.name, sink.kind, sink.language) for sink in settings.sinks] == [
        ("journal", "folder", "da")
    ]
    assert settings.sources.chats.schedule == parse_schedule("daily 19:00")
    assert settings.graph.secret.reveal() == "s3cret"
    assert settings.linking.patterns == ("kle", "kle_nf")
    assert settings.log.file is None


def test_file_is_read_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then the environment, then the present folder; a folder means the file in it."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "casethread.toml").write_text(f'organisation = "{name}"\n{MINIMAL}')
    monkeypatch.chdir(tmp_path / "c")
    environ = {"CASETHREAD_CONFIG": str(tmp_path / "b" / "casethread.toml")}

    assert load(tmp_path / "a", environ).organisation == "a"
    assert load(tmp_path / "a" / "casethread.toml", environ).folder == tmp_path / "a"
    assert load(None, environ).organisation == "b"
    assert load(None, {}).organisation == "c"
    assert load(None, {}).file == Path("casethread.toml")
    assert load(None, {}).folder == tmp_path / "c"


def test_notepad_mark_is_tolerated(tmp_path: Path) -> None:
    """A UTF-8 file with a byte order mark and CRLF line ends is read like any other."""
    file = tmp_path / "casethread.toml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())

    assert load(file, {}).graph.tenant == "kommune.example"


def test_all_types_are_read(tmp_path: Path) -> None:
    """Each type arrives as the value the program uses."""
    settings = parse(
        f"{MINIMAL}path = '/srv/journal'\nlanguage = 'en'\n"
        '[ledger]\nurl = "sqlite:////var/lib/ct.db"\n'
        '[linking]\nthread_h = 12\nconfirm = ["phone", "thread/chat"]\n'
        'exclude_users = ["Borgmester@Kommune.example"]\n'
        "[sources.pstn]\nschedule = 'off'\n[graph.rates]\nchats = 0\n",
        tmp_path,
        {},
    )

    assert settings.sinks[0].path == Path("/srv/journal")
    assert settings.sinks[0].language == "en"
    assert settings.ledger.database_file == Path("/var/lib/ct.db")
    assert settings.linking.thread_h == 12.0
    assert isinstance(settings.linking.thread_h, float)
    assert settings.linking.confirm == ("phone", "thread/chat")
    assert settings.linking.exclude_users == ("borgmester@kommune.example",)
    assert settings.sources.pstn.schedule.is_off
    assert settings.graph.rates["chats"] == 0.0


def test_sinks_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """Several sinks are read, each under the name it was given."""
    settings = parse(MINIMAL + '[sinks.a-2]\npath = "two"\n', tmp_path, {})

    assert [sink.name for sink in settings.sinks] == ["journal", "a-2"]


def test_structs_and_table_agree() -> None:
    """Every setting of the table has its field, and every field but the secrets its setting."""
    expected: dict[str, set[str]] = {}
    for setting in TABLE:
        expected.setdefault(setting.section, set()).add(setting.key)
    secrets = {"password", "secret", "token", "proxy_password", "client_secret", "contacts_secret"}
    secrets |= {"mail_password"}
    tables = {
        "ledger": module.Ledger,
        "graph": module.Graph,
        "sources.directory": module.Directory,
        "sources.directory_file": module.DirectoryFile,
        "sources.chats": module.Chats,
        "sources.channels": module.Channels,
        "sources.call_records": module.CallRecords,
        "sources.pstn": module.PhoneRows,
        "sources.direct_routing": module.PhoneRows,
        "sources.voicemail": module.Voicemail,
        "sources.exchange": module.Exchange,
        "sources.lync_cdr": module.LyncCalls,
        "sources.lync_archive": module.LyncArchive,
        "sources.presence": module.Presence,
        "lync": module.Lync,
        "register": module.Register,
        "linking": module.Linking,
        "journal": module.Journal,
        "sinks.*": module.Sink,
        "articles": module.Articles,
        "sites.*": module.Site,
        "web": module.Web,
        "jobs": module.Jobs,
        "log": module.Log,
    }
    for name, struct in tables.items():
        fields = set(struct.__struct_fields__) - secrets - {"rates"}
        fields -= {"name"} if "*" in name else set()
        assert expected.pop(name) == fields, name
    assert expected.pop("graph.rates") == set(RATES)
    assert expected.pop("") <= set(Settings.__struct_fields__)
    assert expected == {}


def test_rates_are_those_of_the_client() -> None:
    """The rates in the table are the ones the HTTP client has for itself."""
    defaults = {s.key: s.default for s in TABLE if s.section == "graph.rates"}

    assert defaults == RATES


def test_every_setting_is_explained() -> None:
    """Names are unique; each setting and table has a text in both languages."""
    names = [setting.name for setting in TABLE]
    assert sorted(set(names)) == sorted(names)
    assert {setting.section for setting in TABLE} == set(SECTIONS)
    for setting in TABLE:
        assert setting.en != setting.da
        assert setting.en[-1] in ".?", setting.name
        assert setting.da[-1] in ".?", setting.name


# --- secrets ---


def test_secrets_come_from_environment_or_file(tmp_path: Path) -> None:
    """A file that is named wins over the variable; its line end is not part of the secret."""
    (tmp_path / "token.secret").write_text("from file\n")
    text = MINIMAL.replace("[sinks", 'auth = "static"\ntoken_file = "token.secret"\n[sinks')
    environ = {"CASETHREAD_TOKEN": "no", "CASETHREAD_LEDGER_PASSWORD": "p@ss/w:rd"}

    settings = parse(text + '[ledger]\nurl = "postgresql://ct@db.example/ct"\n', tmp_path, environ)

    assert settings.graph.token == Secret("from file")
    assert settings.ledger.url == "postgresql://ct@db.example/ct"
    assert settings.ledger.database_file is None
    assert settings.ledger.database_url() == "postgresql+psycopg://ct:p%40ss%2Fw%3Ard@db.example/ct"


def test_no_secret_shows_in_text(tmp_path: Path) -> None:
    """Whatever prints the settings shows no secret."""
    environ = {
        "CASETHREAD_CLIENT_SECRET": "hush-1",
        "CASETHREAD_TOKEN": "hush-2",
        "CASETHREAD_LEDGER_PASSWORD": "hush-3",
        "CASETHREAD_PROXY_PASSWORD": "hush-4",
    }
    text = MINIMAL.replace("[sinks", 'proxy = "http://ct@proxy.example:8080"\n[sinks')
    settings = parse(text, tmp_path, environ)

    assert "hush" not in repr(settings)
    assert "hush" not in f"{settings.graph.secret}"
    assert settings.graph.proxy_url() == "http://ct:hush-4@proxy.example:8080"


def test_missing_secret_is_told_when_it_is_needed(tmp_path: Path) -> None:
    """Reading the settings works without the secret; what needs it gets a sentence to show."""
    settings = parse(ENGLISH + MINIMAL, tmp_path, {})
    static = parse(
        ENGLISH + '[graph]\nauth = "static"\n[sinks.j]\n', tmp_path, {"CASETHREAD_TOKEN": "t"}
    )

    (told,) = missing_secrets(settings)
    assert "CASETHREAD_CLIENT_SECRET" in told
    assert "graph.secret_file" in told
    assert missing_secrets(static) == ()


@pytest.mark.parametrize(
    ("line", "variable", "setting"),
    [
        ('client_secret = "S~1"', "CASETHREAD_CLIENT_SECRET", "graph.secret_file"),
        ('token = "S~1"', "CASETHREAD_TOKEN", "graph.token_file"),
        ('adgangskode = "S~1"', "CASETHREAD_CLIENT_SECRET", "graph.secret_file"),
        ("client_secret = 1234567", "CASETHREAD_CLIENT_SECRET", "graph.secret_file"),
    ],
)
def test_secret_in_the_file_is_refused(
    tmp_path: Path, line: str, variable: str, setting: str
) -> None:
    """A secret written into the file is refused with where it belongs, and is not repeated."""
    told = only_problem(ENGLISH + MINIMAL.replace("[sinks", f"{line}\n[sinks"), tmp_path)

    assert told.startswith(":5: graph.")
    assert variable in told
    assert setting in told
    assert "S~1" not in told
    assert "1234567" not in told


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[ledger]\npassword = "S~1"\n', 7),
        ('[ledger]\nurl = "postgresql://ct:S~1@db/ct"\n', 7),
        ('[ledger]\nurl = "postgresql://ct@db/ct?password=S~1"\n', 7),
        ('[linking]\nextra = { api_key = "S~1" }\n', 7),
        ('[database]\n[database.login]\nkodeord = "S~1"\n', 6),
        ('[ledger]\npassword_file = """-----BEGIN PRIVATE KEY-----\nS~1"""\n', 7),
        ('[log]\nfile = "a\\nS~1"\n', 7),
    ],
)
def test_secret_never_reaches_a_message(tmp_path: Path, text: str, line: int) -> None:
    """In whatever place a secret was written, the message names the line and not the secret."""
    told = problems(f"{ENGLISH}{MINIMAL}{text}", tmp_path)

    assert told[0].startswith(f":{line}: ")
    assert "S~1" not in "".join(told)


def test_secret_in_an_unknown_table_is_told_too(tmp_path: Path) -> None:
    """An unknown table is one mistake; a secret inside it is another, with its own line."""
    told = problems(f'{ENGLISH}{MINIMAL}[database]\nuser = "ct"\nkodeord = "S~1"\n', tmp_path)

    assert told[0] == ":6: database: unknown table"
    assert told[1].startswith(":8: database.kodeord: a secret must not stand in this file")
    assert "CASETHREAD_LEDGER_PASSWORD" in told[1]
    assert len(told) == 2


def test_secret_as_name_of_a_variable_is_refused(tmp_path: Path) -> None:
    """A secret given where the name of a variable is meant is refused and not shown."""
    text = ENGLISH + MINIMAL.replace("[sinks", 'secret_env = "abc~DEF"\n[sinks')
    told = only_problem(text, tmp_path)

    assert ":5: graph.secret_env: must be the name of an environment variable" in told
    assert "abc~DEF" not in told


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe", None])
def test_unusable_secret_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    """A secret's file that is missing, empty, long or no text is a mistake of its line."""
    file = tmp_path / "s.secret"
    if content is not None:
        file.write_bytes(content)
    told = only_problem(MINIMAL.replace("[sinks", 'secret_file = "s.secret"\n[sinks'), tmp_path)

    assert told.startswith(":4: graph.secret_file: ")
    assert str(file) in told


# --- what is refused ---


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    """One reading finds all mistakes, in the order of their lines."""
    text = """\
language = "en"
time_zone = "Europe/Copenhagn"
colour = "red"

[ledger]
quarantine_days = 0
spool = 7

[sources.chat]
enabled = true

[sources]
chats.schedule = "sometimes"   # dotted key
"call_records" = { overlap_h = "48", deep_dayz = 7 }

[sinks.journal]
kind = "paper"
"""
    told = problems(text, tmp_path)

    assert told == (
        ": graph.tenant: is missing; the program cannot sign in without it (or set auth)",
        ": graph.client_id: is missing; the program cannot sign in without it (or set auth)",
        ':2: time_zone: "Europe/Copenhagn" is not a time zone; an example is Europe/Copenhagen',
        ":3: colour: unknown setting",
        ":6: ledger.quarantine_days: 0 is not between 1 and 3650 days",
        ':7: ledger.spool: is a whole number, but must be a path ("...")',
        ":9: sources.chat: unknown table; did you mean sources.chats?",
        ':13: sources.chats.schedule: "sometimes" is not a schedule. Examples: "off", '
        '"every 15 min", "daily 19:00", "mon-fri 07:00-18:00 every 1 min"; an interval is from '
        "5 s to 24 h",
        ":14: sources.call_records.deep_dayz: unknown setting; did you mean "
        "sources.call_records.deep_days?",
        ':14: sources.call_records.overlap_h: is text ("..."), but must be a whole number',
        ':17: sinks.journal.kind: "paper" is not one of: "folder", '
        '"request_tracker", "openzaak", "sbsys", "getorganized", "f2", "nova", "sharepoint"',
    )


def test_problems_are_told_in_the_language_of_the_file(tmp_path: Path) -> None:
    """Danish unless the file says English, also when the file cannot be read as TOML."""
    assert "ukendt indstilling" in problems("colour = 1\n", tmp_path)[-1]
    told = problems(f"{MINIMAL}[ledger]\nquarantine_days = 0\n", tmp_path)
    assert told == (":6: ledger.quarantine_days: 0 er ikke mellem 1 og 3650 dage",)
    assert "er ikke TOML" in problems("colour = \n", tmp_path)[0]
    assert "not TOML" in problems('language = "en"\ncolour = \n', tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = = 2\n", ":2: "),
        ("a = 1\na = 2\n", ":2: "),
        ("[x\n", ":1: "),
        ('a = """\nnever closed\n', ":3: "),
        ('a = "C:\\data"\n', "in single quotes"),
        ("a = " + "[" * 5000 + "\n", ": this is not TOML"),
    ],
)
def test_broken_toml_is_told_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    """A text that is not TOML gives one problem with the line, and a hint for Windows paths."""
    assert expected in only_problem(text + ENGLISH, tmp_path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('[ledgr]\nurl = "x"', "did you mean ledger?"),
        ("[graph.rates]\nchat = 1", "did you mean graph.rates.chats?"),
        ("[log]\ntenant = 'x'", "did you mean graph.tenant?"),
        ("[log]\norganisation = 'x'", "organisation must stand at the top"),
        ("[sinks.b]\npaht = 'x'", "did you mean sinks.b.path?"),
        ("[log]\nzzzzzzzz = 1", "unknown setting"),
        ('["graph.rates"]\nchats = 1', "unknown table"),
        ('"sinks.*.kind" = 1', "unknown setting"),
        ("[sinks.journal.more]\nx = 1", "unknown table"),
        ("[[log]]\nlevel = 'info'", "is a list of texts"),
        ("log = 5", "but must be a table"),
    ],
)
def test_slips_of_the_pen_are_understood(tmp_path: Path, line: str, expected: str) -> None:
    """An unknown name gets the nearest known one, if one is near."""
    text = MINIMAL + line if line.startswith("[") else f"{line}\n{MINIMAL}"

    assert any(expected in told for told in problems(ENGLISH + text, tmp_path))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[graph]\nread_timeout_s = nan", "nan is not between 0.1 and 600 s"),
        ("[graph]\nattempts = 99", "99 is not between 1 and 20"),
        ("[graph.rates]\nchats = -1", "-1 is not between 0 and 10000 a second"),
        ("[graph]\nattempts = true", "is true or false, but must be a whole number"),
        ("[graph]\nattempts = 2.5", "is a number, but must be a whole number"),
        ("[graph]\nbase_url = 'http://graph.example'", "must begin with https://"),
        ("[graph]\nbase_url = 'graph.example'", "is not a web address"),
        ("[graph]\nbase_url = 'https://graph.example:99999'", "is not a web address"),
        ("[graph]\nbase_url = ''", "must not be empty"),
        ("[graph]\ntenant = 'two words'", "must be one word"),
        ("[graph]\nproxy = 'proxy:8080'", "must look like http://host:port"),
        ("[graph]\nproxy = 'http://u:p@proxy:8080'", "CASETHREAD_PROXY_PASSWORD"),
        ("[graph]\nca_bundle = 'none.pem'", "none.pem is not there"),
        ("[graph]\nauth = 'certificate'", 'certificate_file: is missing; auth is "certificate"'),
        ("[graph]\ncertificate_thumbprint = 'abc'", "40 or 64 hexadecimal digits"),
        ("[ledger]\nurl = 'sqlite://'", "must begin with sqlite:///"),
        ("[ledger]\nurl = 'sqlite:///:memory:'", "must begin with sqlite:///"),
        ("[ledger]\nurl = 'mysql://h/d'", "must begin with sqlite:///"),
        ("[ledger]\nurl = 'postgresql://h'", "name a host and a database"),
        ("[ledger]\nbatch_items = 9000", "must not be less than ledger.batch_items (9000)"),
        ('[ledger]\nspool = "C:\\temp"', "cannot hold tabs"),
        ("[ledger]\nspool = '~/spool'", "cannot begin with ~"),
        ("[ledger]\nspool = ''", "must not be empty"),
        ("[ledger]\nspool = 2026-11-20", "is a date or a time"),
        ("[linking]\npatterns = []", "must not be empty"),
        ("[linking]\npatterns = ['KLE!']", '"KLE!" is not the name of a pattern'),
        ("[linking]\npatterns = 'kle'", "must be a list of texts"),
        ("[linking]\npatterns = [1]", "must be a list of texts"),
        ("[linking]\nexclude_users = ['anna']", '"anna" is not a user principal name'),
        ("[sources.channels]\nenabled = true", "so name the teams"),
        ("[sinks.Big]\npath = 'x'", "may hold a-z, 0-9, - and _ only"),
        ("[sinks.other]", "is the same folder as that of sinks.other"),
        ("[log]\nlevel = 'loud'", '"loud" is not one of: "debug", "info", "warning", "error"'),
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, line: str, expected: str) -> None:
    """Each rule says what is wrong and with what line."""
    own = "" if line.startswith("[graph]") else "[graph]"
    start = "tenant = 't'\n" if "tenant" not in line else ""
    text = f"{ENGLISH}{line}\n{own}\n{start}client_id = 'c'\n[sinks.journal]\n"
    told = problems(text, tmp_path)

    assert any(expected in one for one in told), told
    assert len(told) == 1


def test_plain_http_is_for_this_machine_and_for_measuring(tmp_path: Path) -> None:
    """http:// is taken for loopback, and elsewhere only with a static token."""
    loopback = MINIMAL.replace("[sinks", 'base_url = "http://127.0.0.1:8080/v1.0/"\n[sinks')
    elsewhere = '[graph]\nauth = "static"\nbase_url = "http://load.example/v1.0"\n[sinks.journal]\n'

    assert parse(loopback, tmp_path, {}).graph.base_url == "http://127.0.0.1:8080/v1.0"
    assert parse(elsewhere, tmp_path, {}).graph.base_url == "http://load.example/v1.0"


def test_tenant_may_be_part_of_the_authority(tmp_path: Path) -> None:
    """The tenant is added to the authority once only."""
    plain = parse(MINIMAL, tmp_path, {}).graph
    whole = parse(
        MINIMAL.replace("[sinks", 'authority = "https://login.example/kommune.example/"\n[sinks'),
        tmp_path,
        {},
    ).graph

    assert plain.authority_url == "https://login.microsoftonline.com/kommune.example"
    assert whole.authority_url == "https://login.example/kommune.example"


def test_no_sink_is_told(tmp_path: Path) -> None:
    """Without a place to journal in there is nothing to do, and that is said with an example."""
    told = only_problem(ENGLISH + MINIMAL.replace("[sinks.journal]", ""), tmp_path)

    assert "sinks: is missing; name at least one place to journal in" in told


def test_no_file_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a configuration the message names the command that makes one."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match="casethread init DIR"):
        load(None, {})
    with pytest.raises(ConfigError, match=r"none\.toml: filen findes ikke.*casethread init"):
        load(tmp_path / "none.toml", {"LANG": "da_DK.UTF-8"})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a = 1\nb = '\xe6'\n", r":2: byte 0xE6 is not UTF-8"),
        ("a = 1\n".encode("utf-16"), "is UTF-16"),
        (b"#" * 1_000_001, "larger than 1000 kB"),
    ],
)
def test_unreadable_text_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    """A file in another encoding, or one that is no configuration, is told as such."""
    file = tmp_path / "casethread.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match=expected):
        load(file, {})


def test_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    """A casethread.toml that is a folder cannot be read, and no traceback says so."""
    (tmp_path / "casethread.toml").mkdir()

    with pytest.raises(ConfigError, match=r"casethread\.toml"):
        load(tmp_path, {})


names = st.sampled_from([setting.name.replace("*", "x") for setting in TABLE] + ["a", "graph"])
scalars = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=30), st.lists(st.text(max_size=5))
)


@given(st.dictionaries(names, scalars, max_size=6))
def test_any_values_give_settings_or_problems(given_values: dict[str, Any]) -> None:
    """Whatever is written, the outcome is settings or a list of problems, never another error."""
    text = "\n".join(f"{name} = {written(value)}" for name, value in given_values.items())
    told: tuple[str, ...] = ()
    sinks: tuple[object, ...] = ()
    try:
        sinks = parse(text, Path("/srv/casethread"), {}).sinks
    except ConfigError as error:
        told = error.problems

    assert bool(told) != bool(sinks)
    assert all(one.startswith("casethread.toml") for one in told)


def written(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    return toml(value)


# --- the example, the reference and init ---


@pytest.mark.parametrize("language", ["da", "en"])
def test_example_holds_every_setting_with_its_default(tmp_path: Path, language: str) -> None:
    """With its comment signs taken away, the example is a configuration equal to the defaults."""
    given_values = {"graph.tenant": "kommune.example", "graph.client_id": "c", "language": "en"}
    text = example_text(language, given_values)
    plain = "\n".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line
        for line in text.split("\n")
    )
    written_names = set(flat(tomllib.loads(plain)))
    minimal = f'{ENGLISH}[graph]\ntenant = "kommune.example"\nclient_id = "c"\n[sinks.journal]\n'

    given_name = {"sinks.*": "journal", "sites.*": "intranet"}
    names = {s.name.replace("*", given_name.get(s.section, "")) for s in TABLE}
    assert names == written_names
    # A site is none before somebody names one; its folder has no default.
    with_site = f'{minimal}[sites.intranet]\nplace = "pages"\n'
    plain = plain.replace('place = ""', 'place = "pages"')
    assert parse(with_site, tmp_path, {}) == parse(plain, tmp_path, {})
    assert parse(minimal, tmp_path, {}) == parse(text, tmp_path, {})
    assert max(map(len, text.split("\n"))) <= 100


def flat(table: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in table.items():
        name = f"{prefix}{key}"
        found += flat(value, f"{name}.") if isinstance(value, dict) else [name]
    return found


def test_generated_files_are_fresh() -> None:
    """The example and the reference page are what the table gives (else: scripts/generate)."""
    example = (ROOT / "config" / "casethread.example.toml").read_text(encoding="utf-8")
    reference = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")

    assert example == example_text()
    assert reference == reference_text()


def test_example_tells_what_must_be_filled_in(tmp_path: Path) -> None:
    """The example as it stands lacks only what no one else can know."""
    told = problems(example_text("en", {"language": "en"}), tmp_path)

    assert sorted(one.split(": ")[1] for one in told) == ["graph.client_id", "graph.tenant"]
    assert all("is missing" in one for one in told)


def test_init_makes_a_folder_that_can_be_loaded(tmp_path: Path) -> None:
    """What init writes loads, in the language asked for and with the values given."""
    values = {
        "graph.base_url": "http://127.0.0.1:8080/v1.0",
        "graph.auth": "static",
        "sinks.journal.path": "journal",
        "organisation": 'Søby "Kommune" \\ 1',
    }
    made = init_dir(tmp_path / "new", language="en", overrides=values)
    settings = load(tmp_path / "new", {})

    assert [file.name for file in made] == ["cases.csv", ".gitignore", "casethread.toml"]
    assert settings.language == "en"
    assert settings.organisation == values["organisation"]
    assert settings.graph.base_url == values["graph.base_url"]
    assert (tmp_path / "new" / "journal" / "cases.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_header_is_that_of_the_register() -> None:
    """The cases.csv that init makes has the columns the register reads."""
    assert CASES_HEADER.split(",") == list(COLUMNS)


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    """A configuration that is there is left, and so are the cases."""
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "cases.csv").write_text("number\n1\n")
    made = init_dir(tmp_path, language="da")
    before = (tmp_path / "casethread.toml").read_bytes()

    assert [file.name for file in made] == [".gitignore", "casethread.toml"]
    assert (tmp_path / "journal" / "cases.csv").read_text() == "number\n1\n"
    with pytest.raises(ConfigError, match="findes allerede"):
        init_dir(tmp_path, language="da")
    assert (tmp_path / "casethread.toml").read_bytes() == before


def test_init_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    """A folder that cannot be made is told with its name."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="file"):
        init_dir(tmp_path / "file" / "below")


def test_unknown_override_is_an_error() -> None:
    """A demo that sets a setting which does not exist is a mistake in the program."""
    with pytest.raises(KeyError, match=r"graph\.colour"):
        example_text("en", {"graph.colour": "red"})


@given(st.text())
def test_any_text_survives_the_example(text: str) -> None:
    """Whatever text is put into the file is read back from it."""
    assert tomllib.loads(f"k = {toml(text)}") == {"k": text}


def test_import_is_cheap() -> None:
    """Reading the settings loads no foreign package but msgspec, which is there anyway."""
    foreign = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, connector.settings as s, pathlib;"
            f"s.parse({MINIMAL!r}, pathlib.Path('/srv'), {{}});"
            "print(*sorted({m.partition('.')[0] for m in sys.modules"
            " if 'site-packages' in (getattr(sys.modules[m], '__file__', '') or '')}))",
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.split()

    ours = {"_distutils_hack", "_editable_impl_casethread", "msgspec", "typing_extensions"}
    assert set(foreign) <= ours


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Nothing changes the settings once they are read."""
    settings = parse(MINIMAL, tmp_path, {})

    with pytest.raises(AttributeError):
        settings.language = "en"  # type: ignore[misc]
    assert isinstance(settings, msgspec.Struct)


def test_own_servers_need_no_tenant(tmp_path: Path) -> None:
    """A site that asks Microsoft nothing needs no tenant; one source of Graph, and it does."""
    names = ("directory", "chats", "channels", "call_records", "pstn", "direct_routing",
             "voicemail", "presence")  # fmt: skip
    off = "".join(f"[sources.{name}]\nenabled = false\n" for name in names)
    own = '[sources.directory_file]\nenabled = true\npath = "people.csv"\n'
    rest = '[sinks.esdh]\nkind = "folder"\npath = "journal"\n[register]\npath = "journal"\n'

    its = module.parse(off + own + rest, tmp_path, {})
    assert its.sources.directory_file.path == tmp_path / "people.csv"
    with pytest.raises(ConfigError, match=r"graph\.tenant"):
        module.parse((off + own + rest).replace("false", "true", 1), tmp_path, {})
    with pytest.raises(ConfigError, match=r"sources\.directory_file\.path"):
        module.parse(off + own.replace('path = "people.csv"\n', "") + rest, tmp_path, {})


# --- articles ---

SITE_TOO = "[sites.y]\nkind = 'plone'\nurl = 'https://intranet.kommune.example/'\n"
SITE = "[sites.intranet]\nkind = 'plone'\nurl = 'https://intranet.kommune.example'\n"


def test_no_site_is_none(tmp_path: Path) -> None:
    """Without [sites.NAME] nothing is published, and the folder of articles need not be there."""
    settings = parse(MINIMAL, tmp_path, {})

    assert settings.sites == ()
    assert settings.articles.folder == tmp_path / "articles"


def test_a_site_has_its_own_secret(tmp_path: Path) -> None:
    """It comes from the variable with the site's name, and its language from the program's."""
    environ = {"CASETHREAD_SITE_INTRANET_SECRET": "plone's"}

    (site,) = parse(MINIMAL + SITE, tmp_path, environ).sites

    assert (site.name, site.kind, site.audience) == ("intranet", "plone", "staff")
    assert site.secret == Secret("plone's")
    assert site.language == "da"


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        ("[sites.x]\nplace = 'p'\n", "citizen"),
        ("[sites.x]\nkind = 'html'\nplace = 'p'\naudience = 'staff'\n", "staff"),
        (SITE, "staff"),
        (SITE.replace("plone", "sharepoint_pages"), "staff"),
        (f"{SITE}audience = 'citizen'\n", "citizen"),
    ],
)
def test_a_folder_of_pages_is_for_citizens(tmp_path: Path, text: str, audience: str) -> None:
    """Whom a site is for, where the configuration does not say it: a folder, which anybody can
    read, takes nothing for staff; the others know who reads."""
    (site,) = parse(MINIMAL + text, tmp_path, {}).sites

    assert site.audience == audience


def test_units_have_mail_addresses(tmp_path: Path) -> None:
    """Pairs of a unit, which may have any letters, and its address."""
    entry = '["Børn & Unge = boern@kommune.example"]'
    settings = parse(f"{MINIMAL}[articles]\nunit_mails = {entry}\n", tmp_path, {})

    assert settings.articles.unit_mails == (("Børn & Unge", "boern@kommune.example"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sites.x]\n", "sites.x.place: is missing; the pages must be written to a folder"),
        ("[sites.x]\nkind = 'plone'\n", "sites.x.url: is missing"),
        ("[sites.x]\nkind = 'plone'\nurl = 'http://a.example'\n", "must begin with https://"),
        ("[sites.X]\nplace = 'p'\n", "may hold a-z, 0-9, - and _ only"),
        ("[sites.x]\nplace = 'p'\n[sites.y]\nplace = 'p'\n", "is the same place as in sites.x"),
        ("[sites.x]\nplace = 'p'\n[sites.y]\nplace = './p/'\n", "is the same place as in sites.x"),
        (f"{SITE}place = 'v'\n{SITE_TOO}place = '/v/'\n", "the same place as in sites.intranet"),
        ("[sites.x]\nplace = 'p'\npassword = 'hunter2'\n", "CASETHREAD_SITE_X_SECRET"),
        ("[sites.x]\nplaced = 'p'\nplace = 'p'\n", "did you mean sites.x.place?"),
        ("[articles]\nmail_host = 'mail.example'\n", "articles.mail_from: is missing"),
        (
            "[articles]\nmail_host = 'm.example'\nmail_from = 'a@b.example'\nmail_user = 'a'\n"
            "mail_starttls = false\n",
            "would cross the network unprotected",
        ),
        ("[articles]\nlinks_networks = ['intranet']\n", "is not a network such as"),
        ("[articles]\neditor_mail = 'anna'\n", '"anna" is not a mail address'),
        ("[articles]\nunit_mails = ['Jura']\n", "is not a unit and its mail address"),
    ],
)
def test_wrong_sites_are_told(tmp_path: Path, text: str, told: str) -> None:
    """A site that cannot be reached, or that two would publish to, is refused with what to do."""
    with pytest.raises(ConfigError) as caught:
        parse(ENGLISH + MINIMAL + text, tmp_path, {})

    assert any(told in problem for problem in caught.value.problems), caught.value.problems
    assert "hunter2" not in str(caught.value)
