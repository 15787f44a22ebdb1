"""One SharePoint site through Graph: pages, files and rows, each in one request.

Sources: Microsoft Graph, "Create a page", "Update sitePage", "sitePage: publish", "Upload small
files", "Create item in a list", read 2026-11-22. A publishing may be refused with an eTag mismatch
until SharePoint has settled: SharePoint/sp-dev-docs issue 8806.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from requests.adapters import HTTPAdapter

from connector import __version__
from connector.article import SiteAccess
from connector.errors import (
    Denied,
    Gone,
    PageEdited,
    PageLocked,
    RemoteError,
    Throttled,
    Unavailable,
)
from connector.journaling.remote import Answer, Remote
from connector.sites.sharepoint_pages.wire import Item, ListInfo, Listing, SiteInfo, SitePage
from connector.typed import read_json

T = TypeVar("T")
Tokens = Callable[[bool], str]
"""tokens(renew) -> a bearer token for Graph; anew when `renew` is true."""

GRANT = (
    "give the app Sites.ReadWrite.All (application, Microsoft Graph); or Sites.Selected and the "
    'role write on this site: POST /sites/{site-id}/permissions {"roles":["write"],'
    '"grantedToIdentities":[{"application":{"id":"<client_id>","displayName":"Casethread"}}]}. A '
    "grant that was just given may take an hour to be seen"
)
_PATIENCE = 5
_LONGEST_WAIT_S = 60.0
_KIND = "#microsoft.graph.sitePage"
_PAGES = "pages/microsoft.graph.sitePage"
_SHOWN = "id,name,webUrl,title,description,eTag,lastModifiedDateTime,lastModifiedBy,publishingState"
# Microsoft's clouds by the end of a site's host. Any other host answers Graph itself: a stand-in.
_ROOTS = (
    (".sharepoint.com", "https://graph.microsoft.com/v1.0"),
    (".sharepoint.us", "https://graph.microsoft.us/v1.0"),
    (".sharepoint-mil.us", "https://dod-graph.microsoft.us/v1.0"),
    (".sharepoint.cn", "https://microsoftgraph.chinacloudapi.cn/v1.0"),
)


def root_of(url: str) -> str:
    """The address of Graph for a site: that of the cloud in which the site is."""
    parts = urlsplit(url)
    for end, root in _ROOTS:
        if (parts.hostname or "").endswith(end):
            return root
    return f"{parts.scheme}://{parts.netloc}/v1.0"


class Graph:
    """Signed in for one site. Safe from many threads.

    A request that SharePoint asks to send later was not carried out: it waits as long as it was
    told, up to a minute and five times, and goes again.
    """

    def __init__(
        self,
        access: SiteAccess,
        tokens: Tokens,
        adapter: HTTPAdapter | None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = access.name
        parts = urlsplit(access.url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.path = parts.path.rstrip("/")
        self._host = parts.hostname or ""
        self.tokens = tokens
        self._remote = Remote(
            root_of(access.url),
            name=access.name,
            sign_in=lambda renew: {"Authorization": f"Bearer {tokens(renew)}"},
            refuse=self._refusal,
            ca_bundle=access.ca_bundle,
            timeout_s=(10.0, access.timeout_s),
            adapter=adapter,
            user_agent=f"NONISV|Casethread|Casethread/{__version__}",
        )
        self._sleep = sleep
        self._site = ""

    # -- the site, its lists and rows ----------------------------------------------------------

    def site(self) -> str:
        """The site's id, asked for once."""
        if not self._site:
            place = f":{self.path}" if self.path else ""
            found = self._get(f"sites/{self._host}{place}", SiteInfo, {"$select": "id,webUrl"})
            self._site = found.id
        return self._site

    def lists(self) -> list[ListInfo]:
        """The site's lists and libraries; `system` in $select brings SharePoint's own too."""
        query = {"$select": "id,webUrl,system", "$top": "200"}
        return list(self._all("lists", ListInfo, query))

    def add_list(self, values: Mapping[str, object]) -> ListInfo:
        """Make a list with its columns."""
        try:
            return self._write("POST", "lists", ListInfo, values)
        except Denied as error:
            text = (
                f"{self.name}: the app may not make lists here; give it Sites.Manage.All, or "
                "(with Sites.Selected) the role fullcontrol, until the list is made"
            )
            raise Denied(text, system=self.name, status=error.status) from error

    def rows(self, list_id: str, wanted: str, asked: str = "") -> Iterator[Item]:
        """The rows of a list with these columns, all or those of a filter."""
        query = {"$expand": f"fields($select={wanted})", "$top": "500"}
        if asked:
            query["$filter"] = asked
        yield from self._all(f"lists/{list_id}/items", Item, query)

    def add_row(self, list_id: str, fields: Mapping[str, object]) -> Item:
        """Make a row."""
        return self._write("POST", f"lists/{list_id}/items", Item, {"fields": fields})

    def change_row(self, list_id: str, row: str, fields: Mapping[str, object]) -> None:
        """Change some columns of a row."""
        path = f"lists/{list_id}/items/{row}/fields"
        self._write("PATCH", path, dict[str, object], fields)

    # -- pages -----------------------------------------------------------------------------------

    def pages(self) -> Iterator[SitePage]:
        """Every page of the site, without what it shows."""
        yield from self._all(_PAGES, SitePage, {"$select": _SHOWN, "$top": "200"})

    def page_named(self, name: str) -> SitePage | None:
        """The page with exactly this file name, with what it shows."""
        text = name.replace("'", "''")
        query = {"$select": _SHOWN, "$filter": f"name eq '{text}'"}
        for page in self._all(_PAGES, SitePage, query):
            return self.page(page.id)
        return None

    def page(self, key: str) -> SitePage | None:
        """The page with what it shows; None when it is not there any more."""
        path = f"{self._in_site()}/pages/{key}/microsoft.graph.sitePage"
        try:
            return self._get(path, SitePage, {"$expand": "canvasLayout"})
        except Gone:
            return None

    def add_page(self, name: str, content: Mapping[str, object]) -> SitePage:
        """Make a page that no reader sees yet. One whose name was taken meanwhile is unmade."""
        values = {"@odata.type": _KIND, "name": name, "pageLayout": "article", **content}
        made = self._write("POST", "pages", SitePage, values)
        if made.name.lower() != name.lower():  # SharePoint puts a number to a name that is taken
            self._send("DELETE", f"{self._in_site()}/pages/{made.id}")
            text = f"{self.name}: somebody made {name} just now; it is looked at in the next run"
            raise Unavailable(text, system=self.name)
        return made

    def change_page(self, page: SitePage, content: Mapping[str, object]) -> SitePage:
        """Make a new draft of a page. Raises PageEdited when it is not as `page` any more.

        The look of its title area, perhaps an image, is the editors'.
        """
        if page.title_area is not None:
            kept = {key: value for key, value in page.title_area.items() if "@odata" not in key}
            content = {**content, "titleArea": {**kept, "title": content["title"]}}
        path = f"pages/{page.id}/microsoft.graph.sitePage"
        headers = {"If-Match": page.e_tag}
        return self._write("PATCH", path, SitePage, {"@odata.type": _KIND, **content}, headers)

    def publish(self, key: str) -> None:
        """Publish the newest version; whether it is seen is told by reading the page again."""
        path = f"{self._in_site()}/pages/{key}/microsoft.graph.sitePage/publish"
        try:
            self._send("POST", path)
        except PageEdited as error:
            text = f"{self.name}: SharePoint has not settled the page yet; it is published later"
            raise Unavailable(text, system=self.name) from error

    # -- files -----------------------------------------------------------------------------------

    def put_file(self, library: str, path: str, content: bytes, media_type: str) -> None:
        """Make a file, its folders too; one of that name is written over."""
        where = f"{self._in_site()}/lists/{library}/drive/root:/{quote(path)}:/content"
        self._send("PUT", where, content, media_type)

    def delete_file(self, library: str, path: str) -> None:
        """Into the site's bin. One that is not there is fine."""
        where = f"{self._in_site()}/lists/{library}/drive/root:/{quote(path)}"
        try:
            self._send("DELETE", where)
        except Gone:
            return

    # -- requests --------------------------------------------------------------------------------

    def _in_site(self) -> str:
        return f"sites/{self.site()}"

    def _get(self, path: str, kind: type[T], query: Mapping[str, str]) -> T:
        return self._patiently(lambda: self._remote.json("GET", path, kind, query=query))

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> None:
        """A write whose answer says nothing more than that it was done."""
        headers = {"Content-Type": kind} if kind else {}
        self._patiently(lambda: self._remote.ask(method, path, body=body, headers=headers))

    def _patiently(self, ask: Callable[[], T]) -> T:
        for _ in range(_PATIENCE):
            try:
                return ask()
            except Throttled as error:
                if error.wait_s is None or error.wait_s > _LONGEST_WAIT_S:
                    raise
                self._sleep(error.wait_s)
        return ask()

    def _write(
        self,
        method: str,
        path: str,
        kind: type[T],
        value: object,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        where = f"{self._in_site()}/{path}"
        return self._patiently(
            lambda: self._remote.json(method, where, kind, value=value, headers=headers)
        )

    def _all(self, path: str, kind: type[T], query: Mapping[str, str]) -> Iterator[T]:
        """The rows of all pages of a listing."""
        listing = self._get(f"{self._in_site()}/{path}", Listing, query)
        while True:
            for row in listing.value:
                try:
                    yield read_json(row, kind)
                except msgspec.DecodeError as error:
                    text = f"{self.name}: a row of {path} is not what its documentation says"
                    raise Unavailable(text, system=self.name) from error
            if not listing.next_link:
                return
            listing = self._get(listing.next_link, Listing, {})

    def _refusal(self, answer: Answer) -> RemoteError | None:
        """Graph's own ways of saying no; the rest is by the general rules."""
        about = {"system": self.name}
        if answer.status == 403:
            text = f"{self.name}: the app may not do this here; {GRANT}"
            return Denied(text, status=403, **about)
        if answer.status == 423:
            text = f"{self.name}: an editor has the page checked out; it is tried again later"
            return PageLocked(text, status=423, **about)
        if answer.status == 412 or (answer.status == 409 and b"resourceModified" in answer.body):
            text = f"{self.name}: the page was changed while it was being written; look at it"
            return PageEdited(text, status=answer.status, **about)
        return None
