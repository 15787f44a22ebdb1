"""The pages that the OpenID provider shows: choose who you are, what went wrong, signed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from connector.sandbox.openid_users import DemoUser
from connector.sandbox.protocol import Response

STYLE = """
body { font: 1.0625rem/1.5 system-ui, sans-serif; margin: 0; color: #1b1b1b; background: #f4f4f4; }
main { max-width: 34rem; margin: 2rem auto; padding: 1.5rem; background: #fff; }
h1 { font-size: 1.5rem; margin-top: 0; }
ul { list-style: none; padding: 0; }
li { margin: 0 0 .75rem; }
button { width: 100%; padding: .75rem 1rem; text-align: left; font: inherit; cursor: pointer;
  color: #1b1b1b; background: #fff; border: 2px solid #0b5394; border-radius: .25rem; }
button:hover { background: #e8f0f8; }
button:focus-visible { outline: 3px solid #b45309; outline-offset: 2px; }
button strong, button span { display: block; }
code { overflow-wrap: anywhere; }
@media (max-width: 26rem) { main { margin: 0; } }
"""
WORDS: Mapping[str, Mapping[str, str]] = {
    "da": {
        "title": "Log på",
        "lead": "Det er en opdigtet kommune, og alle er opdigtede. Vælg, hvem du vil være.",
        "cancel": "Fortryd",
        "wrong": "Der kan ikke logges på",
        "wrong.lead": "Programmet, du kom fra, er sat forkert op. Giv denne besked videre:",
        "out": "Du er logget af",
        "out.lead": "Luk vinduet, eller gå tilbage til det program, du kom fra.",
        "CaseWorker": "sagsbehandler",
        "RecordsManager": "arkivmedarbejder",
        "Editor": "redaktør",
        "Operator": "driftsansvarlig",
    },
    "en": {
        "title": "Sign in",
        "lead": "The municipality is made up, and so is everybody in it. Choose who to be.",
        "cancel": "Cancel",
        "wrong": "Signing in is not possible",
        "wrong.lead": "The program you came from is not set up right. Pass this message on:",
        "out": "You are signed out",
        "out.lead": "Close the window, or go back to the program you came from.",
        "CaseWorker": "case worker",
        "RecordsManager": "records manager",
        "Editor": "editor",
        "Operator": "operator",
    },
}


def language(ui_locales: str, accept_language: str) -> str:
    """ "da" or "en": the first that is asked for, `ui_locales` before the browser; else "da"."""
    asked = [*ui_locales.split(), *(each.partition(";")[0] for each in accept_language.split(","))]
    known = (each.strip().lower().partition("-")[0] for each in asked)
    return next((each for each in known if each in WORDS), "da")


def choose(users: Sequence[DemoUser], lang: str, style: str) -> Response:
    """The page on which one click signs in: a form with a button for each user."""
    words = WORDS[lang]
    rows = "".join(
        f'<li><form method="post"><button name="user" value="{escape(user.oid)}">'
        f"<strong>{escape(user.name)}</strong> <span>{escape(_about(user, words))}</span>"
        "</button></form></li>"
        for user in users
    )
    cancel = (
        f'<form method="post"><button name="cancel" value="yes">{words["cancel"]}</button></form>'
    )
    return _page(words["title"], f"<p>{words['lead']}</p><ul>{rows}</ul>{cancel}", lang, style)


def wrong(message: str, lang: str, style: str, status: int = 400) -> Response:
    """An error that must not be told to the address that was given: that address is the error."""
    words = WORDS[lang]
    body = f"<p>{words['wrong.lead']}</p><p><code>{escape(message)}</code></p>"
    return _page(words["wrong"], body, lang, style, status)


def signed_out(lang: str, style: str) -> Response:
    """What is shown when there is nowhere to go back to."""
    words = WORDS[lang]
    return _page(words["out"], f"<p>{words['out.lead']}</p>", lang, style)


def _about(user: DemoUser, words: Mapping[str, str]) -> str:
    return ", ".join((*(words.get(role, role) for role in user.roles), user.department))


def _page(title: str, body: str, lang: str, style: str, status: int = 200) -> Response:
    text = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="stylesheet" href="{escape(style)}"></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        # Without form-action: Chromium holds the redirect after a form to it too.
        "content-security-policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
    }
    return Response(status=status, headers=headers, body=text.encode())
