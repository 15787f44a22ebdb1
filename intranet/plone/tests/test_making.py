"""Articles made at once are what they are when they are made one by one; all of them, or none."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
import transaction
from plone import api
from Products.CMFCore.indexing import getQueue
from tests.conftest import EDITOR, PARTS, STAFF

OF_ITSELF = {  # what two articles differ in by their ids and the second in which they are made
    "id", "getId", "UID", "path", "created", "modified", "Date", "CreationDate", "effective",
    "ModificationDate", "EffectiveDate", "effectiveRange", "article_id", "sortable_title",
    "cmf_uid", "getIcon", "in_reply_to", "start", "end", "SearchableText", "getObjPositionInParent",
}  # fmt: skip


def asked(name: str, move: str = "publish", **fields: object) -> dict[str, object]:
    """One article as the connector asks for it."""
    said = {
        "id": name, "title": "Pas til rejsen", "article_id": name, "article_digest": "d l",
        "parts": json.dumps(fields.pop("parts", PARTS)), "effective": "2026-01-05T08:00:00+00:00",
        "changeNote": f"Casethread {name}", "language": "en", "subjects": ["rejse"],
    }  # fmt: skip
    return {"name": uuid4().hex, "move": move, "article": {**said, **fields}}


def made(site, *articles, user=EDITOR):
    return site.post("/@casethread-articles", user, articles=list(articles))


def known(portal, name: str) -> dict[str, object]:
    """Everything that the catalog knows of an article."""
    catalog = api.portal.get_tool("portal_catalog")
    rid = catalog.getrid(f"/plone/{name}")
    assert rid is not None
    found = {**catalog.getMetadataForRID(rid), **catalog.getIndexDataForRID(rid)}
    return {
        key: sorted(value) if isinstance(value, list) else value
        for key, value in found.items()
        if key not in OF_ITSELF
    }


@pytest.mark.parametrize("move", ["publish", "publish_internally"])
def test_the_same_as_one_by_one(site, functional_portal, move):
    """Fields, catalog, rights, workflow and version are those of an article that was POSTed and
    then moved on; and it is told as a GET tells it."""
    one = asked("ene", move)
    assert site.post("", EDITOR, **one["article"], **{"@type": "KnowledgeArticle"}).ok
    assert site.post(f"/ene/@workflow/{move}", EDITOR).ok
    answer = made(site, asked("to", move), asked("tre", move))
    assert answer.status_code == 200, answer.text
    transaction.begin()

    alone = functional_portal["ene"]
    for name in ("to", "tre"):
        both = functional_portal[name]
        assert known(functional_portal, name) == known(functional_portal, "ene")
        assert both._casethread["parts"] == alone._casethread["parts"]
        assert both.get_local_roles() == alone.get_local_roles()
        assert moves(both) == moves(alone)
        (version,) = [e for e in history(site, name) if e["type"] == "versioning"]
        assert version["comments"] == f"Casethread {name}"
    for told in answer.json()["items"]:
        whole = site.get(f"/{told['id']}", EDITOR).json()
        assert {key: whole[key] for key in told} == told


def moves(article):
    """Its way through the workflow, without the times."""
    (states,) = article.workflow_history.values()
    return [{**state, "time": None} for state in states]


def history(site, name):
    return site.get(f"/{name}/@history", EDITOR).json()


def test_found_at_once(site):
    """The next request finds them, by text and in the folder; the queue of the catalog works as it
    did."""
    assert made(site, asked("a"), asked("b"), asked("c")).ok
    found = site.get("/@search", portal_type="KnowledgeArticle", SearchableText="hvalros").json()
    assert sorted(each["@id"].rpartition("/")[2] for each in found["items"]) == ["a", "b", "c"]
    assert "process" not in vars(getQueue())


def test_links_in_a_circle(site):
    """Two articles that link to each other do so from the first moment."""
    first, second = asked("a"), asked("b")
    for one, other in ((first, second), (second, first)):
        html = f'<p><a href="resolveuid/{other["name"]}#gebyr">se</a></p>'
        one["article"]["parts"] = json.dumps([{"key": "", "html": html}])
    a, b = made(site, first, second).json()["items"]

    assert f"resolveuid/{b['UID']}#gebyr" in a["parts"]
    assert f"resolveuid/{a['UID']}#gebyr" in b["parts"]
    assert a["UID"] not in (first["name"], second["name"])
    assert f'href="{site.url}/b#gebyr"' in site.page("/a")


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (asked("taget"), 400),
        (asked("@@view"), 400),
        (asked("d", move="haps"), 400),
        (asked("d", audience="staff"), 400),
        (asked("d", audience="alle"), 400),
        (asked("d", review_by="snart"), 400),
        (asked("d", parts=[{"key": 1}]), 400),
        (asked("d", title=None), 400),
        ({**asked("d"), "name": "x"}, 400),
        ({**asked("d"), "article": "x"}, 400),
        ({**asked("d"), "move": ""}, 400),
    ],
)
def test_all_or_none(site, publish, wrong, status):
    """What is refused of one is the answer, and none of the others is there, nor in the catalog."""
    publish("taget")
    answer = made(site, asked("a"), wrong, asked("c"))
    assert answer.status_code == status, answer.text
    for name in "acd":
        assert site.get(f"/{name}", "admin").status_code == 404
    found = site.get("/@search", "admin", portal_type="KnowledgeArticle").json()
    assert found["items_total"] == 1
    assert made(site, asked("a"), asked("c")).status_code == 200


@pytest.mark.parametrize("articles", [None, [], {}, [asked(f"a{n}") for n in range(51)]])
def test_no_list(site, articles):
    """What is no list of articles, or is too long, is refused."""
    assert site.post("/@casethread-articles", EDITOR, articles=articles).status_code == 400


def test_rights(site, functional_portal):
    """Nobody makes an article here who may not add one, or who may not show it."""
    assert made(site, asked("a"), user=None).status_code == 401
    assert made(site, asked("a"), user=STAFF).status_code == 401
    with api.env.adopt_roles(["Manager"]):
        api.portal.get_tool("portal_workflow").casethread_article_workflow.transitions[
            "publish"
        ].guard.permissions = ("Manage portal",)
    transaction.commit()
    assert made(site, asked("a")).status_code == 400
    assert site.get("/a", "admin").status_code == 404


def test_a_place_that_takes_none(site, functional_portal):
    """Where the folder does not take the type, nobody makes one."""
    folder = site.post("", "admin", **{"@type": "Folder", "id": "mappe", "title": "Mappe"})
    assert folder.ok
    functional_portal.portal_types.Folder.filter_content_types = True
    functional_portal.portal_types.Folder.allowed_content_types = ("Document",)
    transaction.commit()
    answer = site.post("/mappe/@casethread-articles", EDITOR, articles=[asked("a")])
    assert answer.status_code == 403, answer.text


def test_script_is_taken_out(site):
    """The text is made safe as in a POST of one."""
    parts = [{"key": "", "html": "<p onclick='x()'>Hej</p><script>alert(1)</script>"}]
    (told,) = made(site, asked("a", parts=parts)).json()["items"]
    assert "script" not in told["parts"]
    assert "onclick" not in told["parts"]
