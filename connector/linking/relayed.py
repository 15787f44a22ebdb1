"""Telephone messages taken for a colleague: who is to be called, on which number.

Also whether a text is about an old decision.
"""

from __future__ import annotations

import re

import msgspec

from connector.linking.contacts import NAME_WORD, may_hold_phone, names_in, phones_in

__all__ = ["Relayed", "about_old_decision", "names_in", "phones_in", "relayed"]


class Relayed(msgspec.Struct, frozen=True):
    """What a message that was taken for somebody gives: names, and telephone numbers in E.164."""

    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


# --- the message -----------------------------------------------------------------------------
_TAKEN = re.compile(
    r"\b(?:besked fra|telefonbesked|tlf\.?-?besked|omstilling(?:en)?\b|(?:har|havde) ringet"
    r"|ringede\b"
    r"|(?:bliver?|blive) ringet op|ringes (?:op|til|tilbage)|bedes ringe|ønsker (?:opkald"
    r"|opringning)"
    r"|(?:vil|ville|skal|må) (?:\w+ )?(?:gerne )?(?:ringes|have et opkald|kontaktes)"
    r"|bad om (?:at|en opringning|opringning)|opringning|spurgte efter dig|søgte dig|efterlyser dig"
    r"|har lagt (?:en )?besked|lagde (?:en )?besked|ring (?:\w+ )?(?:til|tilbage|op)\b"
    r"|ringe (?:\w+ )?(?:til|tilbage til|op til)\b|kontakte? (?-i:(?=[A-ZÆØÅ]))"
    r"|vil (?:gerne )?tale med dig|please call|call back|(?:has|have) called|called (?:for "
    r"you|about)"
    r"|message from|(?:wants|would like) (?:you to call|a call|to be called)|phone message"
    r"|asked for you)",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:(?:ring(?:e|er|es)?|kontakte?|fanges?|træffes?) (?:\w+ ){0,2}?(?:til |op til "
    r"|tilbage til )?(?:mig|os)\b"
    r"|jeg (?:\w+ ){0,2}?(?:har |havde )?(?:\w+ )?ring(?:ede|er|et|e)\b|(?:har|havde|kan) "
    r"jeg ringe?t?\b"
    r"|(?:jeg|vi) (?:vil|kan|skal|har) (?:\w+ ){0,2}(?:ringe|ringet|ringes|kontaktes)|mit "
    r"(?:tele)?(?:fon)?nummer"
    r"|min (?:tlf|telefon|mobil)|call me|i (?:\w+ )?called|my (?:number|phone)|vi ringede"
    r"|har vi ringet)",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?:^|[\n.!?,] ?)(?:med )?(?:venlig(?:e|st)? hilsen|de bedste hilsner|hilsen|hilsner"
    r"|mvh|m\.v\.h|vh|kh"
    r"|best regards|kind regards|regards)\b",
    re.IGNORECASE,
)
_GREETED = re.compile(
    rf"^\W{{0,3}}(?:Hej|Kære|Hi|Dear|Hello|Godmorgen|Goddag) {NAME_WORD}(?: {NAME_WORD}){{0,3}}"
)
_MESSAGE = 4_000  # characters; whoever takes a telephone message writes less
# A telephone message holds one of these: looked for first, because it is quick.
_WORDS = (
    " ring", "besked", "omstil", "opkald", "opring", "kontakt", "tale med", "spurgte", "søgte",
    "efterlys", "call", "asked for", "message",
)  # fmt: skip


def relayed(text: str) -> Relayed | None:
    """Whom a colleague or the switchboard asks to call; None for no such message or no number.

    A sender who wants to be called himself, or who has called, is none. Names in the greeting and
    in the signature are of those who write to each other and are left out. Only the first 4,000
    characters are looked at.
    """
    body = text[:_MESSAGE]
    if not (may_hold_phone(body) and _may_be_message(text) and phones_in(body)):
        return None
    if _TAKEN.search(body) is None:
        return None
    signed = _SIGNED.search(body, 1)
    body = body[: signed.start()] if signed else body
    greeted = _GREETED.match(body)
    body = body[greeted.end() :] if greeted else body
    if _TAKEN.search(_SELF.sub(" ", body)) is None:
        return None
    phones = phones_in(body)
    return Relayed(names_in(body), phones) if phones else None


def _may_be_message(text: str) -> bool:
    low = " " + text.lower()
    return any(map(low.__contains__, _WORDS))


# --- the old decision ------------------------------------------------------------------------
_NUISANCE = (
    r"(?:støj|larm|lugt|røg|nabo|hegn|hæk|hund|rotte|skimmel|parkering|trafik|byggeri|musik"
    r"|affald|skrald)"
)
_OLD_DECISION = re.compile(
    rf"\b(?:(?:på)?klag(?:e|er|en|ede|et|es|ende|erne)?(?:frist(?:en)?|vejledning(?:en)?"
    rf"|sag(?:en)?|nævn(?:et)?"
    rf"|adgang|mulighed(?:er)?)?\b(?!\s+(?:over|om)\s+(?:\w+\s+){{0,2}}?\w*{_NUISANCE})"
    r"|anke(?:r|de|t|n|sag(?:en)?|styrelsen(?:s)?)?\b|aktindsig\w*|agtindsigt\w*|akt\s+indsigt"
    r"|indsigt\s+i\s+(?:min|sagen|sagens|akterne|mine|alle|jeres)|egenacces|partsindsigt"
    r"|sagens\s+akter|hjemvis\w*|hjemsendt\s+fra|remitter\w*|genoptag\w*|genvurder\w*"
    r"|revurder\w*|omgør\w*"
    r"|(?<!til )(?<!som )(?:skades)?erstatning(?:en|er|s?(?:krav(?:et)?|sag(?:en)?"
    r"|ansvar\w*|pligtig\w*|opgørelse\w*))?\b"
    r"|tort(?:godtgørelse)?\b|(?:uenig|utilfreds)\w*\s+(?:i|med"
    r"|over)\s+(?:\w+\s+){0,2}?(?:afgørelse|afslag)\w*"
    r"|(?:gamle|tidligere|første|oprindelige)\s+(?:afgørelse|afslag)\w*|indsigelse\w*"
    r"|complain(?:t|ts|s|ed|ing)?\b|appeal(?:s|ed)?\b"
    r"|access\s+to\s+(?:\w+\s+)?(?:documents|file|files|records)"
    r"|freedom\s+of\s+information|remit(?:ted|tal)\b|damages\b|compensation\b|reopen\w*"
    r"|old\s+decision)",
    re.IGNORECASE,
)


def about_old_decision(text: str) -> str:
    """The word by which a text shows that it is about an old decision; "" when it is about none.

    Complaint, access to documents, remittal, reopening, damages. A complaint about a neighbour or
    noise is a new matter. Rather too much than too little: such a text waits for a person.
    """
    match = _OLD_DECISION.search(text)
    return match[0] if match else ""
