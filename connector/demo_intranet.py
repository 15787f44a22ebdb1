"""The demo's intranet: a real Plone with our add-on, articles of the municipality, and a citizens'
site in a folder.

Plone is a program of its own (and of another licence), so it comes as a command that serves one and
prints `READY http://localhost:PORT/intranet`; `make demo INTRANET=plone` installs and names it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector import demo_portal
from connector.errors import ConfigError, Unavailable
from connector.model import Person

if TYPE_CHECKING:
    from connector.commands import Session
    from connector.commands.syncing import Stop

SITE = "intranet"  # its name in the configuration, and of its key at the portal
WEBSITE = "borger"  # the citizens' site, a folder
PLACE = "viden"
ACCOUNT = "casethread"  # may write in PLACE and nothing else
SECRET = "CASETHREAD_SITE_INTRANET_SECRET"  # noqa: S105  the name of a variable
KEY_FILE = "CASETHREAD_INTRANET_KEY_FILE"
PORT = 8081  # if it is free
_READY = re.compile(r"^READY (http://\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intranet:
    """Where the demo's intranet will be, and the passwords of this one demo."""

    folder: Path
    port: int
    password: str  # of everybody in it: it answers on this machine alone

    @property
    def url(self) -> str:
        """Not 127.0.0.1: Plone shows its pages without their theme there."""
        return f"http://localhost:{self.port}/intranet"

    @property
    def website(self) -> Path:
        """The citizens' site."""
        return self.folder / WEBSITE

    @property
    def key(self) -> Path:
        """The private key with which the intranet says who asks."""
        return self.folder / "plone" / "intranet-key.pem"


def prepare(folder: Path) -> Intranet:
    """Articles, keys and passwords in the demo's folder. Raises ConfigError."""
    from datetime import date

    from connector.sandbox.article_files import write_articles

    its = Intranet(
        folder=folder, port=demo_portal.free_port(PORT), password=secrets.token_urlsafe(9)
    )
    try:
        write_articles(folder / "articles", date.today())  # noqa: DTZ011  the reader's day
        its.key.parent.mkdir(parents=True, exist_ok=True)
        its.website.mkdir(exist_ok=True)
        _write_keys(its.key, folder / "intranet-keys" / f"{SITE}.pem")
    except OSError as error:
        raise ConfigError([f"{error.filename or folder}: {error.strerror}"]) from error
    return its


def settings(its: Intranet) -> Mapping[str, object]:
    """[articles], [sites.*] and what the portal must know of the intranet, by dotted name."""
    return {
        "articles.folder": "articles/local",
        "articles.shared": "articles/shared",
        "articles.schedule": "every 1 min",
        "articles.editor_mail": "redaktion@nordvang.example",  # reminders are files: no mail server
        f"sites.{SITE}.kind": "plone",
        f"sites.{SITE}.language": "da",  # of the municipality, whatever the operator's is
        f"sites.{SITE}.url": its.url,
        f"sites.{SITE}.place": PLACE,
        f"sites.{SITE}.audience": "staff",
        f"sites.{SITE}.user": ACCOUNT,
        f"sites.{WEBSITE}.kind": "html",
        f"sites.{WEBSITE}.language": "da",
        f"sites.{WEBSITE}.place": WEBSITE,
        f"sites.{WEBSITE}.audience": "citizen",
        "web.intranet_keys": "intranet-keys",
        "web.intranet_origins": [f"http://localhost:{its.port}"],
    }


@contextlib.contextmanager
def plone(there: Session, command: str, its: Intranet, people: Sequence[Person]) -> Iterator[None]:
    """Plone with these people, until the context ends. Raises Unavailable when it does not start.

    It is built anew, which takes about ten seconds.
    """
    place = its.folder / "plone"
    site = place / "site.json"
    site.write_text(json.dumps(_site(there, its, people)), encoding="utf-8")
    site.chmod(0o600)  # the passwords of this demo
    words = [*shlex.split(command), str(place / "site"), "--site", str(site)]
    log = place / "plone.log"
    with log.open("w", encoding="utf-8") as errors:
        try:
            child = subprocess.Popen(  # noqa: S603  what the operator named
                [*words, "--port", str(its.port), "--language", "da"],
                stdout=errors,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C at the terminal is for the connector
                # Zope does not start with a locale that is not installed, and needs none.
                env={**os.environ, KEY_FILE: str(its.key), "LC_ALL": "C.UTF-8"},
            )
        except OSError as error:
            raise ConfigError([there.text("demo.no_command", command=words[0])]) from error
    try:
        _wait(there, child, log)
        yield
    finally:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=20)
        child.kill()


def _wait(there: Session, child: subprocess.Popen[bytes], log: Path) -> None:
    """Until it says that it is ready."""
    for _ in range(demo_portal.START_S * 10):
        told = log.read_text(encoding="utf-8", errors="replace")
        if _READY.search(told):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=0.1)
            break
    lines = told.strip().splitlines() or [str(log)]
    raise Unavailable(there.text("demo.no_intranet", reason=lines[-1]), system=SITE)


def _site(there: Session, its: Intranet, people: Sequence[Person]) -> Mapping[str, object]:
    """What serve.py is to furnish: departments as groups, and those who may sign in."""
    units = sorted({each.department for each in people if each.department})
    groups = {unit: re.sub(r"[^a-z0-9]+", "-", _plain(unit)).strip("-") for unit in units}
    return {
        "admin_password": its.password,
        "groups": [{"id": name, "title": unit} for unit, name in groups.items()],
        "people": [
            {"id": ACCOUNT, "password": its.password, "name": "Casethread"},
            *(
                {
                    "id": each.upn,
                    "password": its.password,
                    "name": each.name,
                    "mail": each.mail,
                    "groups": [groups[each.department]] if each.department else [],
                }
                for each in people
            ),
        ],
        "folders": [
            {
                "id": PLACE,
                "title": "Viden",
                "roles": {ACCOUNT: ["Contributor", "Editor", "Reviewer", "Reader"]},
            }
        ],
        "registry": {
            "plone.available_languages": ["da", "en"],
            "casethread.plone.connector_url": there.settings.web.url,
            "casethread.plone.intranet_name": SITE,
        },
    }


def _plain(text: str) -> str:
    folded = text.casefold()
    for letter, plain in (("æ", "ae"), ("ø", "oe"), ("å", "aa")):
        folded = folded.replace(letter, plain)
    return folded


def _write_keys(private: Path, public: Path) -> None:
    """A new Ed25519 pair: the intranet signs with one, the portal knows the other."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private.write_bytes(
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )
    private.chmod(0o600)
    public.parent.mkdir(parents=True, exist_ok=True)
    public.write_bytes(
        key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    )


def publish(there: Session, stop: Stop) -> bool:
    """Publish the articles on both sites with a progress bar; whether both were reached.

    That a few articles are blocked is as it should be: they are wrong on purpose.
    """
    from connector import screen
    from connector.article_work import ArticleLine
    from connector.commands.articles_line import _tell_result as tell_result

    screen.say()
    screen.say(there.text("demo.publishing"))
    shown = screen.progress(there.language)
    try:
        results = list(ArticleLine(there.program).publish(progress=shown, should_stop=stop))
    finally:
        shown.close()
    for each in results:
        tell_result(there, each)
    return not any(each.stopped for each in results)


def places(there: Session, its: Intranet, people: Sequence[Person]) -> list[str]:
    """Where to look, and how to sign in to Plone."""
    names = ", ".join(each.upn for each in people[:3])
    return [
        "",
        there.text("demo.intranet", url=f"{its.url}/{PLACE}"),
        there.text("demo.intranet_sign_in", names=names, password=its.password),
        there.text("demo.website", path=its.website / "index.html"),
        there.text("demo.gaps", url=f"{there.settings.web.url}/articles/gaps"),
    ]
