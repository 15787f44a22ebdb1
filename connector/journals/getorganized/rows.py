"""GetOrganized's own forms: rows of metadata as XML, "id;#name" values, and bytes in JSON. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import date
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import msgspec

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KLE = re.compile(r"\b\d{2}\.\d{2}\.\d{2}\b")
FACET = re.compile(r"\b[A-ZÆØÅ]\d{2}\b")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LOGIN = re.compile(r"(?P<name>.*?)\s*\((?P<login>[^()]+)\)\s*")


def row_xml(values: Mapping[str, str]) -> str:
    """A z:row with these attributes, escaped. Empty ones are left out: no date may be empty."""
    attributes = "".join(
        f" {name}={quoteattr(_NO_XML.sub(' ', value))}" for name, value in values.items() if value
    )
    return f'<z:row xmlns:z="#RowsetSchema"{attributes}/>'


def read_row(xml: str) -> dict[str, str]:
    """The attributes of a z:row. Raises ValueError for what is no such row."""
    if "<!" in xml:
        raise ValueError("a declaration in a row of metadata")
    try:
        return dict(ElementTree.fromstring(xml).attrib)  # noqa: S314  no declarations, so no entities
    except ElementTree.ParseError as error:
        raise ValueError("no row of metadata") from error


def case_numbers(xml: str) -> list[str]:
    """The numbers in FindCases' XML; none when its status is not Success. Raises ValueError."""
    if "<!" in xml:
        raise ValueError("a declaration in a list of cases")
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314  no declarations, so no entities
    except ElementTree.ParseError as error:
        raise ValueError("no list of cases") from error
    if (status := root.find("ServiceStatus")) is not None and status.get("Status") != "Success":
        raise ValueError("the search did not succeed")
    return [number for each in root.iter("Case") if (number := each.get("CaseID"))]


def shown(value: str) -> str:
    """The name in SharePoint's "318;#25.02.00 Ejendomsbeskatning"; a plain value as it is."""
    number, divider, names = value.partition(";#")
    # Several values are "7;#one;#9;#two": the first is shown.
    is_number = bool(divider) and number.strip().isdigit()
    return names.partition(";#")[0].strip() if is_number else value.strip()


def owner(value: str) -> tuple[str, str]:
    """(name, login) of a people field such as "6548;#Anna Prøvesen(az0001)"."""
    name = shown(value)
    match = _LOGIN.fullmatch(name)
    return (match["name"], match["login"]) if match else (name, "")


def contact_name(value: str) -> str:
    """The name in CCMContactData, "name;#id;#CPR;#CVR;#P-number"; nothing else of it is read."""
    return value.partition(";#")[0].strip()


def day(value: str) -> date | None:
    """The day of "2026-11-20 14:56:05", None when it is no such time."""
    match = _DAY.match(value.strip())
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def bytes_json(content: bytes, form: str) -> msgspec.Raw:
    """Bytes in JSON: a list of "numbers", four times as long, or one text in "base64"."""
    if form == "base64":
        return msgspec.Raw(b'"' + base64.b64encode(content) + b'"')
    return msgspec.Raw(msgspec.json.encode(list(content)))


def code(pattern: re.Pattern[str], value: str) -> str:
    """The KLE code in "318;#25.02.00 Ejendomsbeskatning", "" without one."""
    match = pattern.search(shown(value))
    return match[0] if match else ""
