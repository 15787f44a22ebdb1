"""The fields of an article, each as the present reader may see it."""

from __future__ import annotations

from datetime import UTC, datetime

from plone.app.textfield.value import RichTextValue
from plone.autoform import directives
from plone.autoform.interfaces import IFormFieldProvider
from plone.supermodel import model
from Products.PortalTransforms.transforms.safe_html import SafeHTML
from zope import schema
from zope.component import adapter
from zope.interface import implementer, provider
from zope.schema.vocabulary import SimpleTerm, SimpleVocabulary

from casethread.plone import _
from casethread.plone.content import parts as sections
from casethread.plone.content.article import keep, kept
from casethread.plone.content.parts import CITIZEN, STAFF, UNIT, Part
from casethread.plone.content.reader import reader_of
from casethread.plone.interfaces import IKnowledgeArticle

NATIONAL, LOCAL, BOTH = "national", "local", "both"

AUDIENCE_WORDS = {
    CITIZEN: _("audience_citizen", default="Everybody"),
    STAFF: _("audience_staff", default="Staff"),
    UNIT: _("audience_unit", default="One unit"),
}
SOURCE_WORDS = {
    NATIONAL: _("source_national", default="National text"),
    LOCAL: _("source_local", default="Local text"),
    BOTH: _("source_both", default="National text with local additions"),
}


def _terms(words: dict[str, str]) -> SimpleVocabulary:
    return SimpleVocabulary([SimpleTerm(name, name, title) for name, title in words.items()])


class NotParts(schema.ValidationError):
    """Text that is no list of sections."""

    def doc(self) -> str:
        return str(self)


def _are_parts(value: str) -> bool:
    try:
        sections.parse_parts(value)
    except sections.NoParts as error:
        raise NotParts(str(error)) from error
    return True


@provider(IFormFieldProvider)
class IKnowledge(model.Schema):
    """What a knowledge article has beside its title, summary, language, keywords and dates."""

    model.fieldset(
        "knowledge",
        label=_("fieldset_knowledge", default="Knowledge"),
        fields=["audience", "subject_kle", "subject_title", "owner_name", "owner_upn",
                "owner_unit", "review_by", "article_source"],
    )  # fmt: skip
    audience = schema.Choice(
        title=_("label_audience", default="Who the article is for"),
        vocabulary=_terms(AUDIENCE_WORDS),
        default=CITIZEN,
    )
    subject_kle = schema.TextLine(
        title=_("label_subject_kle", default="KLE number"), required=False
    )
    subject_title = schema.TextLine(
        title=_("label_subject_title", default="Subject"), required=False
    )
    owner_name = schema.TextLine(
        title=_("label_owner_name", default="Who answers for the article"),
        description=_("help_owner_name", default="Shown to staff alone."),
        required=False,
    )
    owner_upn = schema.TextLine(
        title=_("label_owner_upn", default="Their sign-in name (UPN)"),
        description=_("help_owner_upn", default="Shown to nobody; asks whether they are free."),
        required=False,
    )
    owner_unit = schema.TextLine(
        title=_("label_owner_unit", default="Unit that answers for it"), required=False
    )
    review_by = schema.Date(title=_("label_review_by", default="To be reviewed by"), required=False)
    article_source = schema.Choice(
        title=_("label_source", default="Whose text it is"),
        vocabulary=_terms(SOURCE_WORDS),
        default=LOCAL,
    )
    # What the connector keeps with the page; nobody types it.
    article_id = schema.TextLine(title=_("label_article_id", default="Id"), required=False)
    article_digest = schema.TextLine(title=_("label_digest", default="Digest"), required=False)
    is_overdue = schema.Bool(
        title=_("label_is_overdue", default="Its review is overdue"), required=False, default=False
    )
    parts = schema.Text(
        title=_("label_parts", default="Sections (JSON)"), required=False, constraint=_are_parts
    )
    directives.omitted("article_id", "article_digest", "is_overdue", "parts")


def _field(name: str) -> property:
    field = IKnowledge[name]

    def get(self: Knowledge) -> object:
        return kept(self.context, name, field.default)

    def set_(self: Knowledge, value: object) -> None:
        keep(self.context, name, value)

    return property(get, set_)


def _staff_field(name: str) -> property:
    """A field that visitors are not told."""

    def get(self: Knowledge) -> object:
        reader = reader_of(self.context)
        return kept(self.context, name) if reader.is_staff or reader.is_editor else None

    def set_(self: Knowledge, value: object) -> None:
        keep(self.context, name, value)

    return property(get, set_)


@implementer(IKnowledge)
@adapter(IKnowledgeArticle)
class Knowledge:
    """An article's fields for the present user. REST, forms, versions and views all read these."""

    def __init__(self, context: object) -> None:
        self.context = context

    audience = _field("audience")
    subject_kle = _field("subject_kle")
    subject_title = _field("subject_title")
    owner_unit = _field("owner_unit")
    review_by = _field("review_by")
    article_source = _field("article_source")
    article_id = _field("article_id")
    article_digest = _field("article_digest")
    is_overdue = _field("is_overdue")
    owner_name = _staff_field("owner_name")
    owner_upn = _staff_field("owner_upn")

    @property
    def parts(self) -> str:
        """JSON of the sections that the present user may see."""
        return sections.write_parts(parts_for_reader(self.context))

    @parts.setter
    def parts(self, text: str | None) -> None:
        found = [
            Part(
                key=part.key,
                heading=part.heading,
                html=made_safe(part.html),
                audience=part.audience,
                unit=part.unit,
            )
            for part in sections.parse_parts(text)
        ]
        keep(self.context, "parts", sections.write_parts(found))


def made_safe(html: str) -> str:
    """A section's HTML as it may be kept: without script, and letters instead of entities."""
    return str(SafeHTML().scrub_html(html))


def all_parts(article: object) -> tuple[Part, ...]:
    """The sections as they are kept, whoever asks."""
    return sections.parse_parts(str(kept(article, "parts", "")))


def parts_for_reader(article: object) -> tuple[Part, ...]:
    """The sections that the present user may see now."""
    reader = reader_of(article)
    if not reader.is_editor and not is_in_force(article):
        return ()  # Plone hides it from searches, but shows it to whoever knows its address
    return sections.seen_by(reader, all_parts(article))


def is_in_force(article: object) -> bool:
    """Whether now is between the dates it is valid from and to."""
    now = datetime.now(UTC)
    begins, ends = article.effective(), article.expires()
    return _moment(begins) <= now < _moment(ends)


def _moment(moment: object) -> datetime:
    return datetime.fromtimestamp(moment.timeTime(), UTC)


def shown(article: object, part: Part) -> str:
    """A section's HTML with the addresses of this site, made safe."""
    value = RichTextValue(part.html, "text/html", "text/x-html-safe")
    return value.output_relative_to(article) or ""
