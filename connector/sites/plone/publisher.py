"""Articles as pages of a Plone site."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlencode

import msgspec

from connector.article import CITIZEN, ArticlePage, LivePage, PagePart, Signal, SiteAccess
from connector.errors import Denied, Gone, PageEdited, PageLocked, Rejected, RemoteError
from connector.model import Finding
from connector.ports import Address, OpenFile
from connector.sites.plone.answers import (
    Addable,
    Content,
    Counted,
    Found,
    TypeFields,
    counted_signal,
    moment,
)
from connector.sites.plone.files import Files, canonical_names
from connector.sites.plone.forms import DIRECT, INSIDE, Document, Form, KnowledgeArticle
from connector.sites.plone.links import Links, files_are_there, to_uid
from connector.sites.plone.mark import Mark
from connector.sites.plone.refusals import RIGHTS
from connector.sites.plone.service import Service
from connector.sites.plone.states import States
from connector.sites.plone.together import NewPage, Together, new_name
from connector.sites.showing import (
    DRAFT,
    PUBLISHED,
    WITHDRAWN,
    articles_in,
    checked_id,
    refuse_staff_text,
    resolved,
    state_at,
)


class PlonePublisher:
    """The pages of one folder of a site. `clock` is an argument so that tests choose the time."""

    def __init__(
        self,
        access: SiteAccess,
        service: Service,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = access.name
        self.audience = access.audience
        self._service = service
        self._clock = clock
        self._place = service.address(access.place)
        self._files = Files(service, self._place)
        self._states = States(service)
        self._links = Links(service.url, self._files, self._id_at)
        self._chosen: Form | None = None
        self._found: dict[str, Found | Content] = {}  # article id -> its page
        self._ids: dict[str, str] = {}  # UID, and address -> article id
        self._is_listed = False
        self._together = Together(service, self._place)
        self._made: dict[str, Content] = {}  # article id -> its page, made and not put yet

    # -- the Publisher protocol --------------------------------------------------------------

    def check(self) -> list[Finding]:
        """May we sign in, add pages to the folder, and of which type."""
        try:
            form = self._form()
            count = sum(1 for _ in self.pages())
        except Gone:
            what = f"{self._place} is not there"
            fix = f"make the folder, and give {self._service.user} {RIGHTS}"
            return [Finding(level="error", system=self.name, what=what, fix=fix)]
        except RemoteError as error:
            fix = f"look at url, place, user and secret_file of [sites.{self.name}]; {RIGHTS}"
            return [Finding(level="error", system=self.name, what=str(error), fix=fix)]
        said = f"{self._place} takes {form.type}; {count} pages of ours"
        return [Finding(level="ok", system=self.name, what=said)]

    def pages(self) -> Iterator[LivePage]:
        """Every page of ours anywhere on the site; of copies the one with the article's id."""
        form = self._form()  # proves the sign-in: a visitor would be shown a shorter list
        found: dict[str, Found] = {}
        for hit in self._service.search([form.type], **form.query()):
            id_ = form.id_of(hit)
            if id_ and (id_ not in found or hit.id == id_):
                found[id_] = hit
        self._found, self._ids, self._is_listed = {}, {}, True
        for id_, page in found.items():
            self._remember(id_, page)
        for hit in list(found.values()):
            yield self._live(hit)

    def read(self, live: LivePage) -> LivePage:
        """The page as it is now, found by its UID when it was moved."""
        content = self._content(live.url, live.ref)
        if content is None:
            raise Gone(f"{self.name}: the page of {live.id} is not there", system=self.name)
        return self._whole(content)

    @property
    def at_once(self) -> int:
        """Many where the add-on takes them; found out by asking it."""
        return self._together.most if isinstance(self._chosen, KnowledgeArticle) else 1

    def make(self, pages: Sequence[ArticlePage], address: Address) -> Mapping[str, str]:
        """Those without files that readers may see now. Others need more than one step."""
        form = self._form()
        self._list()
        fit = self._together.fitting(page for page in pages if self._is_simple(page))
        if not isinstance(form, KnowledgeArticle) or len(fit) < 2:
            return {}
        names = {page.id: new_name() for page in fit}
        made = self._together.make([self._new(form, page, names, address) for page in fit])
        for content in made:
            self._remember(form.id_of(content), content)
            self._made[form.id_of(content)] = content
        return {form.id_of(content): content.url for content in made}

    def put(
        self, page: ArticlePage, before: LivePage | None, open_file: OpenFile, address: Address
    ) -> LivePage:
        """Its files first; then the page, as a draft while it is new; then readers may see it."""
        refuse_staff_text(page, self.audience, self.name)
        checked_id(page, self.name)
        form = self._form()
        target = state_at(page, self._clock())
        if before is None and (made := self._just_made(form, page, target)) is not None:
            write = self._write_of(form, page, {}, address, target)
            return self._finished(page, self._shown(form, page, made, target, write), ())
        present = self._present(page.id, before)
        self._refuse_edited(form, before, present, target)
        if not form.keeps_staff_apart:
            page = self._without_staff(page)
        if present is None and page.files:
            self._refuse_taken(form, page)  # before its files are there
        uids: dict[str, str] = {}
        if target == PUBLISHED:
            will_take_time = self._files.lacks(page)
            uids = self._files.put(page, open_file)
            if will_take_time and present is not None:
                present = self._present_again(form, page, before, target)
        write = self._write_of(form, page, uids, address, target)
        if effective := self._effective(page, present, target):
            write.fields["effective"] = moment(effective)
        if present is None:
            content = self._created(form, page, write, before, target)
        else:
            content = self._change(form, present, write, target)
        content = self._shown(form, page, content, target, write)
        names = set(canonical_names(page).values()) if target == PUBLISHED else set()
        return self._finished(page, content, names)

    def _created(
        self, form: Form, page: ArticlePage, write: _Write, before: LivePage | None, target: str
    ) -> Content:
        """A new page; where our own stands at its address already, that one is changed."""
        try:
            return self._create(page, write)
        except Rejected as error:
            if error.field != "id":
                raise
        present = self._ours_at_address(form, page)
        self._refuse_edited(form, before, present, target)
        return self._change(form, present, write, target)

    def _present_again(
        self, form: Form, page: ArticlePage, before: LivePage | None, target: str
    ) -> Content | None:
        """Somebody may have been at the page while its files came. Raises PageEdited."""
        present = self._present(page.id, before)
        self._refuse_edited(form, before, present, target)
        return present

    def withdraw(self, before: LivePage) -> LivePage:
        """Out of its readers' sight by the workflow; then its files are removed."""
        form = self._form()
        present = self._present(before.id, before)
        self._refuse_edited(form, before, present, WITHDRAWN)
        assert present is not None  # noqa: S101  or it was refused
        content = self._hidden(form, before.id, present, WITHDRAWN)
        self._files.keep(before.id, ())
        self._remember(before.id, content)
        return self._whole(content)

    def finish(self) -> None:
        """Nothing: Plone lists and searches its pages by itself."""

    def signals(self, since: str) -> Iterator[tuple[list[Signal], str]]:
        """What the add-on counted; an ordinary Plone counts nothing.

        The last cursor goes back a day, because that day's counts may still grow.
        """
        if not isinstance(self._form(), KnowledgeArticle):
            return
        cursor, more = since, True
        while more:
            url = f"{self._place}/@casethread-signals?{urlencode({'since': cursor})}"
            try:
                counted = self._service.get(url, Counted)
            except Gone:
                return  # an add-on from before it counted
            yield [counted_signal(each) for each in counted.signals], counted.cursor
            more = counted.more and counted.cursor != cursor
            cursor = counted.cursor

    # -- reading ------------------------------------------------------------------------------

    def _form(self) -> Form:
        """The form of pages in the folder. Raises Denied when we may add none, Gone without it."""
        if self._chosen is None:
            url = f"{self._place}/@types"
            offered = {each.id: each.addable for each in self._service.get(url, list[Addable])}
            form: Form = KnowledgeArticle()
            if form.type not in offered:
                fields = self._service.get(f"{self._service.url}/@types/Document", TypeFields)
                form = Document(has_blocks="blocks" in fields.properties)
            if not offered.get(form.type):
                text = (
                    f"{self.name}: {self._service.user} may not add a {form.type} to {self._place};"
                    f" an administrator gives it {RIGHTS}"
                )
                raise Denied(text, system=self.name)
            self._chosen = form
        return self._chosen

    def _content(self, url: str, uid: str) -> Content | None:
        """The object with this UID: where it was, or where the catalog has it now."""
        try:
            content = self._service.get(url, Content)
            if content.uid == uid:
                return content
        except Gone:
            pass
        for hit in self._service.search([], UID=uid):
            if hit.uid == uid:
                try:
                    return self._service.get(hit.url, Content)
                except Gone:
                    return None
        return None

    def _present(self, id_: str, before: LivePage | None) -> Content | None:
        """The article's page as it is now. A new article is not looked for: making it tells."""
        if before is not None:
            return self._content(before.url, before.ref)
        self._list()
        found = self._found.get(id_)
        return self._content(found.url, found.uid) if found else None

    def _ours_at_address(self, form: Form, page: ArticlePage) -> Content:
        """The page that has the address already, when it is ours: a run that was cut made it."""
        content = self._service.get(f"{self._place}/{page.id}", Content)
        if form.id_of(content) == page.id:
            return content
        text = (
            f"{self.name}: {self._place}/{page.id} is a page that is not ours; move it, or give "
            "the article another id"
        )
        raise Rejected(text, system=self.name, field="id")

    def _refuse_taken(self, form: Form, page: ArticlePage) -> None:
        with suppress(Gone):
            self._ours_at_address(form, page)

    def _live(self, page: Found | Content) -> LivePage:
        form = self._form()
        mark = form.mark_of(page)
        return LivePage(
            id=form.id_of(page),
            ref=page.uid,
            url=page.url,
            version=f"{page.modified} {page.review_state} {mark.left[:12]}",
            digest=mark.digest,
            state=_state(form, page, mark),
            title=page.title,
            changed_at=_time(page.modified),
        )

    def _whole(self, content: Content) -> LivePage:
        form = self._form()
        lock = content.lock
        shown, mark = self._fingerprint(content), form.mark_of(content)
        return msgspec.structs.replace(
            self._live(content),
            fingerprint=shown,
            html=form.html_of(content),
            is_as_left=shown == mark.left if mark.left else None,
            locked_by=(lock.creator_name or lock.creator) if self._is_held(content) else "",
        )

    def _is_held(self, content: Content) -> bool:
        return content.lock.locked and content.lock.creator != self._service.user

    def _fingerprint(self, content: Content) -> str:
        return self._form().fingerprint_of(
            content, lambda value: self._links.canonical(value, content.url)
        )

    def _uid_of(self, id_: str) -> str:
        found = self._found.get(id_)
        return found.uid if found else ""

    def _remember(self, id_: str, page: Found | Content) -> None:
        self._found[id_] = page
        self._ids[page.uid] = self._ids[page.url] = id_

    def _list(self) -> None:
        if not self._is_listed:
            for _ in self.pages():
                pass

    def _id_at(self, uid_or_url: str) -> str:
        """The article whose page this is; "" for none of ours."""
        self._list()
        return self._ids.get(uid_or_url, "")

    # -- writing ------------------------------------------------------------------------------

    def _is_simple(self, page: ArticlePage) -> bool:
        """Whether it is made by one request. What a site may not have is told by its `put`."""
        with suppress(Rejected):
            refuse_staff_text(page, self.audience, self.name)
            checked_id(page, self.name)
            is_new = page.id not in self._found
            return is_new and not page.files and state_at(page, self._clock()) == PUBLISHED
        return False

    def _new(
        self, form: Form, page: ArticlePage, names: Mapping[str, str], address: Address
    ) -> NewPage:
        """A page as it is asked for; `names` stand for the UIDs that the site will choose."""

        def there(id_: str) -> str | None:
            return f"{self._place}/{id_}" if id_ in names else address(id_)

        write = self._write_of(form, page, {}, there, PUBLISHED, names)
        effective = moment(self._effective(page, None, PUBLISHED))
        article = {"id": page.id, **write.fields, "effective": effective}
        move = DIRECT[0] if page.audience == CITIZEN else INSIDE[0]
        return NewPage(name=names[page.id], move=move, article=article)

    def _just_made(self, form: Form, page: ArticlePage, target: str) -> Content | None:
        """The page as `make` left it, when this is the same one and it is still time for it."""
        made = self._made.pop(page.id, None)
        if made is None or form.mark_of(made).digest != page.digest or target != PUBLISHED:
            return None
        return made

    def _finished(self, page: ArticlePage, content: Content, names: Collection[str]) -> LivePage:
        """Without the files that the page does not show."""
        self._files.keep(page.id, names)
        self._remember(page.id, content)
        return self._whole(content)

    def _refuse_edited(
        self, form: Form, before: LivePage | None, present: Content | None, target: str
    ) -> None:
        """Raises PageLocked, or PageEdited when the page is neither as planned nor as a run of
        ours left it."""
        if present is None:
            if before is None:
                return
            text = f"{self.name}: the page of {before.id} was deleted by hand since it was planned"
            raise PageEdited(text, system=self.name)
        if self._is_held(present):
            who = present.lock.creator_name or present.lock.creator
            text = f"{self.name}: {who} is editing {present.url}; tried again later"
            raise PageLocked(text, system=self.name)
        now, mark = self._whole(present), form.mark_of(present)
        if before is not None and before.fingerprint == now.fingerprint:
            is_known = before.state == now.state or now.state == target
        else:
            is_known = mark.left == now.fingerprint and (
                before is None or now.state in (before.state, target)
            )
        if not is_known:
            text = (
                f"{self.name}: {present.url} was changed since this was planned; look at the "
                "change and take it into the article, or dismiss it"
            )
            raise PageEdited(text, system=self.name)

    def _without_staff(self, page: ArticlePage) -> ArticlePage:
        """For a form that shows everybody the same. Raises Rejected for an article for staff."""
        if page.audience != CITIZEN:
            text = (
                f"{self.name}: article {page.id} is for staff, and this site shows its pages to "
                "visitors; install the add-on casethread.plone there"
            )
            raise Rejected(text, system=self.name, field="audience")
        parts = tuple(part for part in page.parts if part.audience == CITIZEN)
        return msgspec.structs.replace(page, parts=parts)

    def _write_of(
        self,
        form: Form,
        page: ArticlePage,
        uids: dict[str, str],
        address: Address,
        target: str,
        new: Mapping[str, str] = MappingProxyType({}),
    ) -> _Write:
        """What is written of a page, with the mark by which it is known again. `new` has names in
        the place of the UIDs of pages that are made together with this one."""
        linked = articles_in(part.html for part in page.parts)
        missing = {id_ for id_ in linked if address(id_) is None}

        def to_article(id_: str, key: str) -> str | None:
            if id_ in missing:
                return None
            if uid := new.get(id_) or self._uid_of(id_):
                return to_uid(uid, key)
            url = address(id_) or ""
            return f"{url}#{key}" if key else url

        def named(id_: str, key: str) -> str | None:
            if id_ in missing or not (id_ in new or id_ in self._found):
                return to_article(id_, key)
            return f"article:{id_}#{key}" if key else f"article:{id_}"

        names = canonical_names(page)
        parts = _with_links(
            page, to_article, lambda name: to_uid(uids.get(name, "0" * 32), names.get(name, name))
        )
        expected = _with_links(page, named, lambda name: f"file:{names.get(name, name)}")
        mark = Mark(
            digest=page.digest,
            left=form.expected(page, expected),
            missing=tuple(sorted(missing)),
            is_withdrawn=target == WITHDRAWN,
        )
        return _Write(
            page_id=page.id,
            fields=form.fields(page, parts, mark),
            mark=mark,
            uids=tuple(uids.values()),
        )

    def _effective(
        self, page: ArticlePage, present: Content | None, target: str
    ) -> datetime | None:
        """The date of publication that is written; None leaves what is there.

        Plone would take its own clock's with the first publication; an old one that lies ahead
        would hide the page.
        """
        now = self._clock()
        if page.effective is not None or target != PUBLISHED:
            return page.effective
        since = _time(present.effective or "") if present else None
        return now if since is None or since > now else None

    def _create(self, page: ArticlePage, write: _Write) -> Content:
        value = {"@type": self._form().type, "id": page.id, **write.fields}
        return self._service.write("POST", self._place, value, Content)

    def _change(self, form: Form, present: Content, write: _Write, target: str) -> Content:
        """Write the fields, unless they are there already and nobody changed them."""
        if target != PUBLISHED:
            present = self._hidden(form, write.page_id, present, target)
        mark = form.mark_of(present)
        is_there = msgspec.structs.replace(mark, left=write.mark.left) == write.mark
        if target == PUBLISHED and not files_are_there(form.html_of(present), write.uids):
            is_there = False
        if is_there and self._fingerprint(present) == mark.left:
            return present
        return self._service.write("PATCH", present.url, write.fields, Content, shows=True)

    def _shown(
        self, form: Form, page: ArticlePage, content: Content, target: str, write: _Write
    ) -> Content:
        """Let readers see the page when it is time; keep how it reads, where Plone changed that."""
        read = self._fingerprint(content)
        if read != form.mark_of(content).left:
            mark = msgspec.structs.replace(write.mark, left=read)
            content = self._mark(form, page.id, content, mark)
        if target != PUBLISHED:
            return content
        return self._states.move_to_readers(content, is_inner=page.audience != CITIZEN)

    def _hidden(self, form: Form, id_: str, content: Content, target: str) -> Content:
        """Take the page from its readers, and say that it was withdrawn."""
        content = self._states.move_from_readers(content, is_draft=target == DRAFT)
        mark = form.mark_of(content)
        if target == WITHDRAWN and _state(form, content, mark) != WITHDRAWN:
            marked = msgspec.structs.replace(mark, is_withdrawn=True)
            content = self._mark(form, id_, content, marked)
        return content

    def _mark(self, form: Form, id_: str, content: Content, mark: Mark) -> Content:
        value = form.marked(id_, mark)
        return self._service.write("PATCH", content.url, value, Content, shows=True)


class _Write(msgspec.Struct, frozen=True, kw_only=True):
    """What is to stand on a page."""

    page_id: str
    fields: dict[str, object]
    mark: Mark
    uids: tuple[str, ...]  # of the files that the text shows


def _with_links(
    page: ArticlePage, article: Callable[[str, str], str | None], file: Callable[[str], str]
) -> Sequence[PagePart]:
    return [
        msgspec.structs.replace(part, html=resolved(part.html, article, file))
        for part in page.parts
    ]


def _state(form: Form, page: Found | Content, mark: Mark) -> str:
    if page.review_state in form.seen_in:
        return PUBLISHED
    return WITHDRAWN if page.review_state == "withdrawn" or mark.is_withdrawn else DRAFT


def _time(text: str) -> datetime | None:
    """A time as Plone writes it; None for none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
