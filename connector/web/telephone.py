"""Telephone numbers as people read them: Danish ones in pairs, others with their country's code.

The API and the addresses of links keep E.164.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DANISH = re.compile(r"\+45(\d{8})", re.ASCII)
_MASKED = re.compile(r"\+45(\d{4,6})(\*{2,})", re.ASCII)  # as Microsoft's logs have it
_LAST_TWO = re.compile(r"\+•{8}(\d{2})", re.ASCII)  # as identity.show_phone writes a Danish one
_ANY = re.compile(r"(?<![\w+])\+(?:\d{4,15}\*{2,}|\d{8,15}|•{8}\d{2})(?![\d*•])", re.ASCII)


@lru_cache(maxsize=4096)
def readable(phone: str) -> str:
    """20 30 40 50, or +46 8 123 456 78; what is no number in E.164 stays as it is."""
    if found := _DANISH.fullmatch(phone):
        return _pairs(found[1])
    if found := _MASKED.fullmatch(phone):
        return f"{_pairs(found[1])} {found[2]}"
    if found := _LAST_TWO.fullmatch(phone):
        return f"•• •• •• {found[1]}"
    return _international(phone) if re.fullmatch(r"\+\d{8,15}", phone, re.ASCII) else phone


def readable_in(text: str) -> str:
    """The text with its numbers in E.164 as people read them."""
    return _ANY.sub(lambda found: readable(found[0]), text) if "+" in text else text


def _pairs(digits: str) -> str:
    return " ".join(digits[place : place + 2] for place in range(0, len(digits), 2))


def _international(phone: str) -> str:
    import phonenumbers  # 30 ms to load: only who meets a foreign number pays for it

    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
