"""Articles as files: one page an article, written whole or not at all."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import msgspec

from connector.article import STAFF, ArticlePage, LivePage, PagePart, Signal, SiteAccess
from connector.errors import Gone, PageEdited, Rejected, RemoteError
from connector.model import Finding
from connector.ports import Address, OpenFile
from connector.sites.fingerprints import fingerprint
from connector.sites.html.drawing import article_page, hidden_page, relative
from connector.sites.html.folder import FILES, Folder, name_of
from connector.sites.html.mark import Mark, Written
from connector.sites.html.overview import Overview, strangers
from connector.sites.showing import (
    PUBLISHED,
    WITHDRAWN,
    checked_id,
    content_of,
    files_in,
    refuse_staff_text,
    resolved,
    state_at,
)

_RESERVED = frozenset({"index", "search"})


class HtmlPublisher:
    """The pages of one static site. `clock` is an argument so that tests choose the time."""

    def __init__(
        self, access: SiteAccess, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.name = access.name
        self.audience = access.audience
        self._access = access
        self._clock = clock
        self._zone = ZoneInfo(access.time_zone)
        self._folder = Folder(Path(access.place), access.name)
        self._found: dict[str, str] = {}  # article id -> where its page lies
        self._is_listed = False

    # -- the Publisher protocol --------------------------------------------------------------

    def check(self) -> list[Finding]:
        """Is the folder there, may it be written, does it hold files in the way of ours."""
        try:
            count = sum(1 for _ in self.pages())
            self._folder.write(".casethread-check", b"")
            self._folder.path(".casethread-check").unlink(missing_ok=True)
        except (RemoteError, OSError) as error:
            fix = "look at [sites.NAME] place, and at the rights of the service's account"
            return [Finding(level="error", system=self.name, what=str(error), fix=fix)]
        found = [
            Finding(
                level="error",
                system=self.name,
                what=f"{name} in {self._access.place} is not ours and stands in the way",
                fix="move it, or choose a folder of its own for the articles",
            )
            for name in strangers(self._folder)
        ]
        said = f"{self._access.place} may be written; {count} pages of ours"
        return found or [Finding(level="ok", system=self.name, what=said)]

    def pages(self) -> Iterator[LivePage]:
        """Every page of ours; of two copies of one page the one at its own address."""
        self._found = {}
        pages: dict[str, Written] = {}
        for page in self._folder.pages():
            id_ = page.mark.id
            if id_ not in pages or page.path == f"{id_}.html":
                pages[id_] = page
                self._found[id_] = page.path
        self._is_listed = True
        for page in pages.values():
            yield self._live(page)

    def read(self, live: LivePage) -> LivePage:
        """The page as it is now, found by its id when it was moved."""
        page = self._page(live.id, live.ref)
        if page is None:
            raise Gone(f"{self.name}: the page of {live.id} is not there", system=self.name)
        return self._whole(page)

    at_once = 1

    def make(self, pages: Sequence[ArticlePage], address: Address) -> Mapping[str, str]:  # noqa: ARG002
        """None: each page is put by itself."""
        return {}

    def put(
        self, page: ArticlePage, before: LivePage | None, open_file: OpenFile, address: Address
    ) -> LivePage:
        """Its files first, under names of their bytes; then the page, in one step."""
        refuse_staff_text(page, self.audience, self.name)
        id_ = checked_id(page, self.name)
        self._as_planned(page, before)  # before its files are there
        names = self._with_files(page, open_file)
        # Once more: somebody may have written there while the files came.
        path, present = self._as_planned(page, before)
        self._folder.write(path, self._drawn(page, path, present, address))
        self._folder.keep_files(id_, names)
        self._found[id_] = path
        return self._read_back(id_, path)

    def withdraw(self, before: LivePage) -> LivePage:
        """The page says that it was withdrawn, and nothing else; its images are removed."""
        present = self._page(before.id, before.ref)
        if present is None:
            raise self._deleted(before)
        self._refuse_edited("", before, present)
        if present.mark.state != WITHDRAWN:
            mark = _hidden(present.mark, WITHDRAWN, self._clock())
            self._folder.write(present.path, hidden_page(present.path, mark, mark.language))
        self._folder.keep_files(before.id, set())
        return self._read_back(before.id, present.path)

    def finish(self) -> None:
        """Start page, search and feed. Raises Rejected (field "place") for a file in the way."""
        Overview(self._folder, self._access, self._clock()).write()

    def signals(self, since: str) -> Iterator[tuple[list[Signal], str]]:  # noqa: ARG002
        """Nothing: a folder counts no readers."""
        return iter(())

    # -- reading --------------------------------------------------------------------------------

    def _page(self, id_: str, ref: str) -> Written | None:
        """The page of this id: where it was, at its own address, or wherever it was moved to."""
        for path in dict.fromkeys((ref, self._found.get(id_, ""), f"{id_}.html")):
            page = self._folder.page(path) if path else None
            if page is not None and page.mark.id == id_:
                return page
        if self._is_listed and not ref and id_ not in self._found:
            return None  # a new article: a thousand of them do not read the folder each
        return next((page for page in self._folder.pages() if page.mark.id == id_), None)

    def _live(self, page: Written) -> LivePage:
        changed = self._folder.changed_at(page.path)
        return LivePage(
            id=page.mark.id,
            ref=page.path,
            url=self._url(page.path),
            version=page.version,
            digest=page.mark.digest,
            state=page.mark.state,
            title=page.mark.title,
            changed_at=datetime.fromtimestamp(changed, UTC) if changed else None,
        )

    def _whole(self, page: Written) -> LivePage:
        said = page.article

        def known(value: str) -> str:
            return self._target(self._name_in(page.path, value)) or value

        return msgspec.structs.replace(
            self._live(page),
            fingerprint=fingerprint((), said, known),
            html=said.strip(),
            is_as_left=page.is_as_left,
        )

    def _target(self, name: str) -> str:
        """What a link within the site leads to: a file's bytes, or an article wherever it is."""
        if name.startswith(f"{FILES}/"):
            content = self._folder.content(name)
            return name if content is None else hashlib.sha256(content).hexdigest()
        if name.endswith(".html"):
            page = self._folder.page(name)  # none where it was: somebody moved it
            return f"article:{page.mark.id if page else PurePosixPath(name).stem}"
        return name

    def _read_back(self, id_: str, path: str) -> LivePage:
        page = self._folder.page(path)
        if page is None or page.mark.id != id_:
            text = f"{self.name}: the page of {id_} was removed while it was being written"
            raise PageEdited(text, system=self.name)
        return self._whole(page)

    def _name_in(self, path: str, value: str) -> str:
        """The name within the site of what a page there links to; "" for another site's."""
        value = html.unescape(value).partition("#")[0]
        if not value or ":" in value or value.startswith("/"):
            return ""
        parts: list[str] = path.split("/")[:-1]
        for piece in unquote(value).split("/"):
            if piece == ".." and parts:
                parts.pop()
            elif piece not in (".", "..", ""):
                parts.append(piece)
        return "/".join(parts)

    def _url(self, path: str) -> str:
        if self._access.url:
            return f"{self._access.url.rstrip('/')}/{quote(path)}"
        return self._folder.path(path).absolute().as_uri()

    # -- writing --------------------------------------------------------------------------------

    def _as_planned(self, page: ArticlePage, before: LivePage | None) -> tuple[str, Written | None]:
        """Where the page lies or will lie, and what stands there. Raises PageEdited, or Rejected
        for an address that is taken."""
        present = self._page(page.id, before.ref if before else "")
        self._refuse_edited(page.digest, before, present)
        return (present.path if present else self._free_path(page.id)), present

    def _with_files(self, page: ArticlePage, open_file: OpenFile) -> set[str]:
        """Let every file that readers are to see be there; their names within the site."""
        names: set[str] = set()
        if state_at(page, self._clock()) != PUBLISHED:
            return names
        shown = files_in(part.html for part in page.parts)
        for file in (each for each in page.files if each.name in shown):
            name = name_of(file, page.id)
            names.add(name)
            if self._folder.content(name) is None:
                self._folder.write(name, content_of(file, open_file, self.name))
        return names

    def _refuse_edited(self, digest: str, before: LivePage | None, present: Written | None) -> None:
        """Raises PageEdited when the file is neither as planned nor as a run of ours left it."""
        if present is None:
            if before is None:
                return
            raise self._deleted(before)
        if before is not None and before.version == present.version:
            return
        is_known = present.mark.digest == digest if digest else present.mark.state == WITHDRAWN
        if present.is_as_left and is_known:
            return
        text = (
            f"{self.name}: {present.path} was changed since this was planned; look at the change "
            "and take it into the article, or dismiss it"
        )
        raise PageEdited(text, system=self.name)

    def _deleted(self, before: LivePage) -> PageEdited:
        text = f"{self.name}: the page of {before.id} was deleted by hand since it was planned"
        return PageEdited(text, system=self.name)

    def _free_path(self, id_: str) -> str:
        path = f"{id_}.html"
        if id_ in _RESERVED or self._folder.is_taken(path):
            text = (
                f"{self.name}: the address {path} is taken by a page that is not ours; move that "
                "page, or give the article another id"
            )
            raise Rejected(text, system=self.name, field="id")
        return path

    def _drawn(
        self, page: ArticlePage, path: str, present: Written | None, address: Address
    ) -> bytes:
        """The file as it should be. When it says the same as before, with the time of then."""
        mark = self._mark(page)
        if present is not None:
            as_then = msgspec.structs.replace(mark, changed=present.mark.changed)
            mark = as_then if as_then == present.mark else mark
        if mark.state != PUBLISHED:
            return hidden_page(path, mark, page.language)
        parts = [self._addressed(page, part, path, address) for part in page.parts]
        return article_page(
            page,
            parts,
            path,
            mark,
            self._zone,
            lambda id_: self._link(id_, "", path, address),
            show_owner=self.audience == STAFF,
        )

    def _mark(self, page: ArticlePage) -> Mark:
        now = self._clock().astimezone(UTC)
        hidden = Mark(
            id=page.id,
            digest=page.digest,
            state=state_at(page, now),
            changed=now,
            language=page.language,
        )
        if hidden.state != PUBLISHED:
            return hidden
        return msgspec.structs.replace(
            hidden,
            title=page.title,
            summary=page.summary,
            subject=page.subject,
            subject_title=page.subject_title,
            keywords=page.keywords,
        )

    def _addressed(
        self, page: ArticlePage, part: PagePart, path: str, address: Address
    ) -> PagePart:
        names = {file.name: name_of(file, page.id) for file in page.files}
        made = resolved(
            part.html,
            lambda id_, key: self._link(id_, key, path, address),
            lambda name: relative(names.get(name, f"{FILES}/{page.id}/{name}"), path),
        )
        return msgspec.structs.replace(part, html=made)

    def _link(self, id_: str, key: str, path: str, address: Address) -> str | None:
        """From a page to another article; None as long as that has no page."""
        if address(id_) is None:
            return None
        if id_ not in self._found and not self._is_listed:
            for _ in self.pages():
                pass
        target = relative(self._found.get(id_, f"{id_}.html"), path)
        return f"{target}#{quote(key)}" if key else target


def _hidden(mark: Mark, state: str, now: datetime) -> Mark:
    """The mark of the same article without anything that readers may not see."""
    return Mark(
        id=mark.id, digest=mark.digest, state=state, changed=now.astimezone(UTC),
        language=mark.language,
    )  # fmt: skip
