"""Editors change a section on the live page; its audience and the other sections stay."""

from __future__ import annotations

import json
import re

from tests.conftest import EDITOR, INSIDE, PARTS, STAFF

FORM = "/pas/@@edit-sections"


def browser(site, user):
    made = site.session(user)
    made.headers["Accept"] = "text/html"
    return made


def token(page):
    return re.search(r'name="_authenticator" value="([^"]+)"', page)[1]


def test_change(site, publish):
    """An editor's change is a version of its own; who each section is for does not change."""
    publish()
    one = browser(site, EDITOR)
    page = one.get(site.url + FORM, timeout=20).text
    assert INSIDE in page
    before = len(site.get("/pas/@history", "admin").json())
    said = {f"key-{number}": part["key"] for number, part in enumerate(PARTS)}
    said |= {f"html-{number}": part["html"] for number, part in enumerate(PARTS)}
    said["html-1"] = "<h2>Fritagelse</h2><p>Ring først.</p><script>x()</script>"
    answer = one.post(site.url + FORM, data={**said, "_authenticator": token(page)}, timeout=20)
    assert answer.url == f"{site.url}/pas"
    kept = json.loads(site.get("/pas", "admin").json()["parts"])
    assert kept[1] == {
        "key": "gebyr",
        "heading": "Fritagelse",
        "html": "<h2>Fritagelse</h2><p>Ring først.</p>",
        "audience": "staff",
        "unit": "",
    }
    assert [kept[0]["html"], kept[2]["html"]] == [PARTS[0]["html"], PARTS[2]["html"]]
    assert len(site.get("/pas/@history", "admin").json()) == before + 1
    assert "Ring først" not in site.page("/pas")


def test_nothing_changed(site, publish):
    """A form that is sent as it came makes no version, and no edit for anybody to find."""
    publish()
    one = browser(site, EDITOR)
    page = one.get(site.url + FORM, timeout=20).text
    before = site.get("/pas", "admin").json()["modified"], site.get("/pas/@history", "admin").json()
    said = {f"key-{number}": part["key"] for number, part in enumerate(PARTS)}
    for number, part in enumerate(PARTS):  # as TinyMCE sends them
        sent = part["html"].replace("</h2><p>", "</h2>\r\n<p>").replace("ø", "&oslash;")
        said[f"html-{number}"] = sent
    one.post(site.url + FORM, data={**said, "_authenticator": token(page)}, timeout=20)
    after = site.get("/pas", "admin").json()["modified"], site.get("/pas/@history", "admin").json()
    assert after == before


def test_another_form(site, publish):
    """A form of before the sections were moved about changes none of them."""
    path = publish()
    one = browser(site, EDITOR)
    page = one.get(site.url + FORM, timeout=20).text
    site.patch(path, "admin", parts=json.dumps(PARTS[1:]))
    said = {"key-0": "", "html-0": "<p>til alle</p>", "_authenticator": token(page)}
    one.post(site.url + FORM, data=said, timeout=20)
    assert "til alle" not in site.get(path, "admin").text


def test_who(site, publish):
    """Neither visitors nor staff change sections, nor does a page of another site for an editor."""
    publish()
    for user in (None, STAFF):
        answer = browser(site, user).get(site.url + FORM, timeout=20, allow_redirects=False)
        assert answer.status_code in (302, 401)
    said = {"key-0": "", "html-0": "<p>nyt</p>"}
    assert browser(site, EDITOR).post(site.url + FORM, data=said, timeout=20).status_code == 403
    assert "nyt" not in site.get("/pas", "admin").text


def test_locked(site, publish):
    """While another has the article open, nothing is saved, and it is said who."""
    publish()
    one = browser(site, EDITOR)
    page = one.get(site.url + FORM, timeout=20).text
    assert site.post("/pas/@lock", "admin").status_code == 200
    said = {"key-0": "", "html-0": "<p>nyt</p>", "_authenticator": token(page)}
    answer = one.post(site.url + FORM, data=said, timeout=20)
    assert "Somebody else has the article open" in answer.text
    assert "nyt" not in site.get("/pas", "admin").text
