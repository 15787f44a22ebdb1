"""Sections for staff and for a unit never reach visitors, whichever way they ask."""

from __future__ import annotations

import base64
import json

from tests.conftest import EDITOR, INSIDE, NEIGHBOUR, OPEN, PARTS, STAFF, UNITS

WAYS = [
    "/pas",
    "/pas/view",
    "/pas/@@view",
    "/pas/parts",
    "/pas/_casethread",
    "/pas/article_staff_text",
    "/pas/@@casethread.plone",
    "/pas/@@plone.app.contenttypes/parts",
    "/pas/RSS",
    "/pas/atom.xml",
    "/pas/manage_DAVget",
    "/pas/manage_FTPget",
    "/pas/document_src",
    "/pas/document_view",
    "/pas/listing_view",
    "/pas/full_view",
    "/pas/full_view_item",
    "/pas/item_view",
    "/pas/edit",
    "/pas/@@historyview",
    "/pas/@@versions_history_form",
    "/pas/@@version-view",
    "/pas/@@history",
    "/pas/@@cmfeditions_version",
    "/pas/@@export",
    "/pas/@@sharing",
    "/full_view",
    "/listing_view",
    "/summary_view",
    "/tabular_view",
    "/RSS",
    "/rss.xml",
    "/atom.xml",
    "/itunes.xml",
    "/search_rss?SearchableText=pas*",
    "/search_rss?SearchableText={inside}",
    "/@@search?SearchableText={inside}",
    "/@@updated_search?SearchableText={inside}",
    "/@@ajax-search?SearchableText={inside}",
    "/@@livesearch_reply?q={inside}",
    "/sitemap",
    "/sitemap.xml.gz",
    "/@@articles?text={inside}",
    "/portal_catalog/Indexes/article_staff_text",
    "/portal_catalog/Indexes/article_staff_text/manage_main",
    "/portal_catalog/Indexes/article_staff_text/getEntryForObject?documentId=1",
    "/portal_catalog/uniqueValuesFor?name=article_staff_text",
    "/portal_historiesstorage",
    "/portal_repository/retrieve",
]  # fmt: skip

REST = [
    "/pas",
    "/pas?expand=*",
    "/pas?fullobjects=1",
    "/pas?version=0",
    "/pas/@history",
    "/pas/@history/0",
    "/pas/@types/KnowledgeArticle",
    "/pas/@export",
    "/@search?fullobjects=1",
    "/@search?metadata_fields=_all",
    "/@search?metadata_fields=parts&metadata_fields=_casethread&metadata_fields=article_staff_text",
    "/@search?SearchableText={inside}",
    "/@search?article_staff_text={inside}",
    "/@search?article_staff_text=*",
    "/@search?article_staff_text={inside}&fullobjects=1",
    "/@search?article_staff_text.query={inside}",
    "/@search?article_staff_text={inside} OR pas",
    "/@search?SearchableText={units}",
    "/@articles?text={inside}",
    "/@articles?text={units}",
    "/@navigation?expand.navigation.depth=4",
    "/@sitemap",
]


def filled(way: str) -> str:
    return way.format(inside=INSIDE, units=UNITS)


def leaked(text: str) -> set[str]:
    """The secret words that the text tells, beside those that the question itself named."""
    return {word for word in (INSIDE, UNITS) if word in text}


def test_pages(site, publish):
    """A visitor is told no word of an inside section by any page, feed, version or listing."""
    publish()
    leaks, answered = {}, 0
    for way in WAYS:
        answer = site.get(filled(way), headers={"Accept": "text/html,*/*"})
        text = answer.text
        if "{" in way:  # the page may repeat the question, not say that it found something
            text = text.replace(filled(way).split("=")[-1], "")
            if "Pas til rejsen" in text and answer.status_code == 200:
                leaks[way] = "found"
        if leaked(text):
            leaks[way] = leaked(text)
        answered += answer.status_code == 200
    assert leaks == {}
    assert answered > 15, "the ways are not there any more"


def test_rest(site, publish):
    """A visitor is told no word of an inside section by REST, and no article is found by one."""
    publish()
    leaks, answered = {}, 0
    for way in REST:
        answer = site.get(filled(way))
        said = answer.json() if answer.text else {}
        said.pop("@id", None)  # repeats the question
        said.pop("batching", None)
        if leaked(json.dumps(said, ensure_ascii=False)):
            leaks[way] = leaked(json.dumps(said))
        if "{" in way and said.get("items"):
            leaks[way] = "found"
        answered += answer.status_code == 200
    assert leaks == {}
    assert answered > 12, "the ways are not there any more"


def test_querystring(site, publish):
    """A collection's question over the index of staff sections finds a visitor nothing."""
    publish()
    query = [
        {
            "i": "article_staff_text",
            "o": "plone.app.querystring.operation.string.contains",
            "v": INSIDE,
        }
    ]
    answer = site.post("/@querystring-search", query=query, fullobjects=True)
    assert not leaked(json.dumps(answer.json().get("items", [])))
    assert not answer.json().get("items")


def test_each_reads_their_own(site, publish):
    """A visitor reads one section, staff two, the unit's members and the editors all three."""
    publish()
    for user, keys in [
        (None, [""]),
        (NEIGHBOUR, ["", "gebyr"]),
        (STAFF, ["", "gebyr", "vagt"]),
        (EDITOR, ["", "gebyr", "vagt"]),
    ]:
        parts = json.loads(site.get("/pas", user).json()["parts"])
        assert [part["key"] for part in parts] == keys, user
        page = site.page("/pas", user)
        assert (OPEN in page, INSIDE in page, UNITS in page) == (
            True,
            "gebyr" in keys,
            "vagt" in keys,
        ), user


def test_search(site, publish):
    """Everybody finds open words, staff those of staff sections, nobody those of a unit."""
    publish()
    for user, word, hits in [
        (None, OPEN, 1),
        (None, INSIDE, 0),
        (NEIGHBOUR, OPEN, 1),
        (NEIGHBOUR, INSIDE, 1),
        (STAFF, UNITS, 0),
    ]:
        assert site.get("/@articles", user, text=word).json()["items_total"] == hits, (user, word)
        found = site.get("/@search", user, SearchableText=word).json()["items_total"]
        assert found == (1 if word == OPEN else 0)


def test_by_audience(site, publish):
    """Articles are listed by whom they are for; a visitor's list has none for staff."""
    publish("alle")
    publish("ansatte", "publish_internally", audience="staff")

    def listed(user, **asked):
        found = site.get("/@articles", user, **asked).json()["items"]
        return {each["article_id"]: each["audience"] for each in found}

    both = {"alle": "citizen", "ansatte": "staff"}
    assert listed(STAFF) == both
    assert listed(None) == {"alle": "citizen"}
    for audience, name in (("citizen", "alle"), ("staff", "ansatte")):
        assert listed(STAFF, audience=audience) == {name: audience}
    assert listed(None, audience="staff") == {}


def test_for_staff_alone(site, publish):
    """An article for staff cannot be published; one that becomes it is taken from visitors."""
    publish("intern", "publish_internally", audience="staff")
    assert site.post("/intern/@workflow/publish", "admin").status_code == 400
    assert site.get("/intern").status_code == 401
    assert site.get("/intern", STAFF).status_code == 200

    publish("aaben")
    assert site.get("/aaben").status_code == 200
    assert site.patch("/aaben", "admin", audience="staff").status_code == 204
    assert site.get("/aaben").status_code == 401
    assert site.get("/@search", portal_type="KnowledgeArticle").json()["items_total"] == 0
    assert site.get("/aaben", STAFF).status_code == 200


def test_owner(site, publish):
    """Visitors are not told who answers for an article, nor their sign-in name."""
    publish(owner_name="Bodil Ravn", owner_upn="bodil@nordvang.example", owner_unit="Borgerservice")
    for text in (
        site.page("/pas"),
        site.get("/pas").text,
        site.get("/@search?metadata_fields=_all").text,
    ):
        assert "Bodil Ravn" not in text
        assert "bodil@" not in text
    assert site.get("/pas", STAFF).json()["owner_name"] == "Bodil Ravn"
    assert "Bodil Ravn" in site.page("/pas", STAFF)


def test_not_in_force(site, publish):
    """Before it is in force and after, visitors get an article's title and none of its text."""
    publish("snart", effective="2099-01-01T00:00:00+00:00")
    publish("forbi", expires="2001-01-01T00:00:00+00:00")
    for name in ("snart", "forbi"):
        assert OPEN not in site.page(f"/{name}")
        assert OPEN not in site.get(f"/{name}").text
        assert OPEN in site.get(f"/{name}", EDITOR).text
    assert site.get("/@articles", text=OPEN).json()["items_total"] == 0


def test_withdrawn(site, publish):
    """A withdrawn article is read by editors alone, and can be published again."""
    publish()
    assert site.post("/pas/@workflow/withdraw", "admin").status_code == 200
    assert [site.get("/pas", user).status_code for user in (None, STAFF, EDITOR)] == [401, 401, 200]
    assert site.post("/pas/@workflow/publish", "admin").status_code == 200
    assert site.get("/pas").status_code == 200


def image(site, article, name):
    """Puts a tiny image beside the article's text; gives its UID."""
    gif = base64.b64encode(
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
        b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    ).decode()
    file = {"data": gif, "encoding": "base64", "filename": name, "content-type": "image/gif"}
    made = site.post(
        article, "admin", **{"@type": "Image", "id": name, "title": name, "image": file}
    )
    assert made.status_code == 201, made.text
    return made.json()["UID"]


def test_files(site, publish):
    """A file is read by those who read a section that shows it; one that none shows, by staff."""
    publish("pas", parts=[])
    uids = {name: image(site, "/pas", name) for name in ("a.gif", "b.gif", "c.gif", "d.gif")}
    for name in uids:  # nothing shows them yet
        assert site.get(f"/pas/{name}").status_code == 401
    parts = [
        {**PARTS[0], "html": f'<p><img src="resolveuid/{uids["a.gif"]}" alt="A"></p>'},
        {**PARTS[1], "html": f'<p><img src="resolveuid/{uids["b.gif"]}" alt="B"></p>'},
        {**PARTS[2], "html": '<p><img src="c.gif" alt="C"></p>'},
    ]
    assert site.patch("/pas", "admin", parts=json.dumps(parts)).status_code == 204

    def readers(name):
        people = {"visitor": None, "unit": STAFF, "staff": NEIGHBOUR}
        return {
            who
            for who, user in people.items()
            if site.get(f"/pas/{name}/@@images/image", user, headers={"Accept": "*/*"}).status_code
            == 200
        }

    assert readers("a.gif") == {"visitor", "unit", "staff"}
    assert readers("b.gif") == {"unit", "staff"}
    assert readers("c.gif") == {"unit"}
    assert readers("d.gif") == {"unit", "staff"}
    assert site.get("/@search", portal_type="Image").json()["items_total"] == 1

    assert site.post("/pas/@workflow/withdraw", "admin").status_code == 200
    assert [readers(name) for name in uids] == [set(), set(), set(), set()]
    assert site.post("/pas/@workflow/publish", "admin").status_code == 200
    assert readers("a.gif") == {"visitor", "unit", "staff"}
    assert site.patch("/pas", "admin", parts=json.dumps(parts[1:])).status_code == 204
    assert readers("a.gif") == {"unit", "staff"}


def test_nobody_writes(site, publish):
    """Visitors and staff change no article, and vote on none that is not theirs to read."""
    publish()
    publish("kladde", "")
    for user in (None, STAFF):
        assert site.patch("/pas", user, parts="[]").status_code == 401
        assert site.patch("/pas", user, audience="citizen").status_code == 401
        assert site.post("/pas/@workflow/withdraw", user).status_code in (400, 401)
        assert site.post("/kladde/@feedback", user, value="up").status_code == 401


def test_wrong_parts(site, publish):
    """Sections whose audience is not known, or is missing its unit, are refused whole."""
    path = publish()
    for wrong in (
        "{",
        "{}",
        '[{"key": "a", "html": "x", "audience": "all"}]',
        '[{"key": "a", "html": "x", "audience": "unit"}]',
        '[{"key": "a"}, {"key": "a"}]',
        '[{"key": 1}]',
    ):
        answer = site.patch(path, "admin", parts=wrong)
        assert answer.status_code == 400, wrong
    assert len(json.loads(site.get(path, "admin").json()["parts"])) == 3


def test_script(site, publish):
    """Script in a section is taken out before it is kept."""
    html = '<p onclick="x()">A<script>alert(1)</script><a href="javascript:x()">B</a></p>'
    publish(parts=[{"key": "", "html": html}])
    kept = json.loads(site.get("/pas", "admin").json()["parts"])[0]["html"]
    for bad in ("script", "onclick", "alert"):
        assert bad not in kept
    assert "javascript:" not in site.page("/pas").split("casethread-part")[1][:400]
