"""SharePoint's pages, lists and files as Microsoft Graph gives them, for one site.

As documented, it makes pages that no reader sees until they are published, gives a second page of a
name a number, takes unknown mark-up out of texts, and lets publishing wait for approval where the
site wants that. Sources: Microsoft Graph, "Create a page", "Update sitePage", "sitePage: publish",
"List baseSitePages", "Create item in a list", read 2026-11-22; that publishing may answer with an
eTag mismatch: SharePoint/sp-dev-docs issue 8806.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

from connector.sandbox.protocol import GraphError, Request, Response, encode, json_response
from connector.sandbox.sign_in import LIFE_S, check, configuration, refusal
from connector.sandbox.systems.base import EXPIRED, READ_ONLY, FakeSystem
from connector.sandbox.systems.graph_pages_store import FakePage, FakeTable, Store, etag
from connector.sandbox.world import Json

_SITE = "nordvang.example,6b0d7a52-0000-4000-8000-000000000001,6b0d7a52-0000-4000-8000-000000000002"
_ASSETS, _PAGES = "lists-assets", "lists-pages"
_FILTER = re.compile(r"(?P<name>[\w/]+) eq '(?P<value>(?:[^']|'')*)'")
Match = re.Match[str]


class FakeGraphPages(FakeSystem):
    """One site. `throttles` are the Retry-After of the next answers; `may_manage` lets lists be
    made; `publish_faults` is how many publishings answer that the page has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.client_id = "casethread-app"
        self.client_secret = "fictional-secret"  # noqa: S105  opens this box and nothing else
        self.certificate = b""  # PEM, as registered with the app
        self.may_manage = True
        self.publish_faults = 0
        self.throttles: list[str] = []
        self.most_rows = 200
        self._numbers = itertools.count(1)
        self._tokens: set[str] = set()

    def token(self) -> str:
        """A new bearer token; the roles in it are those that the app has now."""
        roles = ["Sites.Read.All"]
        if READ_ONLY not in self.states:
            roles = ["Sites.ReadWrite.All", *(["Sites.Manage.All"] if self.may_manage else [])]
        claims = {"roles": roles, "uti": next(self._numbers)}
        middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        made = f"e30.{middle}.fictional"
        self._tokens.add(made)
        return made

    def refusal(self, state: str, request: Request) -> Response:  # noqa: ARG002
        """FULL, READ_ONLY, EXPIRED."""
        if state == EXPIRED:
            return fault(GraphError(401, "InvalidAuthenticationToken", "The token is expired."))
        if state == READ_ONLY:
            return fault(GraphError(403, "accessDenied", "Access denied"))
        return fault(GraphError(507, "quotaLimitReached", "The site has no room left."))

    def answer(self, request: Request) -> Response:
        """The answer on a good day."""
        if not request.path.startswith("/v1.0/"):
            return self._sign_in(request)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self._tokens:
            return fault(GraphError(401, "InvalidAuthenticationToken", "The token is not known."))
        if self.throttles:
            error = GraphError(429, "tooManyRequests", "The request has been throttled")
            return fault(error, {"retry-after": self.throttles.pop(0)})
        try:
            return self._route(request)
        except GraphError as error:
            return fault(error)

    def _sign_in(self, request: Request) -> Response:
        """The Entra side: a token for the app's secret or certificate."""
        tenant, _, rest = request.path.strip("/").partition("/")
        if rest == "v2.0/.well-known/openid-configuration":
            return configuration(request, tenant)
        if rest != "oauth2/v2.0/token":
            return fault(GraphError(404, "BadRequest", "Only /v1.0 is served here."))
        now = datetime.now(UTC)
        if code := check(request, self.client_id, self.client_secret, self.certificate, now):
            return refusal(code, now)
        life = {"token_type": "Bearer", "expires_in": LIFE_S}
        return json_response({**life, "access_token": self.token()})

    def is_write(self, request: Request) -> bool:
        """Signing in is a POST that changes nothing."""
        return super().is_write(request) and request.path.startswith("/v1.0/")

    def _route(self, request: Request) -> Response:
        path = request.path.removeprefix("/v1.0")
        if request.method == "GET" and re.fullmatch(rf"/sites/[\w.-]+:{self.store.path}", path):
            return json_response({"id": _SITE, "webUrl": request.origin + self.store.path})
        site, _, rest = path.removeprefix("/sites/").partition("/")
        for method, pattern, handler in _ROUTES:
            if method == request.method and site == _SITE and (match := pattern.fullmatch(rest)):
                return handler(self, request, match)
        raise GraphError(400, "BadRequest", "Resource not found for the segment.")

    # -- pages ----------------------------------------------------------------------------------

    def _list_pages(self, request: Request, _match: Match) -> Response:
        found = sorted(self.store.pages.values(), key=lambda page: page.name)
        if asked := request.query.get("$filter"):
            match = _FILTER.fullmatch(asked)
            if not match or match["name"] != "name":
                raise GraphError(400, "invalidRequest", "Invalid filter clause")
            name = match["value"].replace("''", "'").lower()
            found = [page for page in found if page.name.rpartition("/")[2].lower() == name]
        return self._paged(request, [self.page_json(page, request) for page in found])

    def _get_page(self, request: Request, match: Match) -> Response:
        page = self.store.page(match["page"])
        shown = self.page_json(page, request)
        if "canvasLayout" in request.query.get("$expand", ""):
            shown["canvasLayout"] = page.content.get("canvasLayout")
        return json_response(shown)

    def _add_page(self, request: Request, _match: Match) -> Response:
        made = self.store.create(json.loads(request.body))
        return json_response(self.page_json(made, request), 201)

    def _change_page(self, request: Request, match: Match) -> Response:
        page = self.store.page(match["page"])
        self.store.update(page, json.loads(request.body), request.headers.get("if-match", ""))
        return json_response(self.page_json(page, request))

    def _publish_page(self, _request: Request, match: Match) -> Response:
        page = self.store.page(match["page"])
        if self.publish_faults:
            self.publish_faults -= 1
            text = "The resource has changed since the caller last read it; an eTag mismatch"
            raise GraphError(409, "resourceModified", text)
        self.store.publish(page)
        return Response(status=204)

    def _delete_page(self, _request: Request, match: Match) -> Response:
        del self.store.pages[self.store.page(match["page"]).key]
        return Response(status=204)

    def page_json(self, page: FakePage, request: Request) -> Json:
        """A page without its layout, as in listings."""
        state: Json = {"level": page.level, "versionId": f"{page.major}.{page.minor}"}
        if page.held_by is not None:
            state = {**state, "level": "checkout", "checkedOutBy": page.held_by}
        return {
            "@odata.type": "#microsoft.graph.sitePage",
            "id": page.key,
            "name": page.name.rpartition("/")[2],
            "webUrl": f"{request.origin}{self.store.path}/SitePages/{page.name}",
            "title": page.content.get("title", ""),
            "description": page.content.get("description", ""),
            "eTag": etag(page),
            "pageLayout": "article",
            "lastModifiedDateTime": f"{page.changed_at:%Y-%m-%dT%H:%M:%SZ}",
            "lastModifiedBy": page.changed_by,
            "publishingState": state,
            "titleArea": page.content.get("titleArea"),
        }

    # -- lists and files ------------------------------------------------------------------------

    def _lists(self, request: Request, _match: Match) -> Response:
        base = request.origin + self.store.path
        rows: list[Json] = [
            {"id": _PAGES, "name": "SitePages", "webUrl": f"{base}/SitePages"},
            # Its title is in the site's language; the address is not.
            {"id": _ASSETS, "name": "Webstedsaktiver", "webUrl": f"{base}/SiteAssets"},
        ]
        for table in self.store.tables.values():
            url = f"{base}/Lists/{table.name}"
            rows.append({"id": table.key, "displayName": table.title, "webUrl": url})
        return self._paged(request, rows)

    def _add_list(self, request: Request, _match: Match) -> Response:
        if not self.may_manage:
            raise GraphError(403, "accessDenied", "Access denied")
        made = self.store.add_table(json.loads(request.body))
        return json_response({"id": made.key, "displayName": made.title}, 201)

    def _items(self, request: Request, match: Match) -> Response:
        table = self.store.table(match["list"])
        rows = list(table.rows.items())
        if asked := request.query.get("$filter"):
            rows = self._filtered(table, asked)
        shown: list[Json] = [{"id": key, "fields": fields} for key, fields in rows]
        return self._paged(request, shown)

    def _filtered(self, table: FakeTable, asked: str) -> list[tuple[str, Json]]:
        match = _FILTER.fullmatch(asked)
        name = match["name"].removeprefix("fields/") if match else ""
        if match is None or not table.columns.get(name, {}).get("indexed"):
            raise GraphError(400, "invalidRequest", "Field cannot be referenced in filter.")
        value = match["value"].replace("''", "'")
        return [(key, row) for key, row in table.rows.items() if row.get(name) == value]

    def _add_item(self, request: Request, match: Match) -> Response:
        table = self.store.table(match["list"])
        key = str(len(table.rows) + 1)
        fields = self.store.set_row(table, key, json.loads(request.body)["fields"])
        return json_response({"id": key, "fields": fields}, 201)

    def _change_item(self, request: Request, match: Match) -> Response:
        table = self.store.table(match["list"])
        if match["item"] not in table.rows:
            raise GraphError(404, "itemNotFound", "The item was not found.")
        return json_response(self.store.set_row(table, match["item"], json.loads(request.body)))

    def _put_file(self, request: Request, match: Match) -> Response:
        self.store.files[match["path"]] = request.body
        url = f"{request.origin}{self.store.path}/SiteAssets/{match['path']}"
        return json_response({"id": "file", "webUrl": url, "size": len(request.body)}, 201)

    def _delete_file(self, _request: Request, match: Match) -> Response:
        if self.store.files.pop(match["path"], None) is None:
            raise GraphError(404, "itemNotFound", "The resource could not be found.")
        return Response(status=204)

    def _paged(self, request: Request, rows: list[Json]) -> Response:
        at = int(request.query.get("$skiptoken", "0"))
        body: Json = {"value": rows[at : at + self.most_rows]}
        if at + self.most_rows < len(rows):
            separator = "&" if "?" in request.target else "?"
            target = re.sub(r"[?&]\$skiptoken=\d+", "", request.target)
            body["@odata.nextLink"] = (
                f"{request.origin}{target}{separator}$skiptoken={at + self.most_rows}"
            )
        return json_response(body)


def fault(error: GraphError, headers: dict[str, str] | None = None) -> Response:
    """Graph's error body."""
    kind = {"content-type": "application/json", **(headers or {})}
    body = {"error": {"code": error.code, "message": str(error)}}
    return Response(status=error.status, headers=kind, body=encode(body))


_Handler = Callable[[FakeGraphPages, Request, Match], Response]
_ALL = "pages/microsoft.graph.sitePage"
_ONE = r"pages/(?P<page>[0-9a-f-]{36})"
_FILES = rf"lists/{_ASSETS}/drive/root:/(?P<path>[^:]+)"
_ROUTES: tuple[tuple[str, re.Pattern[str], _Handler], ...] = tuple(
    (method, re.compile(pattern), handler)
    for method, pattern, handler in (
        ("GET", re.escape(_ALL), FakeGraphPages._list_pages),
        ("GET", rf"{_ONE}/microsoft\.graph\.sitePage", FakeGraphPages._get_page),
        ("POST", "pages", FakeGraphPages._add_page),
        ("PATCH", rf"{_ONE}/microsoft\.graph\.sitePage", FakeGraphPages._change_page),
        ("POST", rf"{_ONE}/microsoft\.graph\.sitePage/publish", FakeGraphPages._publish_page),
        ("DELETE", _ONE, FakeGraphPages._delete_page),
        ("GET", "lists", FakeGraphPages._lists),
        ("POST", "lists", FakeGraphPages._add_list),
        ("GET", "lists/(?P<list>[^/]+)/items", FakeGraphPages._items),
        ("POST", "lists/(?P<list>[^/]+)/items", FakeGraphPages._add_item),
        ("PATCH", r"lists/(?P<list>[^/]+)/items/(?P<item>\d+)/fields", FakeGraphPages._change_item),
        ("PUT", rf"{_FILES}:/content", FakeGraphPages._put_file),
        ("DELETE", _FILES, FakeGraphPages._delete_file),
    )
)
