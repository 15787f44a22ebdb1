"""An answer of EWS as XML, and what a refusal in it says. Pure."""

from __future__ import annotations

import re

from lxml import etree

from connector.sources.exchange import wire

_END = b"Envelope>"
_FORBIDDEN = re.compile(  # control characters, as they are or written out
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
)


class NotSoap(ValueError):
    """The answer is no SOAP, or was cut."""


def parsed(content: bytes) -> wire.Element:
    """An answer as XML. Characters that XML forbids are left out, as real servers send them.

    Raises NotSoap.
    """
    try:
        return etree.fromstring(content, parser=_strict())
    except etree.XMLSyntaxError as error:
        if not content.rstrip().endswith(_END):
            raise NotSoap("the answer is no SOAP, or is cut") from error
    try:
        return etree.fromstring(_FORBIDDEN.sub(b"", content), parser=_strict())
    except etree.XMLSyntaxError as error:
        raise NotSoap("the answer is broken") from error


def _strict() -> etree.XMLParser:
    """No entities, nothing fetched; huge, because bodies and recordings may be."""
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def fault_of(fault: wire.Element) -> tuple[str, str, float | None]:
    """(code, text, how long to wait in seconds) of a SOAP fault."""
    detail = fault.find("detail")
    code = detail.findtext(wire.E + "ResponseCode") if detail is not None else None
    text = detail.findtext(wire.E + "Message") if detail is not None else None
    wait: float | None = None
    for value in detail.iter(wire.T + "Value") if detail is not None else ():
        if value.get("Name") == "BackOffMilliseconds" and (value.text or "").isdigit():
            wait = int(value.text) / 1000
    fallback = (fault.findtext("faultcode") or "").rpartition(":")[2]
    return (code or fallback or "SOAP fault").strip(), (text or "").strip(), wait
