"""Dates as people read them."""

from __future__ import annotations

from datetime import date, datetime

from plone import api


def day(when: date) -> str:
    """The day in the site's way of writing it."""
    return str(api.portal.get_localized_time(datetime(when.year, when.month, when.day)))  # noqa: DTZ001
