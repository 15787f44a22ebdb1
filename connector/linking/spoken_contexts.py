"""What the words round a spoken number say that it is: a case, a telephone number, a price.

Like contexts.py for written numbers, but people put more words between the label and the number
("sagsnummeret det er altså øh ...").
"""

from __future__ import annotations

import re

from connector.linking.spoken_words import FILLERS, JOINS, words_of

_CASE = re.compile(r"\w*sag(?:en|er|s|ens)?|case|ref|record|reference|sak|zaak|ærende|ärende|esdh")
_CASE_NUMBER = re.compile(
    r"\w*sags?n(?:r|ummer|ummeret|umre)|sagsid|j\.?nr|jnr|journal(?:nr|nummer|nummeret)?|esdhnr"
    r"|saksnr|saksnummer|ärendenr|dnr|diarienr|zaaknummer"
)
_OTHER = re.compile(
    r"telefon\w*|tlf\w*|tel|phone|mobil\w*|mob|fax|ring\w*|kald\w*|træff\w*|fang\w*|sms|call\w*"
    r"|reach|konto\w*|account|reg|reg(?:istrerings)?n(?:r|ummer\w*)|cvr\w*|ean\w*|cpr\w*"
    r"|personn(?:r|ummer\w*)|faktura\w*|invoice|ordre\w*|order|matrikel\w*|matr|kl|klokken|o'clock"
    r"|kr|dkk|eur|pris\w*|beløb\w*|født|fødselsdag\w*|born|dato\w*|postnummer\w*|vej|gade"
    r"|lokal(?:nummer)?|pin\w*|kode\w*|code"
)
_NUMBER = words_of("nummer nummeret nr no number id")
_BETWEEN = words_of(
    "er det hedder lyder på har mit min vores jeres deres som om under vedrørende følgende fået",
    "står her my our your the is has about concerning regarding",
)
_SKIPPED = _BETWEEN | FILLERS | JOINS | _NUMBER
_BEFORE = 100  # characters
_WORDS = 8  # between the label and the number
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_UNIT = re.compile(
    r"[\s,.]{0,3}(?:kr|kroner|dkk|euro?s?|dollars?|pund|procent|percent|øre|år|years?|årig\w*|dage?"
    r"|days?|uger?|måneder|timer?|hours?|minut\w*|sekund\w*|meter|kilometer|kvadrat\w*|kubik\w*"
    r"|kilo\w*|gram|grader|styks?|stk|gange|times|mennesker|personer|million\w*|[ap]\.?m)\b"
    r"|\s?[%€$]",
    re.IGNORECASE,
)


def announced(text: str, start: int) -> str:
    """What the words before say: "number" (sagsnummer), "case" (sagen), "other" or nothing."""
    words = [word.lower() for word in _WORD.findall(text, max(0, start - _BEFORE), start)]
    after = ""
    for word in reversed(words[-_WORDS:]):
        if _OTHER.fullmatch(word):
            return "other"
        if _CASE_NUMBER.fullmatch(word):
            return "number"
        if _CASE.fullmatch(word):
            return "number" if after in _NUMBER else "case"
        if word not in _SKIPPED:
            return ""
        after = word
    return ""


def is_amount(text: str, end: int) -> bool:
    """Whether a unit stands behind: kroner, år, meter."""
    return _UNIT.match(text, end) is not None


def is_other(word: str) -> bool:
    """Whether a word names numbers of another kind: CPR, konto, telefon."""
    return _OTHER.fullmatch(word.lower()) is not None
