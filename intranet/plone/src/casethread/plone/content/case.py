"""A behaviour for any type: the content belongs to a case."""

from __future__ import annotations

import re

from plone.autoform.interfaces import IFormFieldProvider
from plone.supermodel import model
from zope import schema
from zope.interface import provider

from casethread.plone import _

MOST_CHARACTERS = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class NotACaseNumber(schema.ValidationError):
    __doc__ = _("error_case_number", default="This is no case number")


def is_case_number(value: str) -> bool:
    """A number that may be asked for; whether there is such a case is for the connector to say."""
    if len(value) > MOST_CHARACTERS or _CONTROL.search(value) or not value.strip("./ "):
        raise NotACaseNumber(value)
    return True


@provider(IFormFieldProvider)
class ICaseContent(model.Schema):
    """Content that belongs to a case."""

    case_number = schema.TextLine(
        title=_("label_case_number", default="Case number"),
        description=_(
            "help_case_number",
            default="The calls and conversations of the case are shown to those who may see it.",
        ),
        required=False,
        constraint=is_case_number,
    )
