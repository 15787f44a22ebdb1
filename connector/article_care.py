"""Articles kept true, as work: links that lead out are visited, and people are reminded.

The command line and the schedule both come through here, as for publishing (article_work.py).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.articles.mail import MailAccess
from connector.articles.outside_links import Checked, check_links, found_in, link_mistakes
from connector.articles.reminder_letters import Style
from connector.articles.reminders import Ladder
from connector.articles.reminding import Planned, Post, Reminded, planned, remind
from connector.errors import ConfigError
from connector.locale import text
from connector.progress import Progress

if TYPE_CHECKING:
    from connector.article_work import ArticleLine
    from connector.articles.link_visit import Visitor
    from connector.articles.mistakes import Mistake
    from connector.settings import Settings

LINKS, REMINDERS = "article_links", "article_reminders"


def check_all_links(
    line: ArticleLine,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Checked:
    """Visit every link that leads out of the articles. Raises ConfigError for a missing folder."""
    program = line.program
    return check_links(
        found_in(line.library),
        make_visitor(line.settings, should_stop).visit,
        program.ledger,
        program.clock(),
        progress=progress,
        should_stop=should_stop,
    )


def link_warnings(line: ArticleLine) -> tuple[Mistake, ...]:
    """What the nights of checking found wrong with links, at file and line."""
    from connector.ledger.outside_links import outside_links

    with line.program.ledger.read() as connection:
        known = outside_links(connection)
    return tuple(link_mistakes(found_in(line.library), known))


def make_visitor(settings: Settings, should_stop: Callable[[], bool]) -> Visitor:
    """Who visits links, as the settings say. Raises ConfigError for certificates it cannot read."""
    import ssl

    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    from connector.articles.link_host import Caller
    from connector.articles.link_visit import Visitor, patient

    its = settings.articles
    tls = ssl.create_default_context()  # what the system trusts
    try:
        for file in (DEFAULT_CA_BUNDLE_PATH, settings.graph.ca_bundle):
            if file is not None:
                tls.load_verify_locations(file)
    except OSError as error:
        raise ConfigError([f"graph.ca_bundle: {settings.graph.ca_bundle}: {error}"]) from error
    caller = Caller(
        timeout_s=its.links_timeout_s,
        deadline_s=3 * its.links_timeout_s,
        allowed=[ipaddress.ip_network(each) for each in its.links_networks],
        tls=tls,
        proxy=settings.graph.proxy_url(),
    )
    return Visitor(caller, pause_s=its.links_pause_s, sleep=patient(should_stop))


def plan_reminders(line: ArticleLine) -> Planned:
    """The letters of today. Raises ConfigError for a missing folder."""
    program = line.program
    return planned(
        line.library.articles.values(),
        program.ledger,
        line.owners,
        ladder(line.settings),
        program.clock(),
        program.zone,
    )


def send_reminders(line: ArticleLine, progress: Progress | None = None) -> Reminded:
    """Write and send the letters of today, each recorded as soon as it is out."""
    program, plan = line.program, plan_reminders(line)
    return remind(plan, program.ledger, make_post(line), program.clock(), program.zone, progress)


def ladder(settings: Settings) -> Ladder:
    """Who is reminded when, and where they read."""
    its = settings.articles
    return Ladder(
        before_days=its.remind_before_days,
        unit_after_days=its.remind_unit_after_days,
        editor_after_days=its.remind_editor_after_days,
        unit_mails=dict(its.unit_mails),
        editor_mail=its.editor_mail,
    )


def make_post(line: ArticleLine) -> Post:
    """Where reminders go, with the addresses where people read each article now.

    Raises ConfigError when the mail server's password is missing.
    """
    its = line.settings.articles
    return Post(
        style=Style(
            language=line.settings.language,
            sender=its.mail_from or its.editor_mail or "casethread@localhost",
            pages=_pages(line),
            root=line.settings.folder,
        ),
        folder=its.mail_folder,
        access=mail_access(line.settings) if its.mail_host else None,
    )


def mail_access(settings: Settings) -> MailAccess:
    """How the mail server is reached. Raises ConfigError when its password is missing."""
    its = settings.articles
    if its.mail_user and not its.mail_password:
        name, variable = "articles.mail_password_file", "CASETHREAD_MAIL_PASSWORD"
        told = text("config.secret_missing", settings.language, variable=variable, setting=name)
        raise ConfigError([told])
    return MailAccess(
        host=its.mail_host,
        port=its.mail_port,
        has_starttls=its.mail_starttls,
        user=its.mail_user,
        password=its.mail_password.reveal(),
        ca_bundle=str(its.mail_ca_bundle or ""),
    )


def _pages(line: ArticleLine) -> dict[str, list[str]]:
    """Every article that is read somewhere -> the addresses, a site each.

    A folder on this machine whose web address the settings do not tell adds none.
    """
    from connector.ledger.article_pages import kept_pages

    found: dict[str, list[str]] = {}
    for site in line.settings.sites:
        for page in kept_pages(line.program.ledger, site.name).values():
            if page.is_live:
                urls = found.setdefault(page.article, [])
                if urlsplit(page.url).scheme in ("http", "https"):
                    urls.append(page.url)
    return found
