"""Asking Plone on its bad days: what is tried again, what is not, and what each refusal means.

The answers have the shapes that plone.restapi 10.0.4 was seen to give; nothing here needs a server.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from connector.article import STAFF, PagePart, SiteAccess
from connector.errors import (
    ConfigError,
    Denied,
    Gone,
    PageLocked,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.journaling.remote import Remote
from connector.sites.plone import make_publisher
from connector.sites.plone.answers import Content, moment
from connector.sites.plone.publisher import PlonePublisher
from connector.sites.plone.service import Service
from connector.sites.plone.sign_in import SignIn
from connector.sites.plone.states import States
from connector.sites.plone.together import Together
from tests.conftest import Clock
from tests.contracts.publisher import nowhere, page

URL = "http://localhost:1/intranet"
ACCESS = SiteAccess(
    name="intranet", url=URL, place="viden", audience=STAFF, user="svc", secret="fictional-99"
)
PAGE = {"@id": f"{URL}/viden/pas", "@type": "KnowledgeArticle", "UID": "0" * 32}
CONFLICT = {"type": "ConflictError", "message": "database conflict error (oid 0x1)"}
Answers = Callable[[Any], tuple[int, object] | tuple[int, object, dict[str, str]] | None]


class Fake(HTTPAdapter):
    """A Plone that is a function from request to (status, body, headers); None is a cut line."""

    def __init__(self, answer: Answers) -> None:
        super().__init__()
        self._answer = answer
        self.asked: list[str] = []
        self.signed: list[str] = []

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        path = request.url.removeprefix(URL)
        self.asked.append(f"{request.method} {path}")
        self.signed.append(request.headers.get("Authorization", ""))
        found = self._answer(request)
        if found is None:
            raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("cut"))
        status, body, *more = found
        made = requests.Response()
        made.status_code = status
        made.headers.update({"Content-Type": "application/json", **(more[0] if more else {})})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        made.raw = urllib3.HTTPResponse(io.BytesIO(content), preload_content=False)
        return made


def token(end: float) -> str:
    """A token of the shape that Plone gives, unsigned."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": end}).encode()).decode().rstrip("=")
    return f"e30.{claims}.x"


def service(answer: Answers) -> tuple[Service, Fake]:
    """A service that is signed in; the sign-in is not among what was asked."""

    def all_(request: Any) -> Any:
        return (200, {"token": token(9e9)}) if "@login" in request.url else answer(request)

    fake = Fake(all_)
    return Service(ACCESS, adapter=fake, sleep=lambda _s: None, chance=lambda: 0.5), fake


def asked(fake: Fake) -> list[str]:
    return [each for each in fake.asked if "@login" not in each]


@pytest.mark.parametrize("fault", [None, (500, b""), (502, b"<html>"), (200, b'{"@id": "')])
def test_a_read_is_tried_again(fault: Any) -> None:
    """A cut line, a server's error, half an answer: asked for again, and the third time counts."""
    faults = [fault, fault]
    made, fake = service(lambda _r: faults.pop() if faults else (200, PAGE))

    assert made.get(f"{URL}/viden/pas", Content).uid == "0" * 32
    assert len(asked(fake)) == 3

    made, fake = service(lambda _r: fault)
    with pytest.raises(Unavailable):
        made.get(f"{URL}/viden/pas", Content)
    assert len(asked(fake)) == 3


@pytest.mark.parametrize("fault", [None, (500, b""), (500, {"message": "TypeError"}), (502, b"")])
def test_a_write_is_not_repeated_blindly(fault: Any) -> None:
    """A write that may have been carried out is sent once, and is Unclear."""
    made, fake = service(lambda _r: fault)

    with pytest.raises(Unclear):
        made.write("POST", f"{URL}/viden", {}, Content)
    assert len(asked(fake)) == 1


@pytest.mark.parametrize("shape", [CONFLICT, {"error": CONFLICT}, {"message": "ConflictError: x"}])
def test_a_conflict_is_tried_again(shape: object) -> None:
    """Of two writers that met nothing was written: it is tried four times, then it is for later."""
    faults = [(500, shape)] * 3
    made, fake = service(lambda _r: faults.pop() if faults else (201, PAGE))

    assert made.write("POST", f"{URL}/viden", {}, Content).uid == "0" * 32
    assert len(asked(fake)) == 4

    made, fake = service(lambda _r: (500, shape))
    with pytest.raises(Unavailable, match="nothing was written"):
        made.write("POST", f"{URL}/viden", {}, Content)
    assert len(asked(fake)) == 4


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected", "said"),
    [
        (401, {"type": "Unauthorized", "message": "no"}, {}, Denied, "svc has no right to POST"),
        (403, {"error": {"type": "Forbidden", "message": "no"}}, {}, Denied, "Contributor"),
        (403, b"", {}, Denied, "Reviewer"),
        (403, {"error": {"message": "Resource is locked."}}, {}, PageLocked, "is editing"),
        (423, {"type": "ResourceLockedError", "message": "x"}, {}, PageLocked, "is editing"),
        (302, b"", {"Location": f"{URL}/acl_users/credentials/require_login"}, Denied, "signed in"),
        (301, b"", {"Location": f"{URL}/andet"}, Gone, "another address"),
        (404, {"type": "NotFound", "message": "x"}, {}, Gone, "not there"),
        (429, b"", {"Retry-After": "7"}, Throttled, "fewer requests"),
        (400, {"message": 'The id "pas" is invalid - it is already in use.'}, {}, Rejected, "use"),
        (400, b"not json", {}, Rejected, "does not take"),
    ],
)  # fmt: skip
def test_refusals(
    status: int, body: object, headers: dict[str, str], expected: type[RemoteError], said: str
) -> None:
    """Each refusal, in each of its three shapes, is the error that says what happens next."""
    made, fake = service(lambda _r: (status, body, headers))

    with pytest.raises(expected, match=said) as caught:
        made.write("POST", f"{URL}/viden", {}, Content)
    assert type(caught.value) is expected
    assert caught.value.system == "intranet"
    assert "fictional-99" not in str(caught.value)
    assert set(asked(fake)) == {"POST /viden"}  # no redirect is followed


def test_a_field_that_is_not_taken() -> None:
    """The field of a validation error is read from the Python list that is its text."""
    text = "[{'message': 'Required input is missing.', 'field': 'audience', 'error': 'x'}]"
    made, _ = service(lambda _r: (400, {"type": "BadRequest", "message": text}))

    with pytest.raises(Rejected, match="Required input is missing") as caught:
        made.write("PATCH", f"{URL}/viden/pas", {}, Content)
    assert caught.value.field == "audience"


# -- signing in -------------------------------------------------------------------------------


def signing(answer: Answers, clock: Callable[[], float]) -> tuple[SignIn, Fake]:
    fake = Fake(answer)
    remote = Remote(URL, name="intranet", adapter=fake)
    return SignIn(remote, "svc", "fictional-99", clock), fake


def test_a_token_is_renewed_before_its_end() -> None:
    """One token serves until some minutes before its end: to an old one Plone would answer as to a
    visitor, and say nothing."""
    now = [1000.0]
    sign_in, fake = signing(lambda _r: (200, {"token": token(now[0] + 3600)}), lambda: now[0])

    first = sign_in(False)
    assert first["Authorization"].startswith("Bearer ")
    now[0] += 3200
    assert sign_in(False) == first
    now[0] += 150
    assert sign_in(False) != first
    assert len(fake.asked) == 2
    sign_in(True)
    assert len(fake.asked) == 3


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.x"])
def test_a_token_that_does_not_say_its_end(text: str) -> None:
    """It serves for most of an hour."""
    now = [1000.0]
    sign_in, fake = signing(lambda _r: (200, {"token": text}), lambda: now[0])
    sign_in(False)
    now[0] += 3000
    sign_in(False)
    assert len(fake.asked) == 1
    now[0] += 400
    sign_in(False)
    assert len(fake.asked) == 2


def test_basic_where_there_is_no_login() -> None:
    """A site without @login is signed in to with name and password in each request."""
    sign_in, fake = signing(lambda _r: (404, {"type": "NotFound"}), lambda: 0.0)

    expected = base64.b64encode(b"svc:fictional-99").decode()
    assert sign_in(False) == {"Authorization": f"Basic {expected}"}
    assert sign_in(False) == {"Authorization": f"Basic {expected}"}
    assert len(fake.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_password(status: int) -> None:
    """It is Denied with what to look at, and no password in it."""
    sign_in, _ = signing(lambda _r: (status, {"error": {"message": "Wrong"}}), lambda: 0.0)

    with pytest.raises(Denied, match="secret_file") as caught:
        sign_in(False)
    assert "fictional-99" not in str(caught.value)


# -- moving ------------------------------------------------------------------------------------


def moving(*offered: str, state: str = "published", usual: int = 200) -> tuple[Answers, list[str]]:
    """A workflow that offers these moves, after which a page has this state; and the moves that
    were asked for. `usual` is the status of a move that it does not offer."""
    made: list[str] = []

    def answer(request: Any) -> Any:
        page, _, move = request.url.partition("/@workflow")
        if not move:
            moves = [{"@id": f"{page}/@workflow/{name}"} for name in offered]
            return 200, {"transitions": moves} if "@workflow" in request.url else PAGE
        made.append(move[1:])
        if move[1:] not in offered:
            return usual, {"error": {"type": "WorkflowException", "message": "Invalid transition"}}
        return 200, {"action": move[1:], "review_state": state}

    return answer, made


DRAFT_PAGE = Content(
    url=f"{URL}/viden/pas", type="Document", review_state="private", effective="2026-01-01T00:00:00"
)


def test_the_move_that_was_right_is_not_asked_for_again() -> None:
    """The second page of a kind in a state is moved as the first was, by one request."""
    answer, made = moving("publish")
    its, fake = service(answer)
    states = States(its)

    first = states.move_to_readers(DRAFT_PAGE, is_inner=False)
    asked_before = len(asked(fake))
    second = states.move_to_readers(DRAFT_PAGE, is_inner=False)

    assert (first.review_state, second) == ("published", first)
    assert (asked_before, len(asked(fake)) - asked_before) == (2, 1)
    assert made == ["publish", "publish"]


def test_a_place_with_another_workflow_is_asked() -> None:
    """Where the move that was right before is refused, the workflow says which one is right."""
    its, _ = service(lambda request: now[0](request))
    states, now = States(its), [moving("publish")[0]]
    states.move_to_readers(DRAFT_PAGE, is_inner=False)
    answer, made = moving("publish_externally", state="externally_visible", usual=400)
    now[0] = answer

    moved = states.move_to_readers(DRAFT_PAGE, is_inner=False)

    assert moved.review_state == "externally_visible"
    assert made == ["publish", "publish_externally"]


def test_an_answer_without_a_state_is_looked_up() -> None:
    """Where the answer to a move does not say the state, the page is read."""
    answer, _ = moving("publish", state="")
    its, fake = service(answer)

    moved = States(its).move_to_readers(DRAFT_PAGE, is_inner=False)

    assert moved.uid == PAGE["UID"]
    assert asked(fake)[-1] == "GET /viden/pas"


# -- listing ------------------------------------------------------------------------------------


def publisher(answer: Answers) -> tuple[PlonePublisher, Fake]:
    made, fake = service(answer)
    return PlonePublisher(ACCESS, made, Clock(datetime(2026, 1, 1, tzinfo=UTC))), fake


def hit(number: int, **more: object) -> dict[str, object]:
    return {
        "@id": f"{URL}/viden/a{number}", "@type": "KnowledgeArticle", "UID": f"{number:032}",
        "getId": f"a{number}", "article_id": f"a{number}", "article_digest": "d l",
        "modified": "2026-01-01T00:00:00+00:00", "review_state": "published", **more,
    }  # fmt: skip


def types(*names: str) -> list[dict[str, object]]:
    return [{"@id": f"{URL}/@types/{name}", "addable": True} for name in names]


def test_a_long_listing_is_read_to_its_end() -> None:
    """1,200 pages come in three batches, each page once."""

    def answer(request: Any) -> Any:
        if "@types" in request.url:
            return 200, types("KnowledgeArticle")
        start = int(request.url.rpartition("b_start=")[2])
        items = [hit(n) for n in range(start, min(start + 500, 1200))]
        return 200, {"items": items, "items_total": 1200}

    made, fake = publisher(answer)

    assert [each.id for each in made.pages()] == [f"a{n}" for n in range(1200)]
    assert len([each for each in fake.asked if "@search" in each]) == 3


def test_what_a_search_gives_too_much_is_left_out() -> None:
    """Pages of other types, without an id of ours, and copies of ours are not listed."""
    items = [
        hit(1), hit(2, article_id=None), hit(3, **{"@type": "Document"}),
        hit(4, article_id="a1", getId="copy_of_a1"),
    ]  # fmt: skip

    def answer(request: Any) -> Any:
        if "@types" in request.url:
            return 200, types("KnowledgeArticle", "Document")
        return 200, {"items": items, "items_total": 4}

    made, _ = publisher(answer)

    assert [(each.id, each.url) for each in made.pages()] == [("a1", f"{URL}/viden/a1")]


def test_a_visitor_is_no_empty_site() -> None:
    """When Plone takes us for a visitor the listing is Denied, not shorter."""
    made, _ = publisher(lambda _r: (401, {"type": "Unauthorized", "message": "Unauthorized()"}))

    with pytest.raises(Denied):
        list(made.pages())


def test_a_type_that_may_not_be_added() -> None:
    """Where the add-on is there and its type may not be added, ordinary pages are no way out."""
    offered = [{"@id": f"{URL}/@types/KnowledgeArticle", "addable": False}, *types("Document")]
    made, _ = publisher(lambda _r: (200, offered))

    with pytest.raises(Denied, match="may not add a KnowledgeArticle"):
        list(made.pages())
    (finding,) = made.check()
    assert (finding.level, "Contributor" in finding.fix) == ("error", True)


@pytest.mark.parametrize(("status", "most"), [(404, 1), (400, 20), (403, 20), (423, 20)])
def test_a_site_that_takes_no_pages_together(status: int, most: int) -> None:
    """An add-on from before it did is asked once; where one is refused the next may be taken."""

    def answer(request: Any) -> Any:
        if "@types" in request.url:
            return 200, types("KnowledgeArticle")
        if "@search" in request.url:
            return 200, {"items": [], "items_total": 0}
        return status, {"type": "NotFound", "message": "x"}

    made, fake = publisher(answer)
    list(made.pages())
    assert made.at_once == 20

    assert made.make([page("pas"), page("flytning")], nowhere) == {}
    assert asked(fake)[-1] == "POST /viden/@casethread-articles"
    assert made.at_once == most


def test_a_lost_answer_to_pages_made_together() -> None:
    """They may be there, so nothing is asked again: it is Unclear."""

    def answer(request: Any) -> Any:
        if "@types" in request.url:
            return 200, types("KnowledgeArticle")
        if "@search" in request.url:
            return 200, {"items": [], "items_total": 0}
        return 502, b""

    made, fake = publisher(answer)
    with pytest.raises(Unclear):
        made.make([page("pas"), page("flytning")], nowhere)
    assert len([each for each in asked(fake) if each.startswith("POST /viden/@case")]) == 1


def test_pages_of_which_one_request_holds_few() -> None:
    """Long texts are made in several; one page by itself is left to its put."""
    long = page("lang", parts=(PagePart(key="", heading="", html="x" * 600_000),))
    together = Together(service(lambda _r: (404, b""))[0], f"{URL}/viden")

    assert [each.id for each in together.fitting([page("a"), long, long, page("b")])] == [
        "a",
        "lang",
    ]
    assert len(together.fitting([page(f"a{n}") for n in range(30)])) == 20


def test_what_is_missing_in_the_settings() -> None:
    """All of it is said at once."""
    with pytest.raises(ConfigError) as caught:
        make_publisher(SiteAccess(name="intranet"))
    assert len(caught.value.problems) == 3


def test_times_have_an_offset() -> None:
    """Plone takes a time without an offset for UTC: none is sent."""
    assert moment(datetime(2026, 1, 1, 12, tzinfo=UTC)) == "2026-01-01T12:00:00+00:00"
    with pytest.raises(ValueError, match="offset"):
        moment(datetime(2026, 1, 1, 12))  # noqa: DTZ001
