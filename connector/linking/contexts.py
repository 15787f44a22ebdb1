"""What stands round a number: a word such as "sagsnr." before it, or a date that it is part of.

Only the words and signs that touch the hit are looked at, so a hit costs the same in a message of
ten lines and of ten megabytes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from connector.identity import CPR, is_cpr

_BEFORE = 48  # characters: the longest label with its signs
_LONGEST_LINK = 2048  # characters of a web address before the number in it
_MARKS = "(\"'»#.,:-"
_BLANKS = " \t\r\n\u00a0.:;#=(\"'»-"

_LABEL = re.compile(
    r"\w*sag(?:en|er|erne|s|ens)?|\w*sags?n(?:r|ummer|ummeret|umre)|sags?-?id"
    r"|j\.?nr|jnr|journal(?:nr|nummer|nummeret|sag)?|case|record|ref(?:erence)?|esdh|diarienr"
    r"|saksnr|saksnummer|sak|ärende|ärendenr|dnr|zaak|zaaknummer"
)
_NUMBER_WORDS = frozenset(("nr", "no", "nummer", "number", "id"))
_OTHER = re.compile(
    r"\w*konto\w*|iban|bic|reg|regnr|cvr\w*|ean\w*|p|pnr|faktura\w*|ordre\w*|matr\w*|kl|klokken|cpr\w*|kr|dkk|eur"
    r"|tlf|telefon\w*|tel|mobil\w*|mob|fax|\+\d{1,3}|00\d{2,3}"
)
_CALLING = frozenset(("ring", "ringe", "ringer", "ringede", "kald", "sms"))

# What follows is asked of digits and signs alone ("2022-1170"), and only without a label.
_CALLED = re.compile(
    r"(?<!\w)(?:ring(?:e|er|es|ede|et)?|kald(?:e|er|es|te|t)?|sms(?:e|er)?|call(?:ed|ing)?|træffes"
    r"|træffer|fanges|kontaktes)"
    r"(?:(?: (?!om |ang|vedr|sag|about |re )[^\s.;!?]+){0,5} (?:på|til|at|on)"
    r"|(?: (?:op|tilbage|igen|lige|venligst|mig|ham|hende|os|dem|back|me|us)){0,4})$"
)
_ACCOUNT = re.compile(r"\w*konto\w*|iban|bic|swift|reg|regnr|giro\w*|tlf|telefon\w*|tel|mobil\w*")
_COUNTED = re.compile(  # "uge 2024-45", "§ 16/160", "forordning (EU) 2016/679"
    r"ugen?|uger(?:ne)?|weeks?|(?:\S*§)|paragraf(?:fen)?|stk|pkt|punkt|sider?|pages?|kap|kapitel|bind"
    r"|eu|ef|eøf|forordning(?:en)?|direktiv(?:et)?|regulation|directive|bek|lbk|lov(?:en)?"
    r"|\w*bekendtgørelse(?:n)?"
)
_UNIT = re.compile(
    r"\s?(?:[cmk]?m[2²3³]|kvm|kvadratmeter|mm|cm|km|kg|mg|ml|stk|pct|procent|grader|timer|minutter"
    r"|dage|uger|måneder|mdr|liter|meter|hektar|ha|kwh|mwh|kw|mmhg)(?!\w)|\s?°",
    re.IGNORECASE,
)
_RUN = "0123456789+" + _BLANKS

_AFTER = re.compile(
    r"\s?(?:kr|dkk|eur|kroner|euro)\b|,-(?!\w)|\s?[€%$]|[\w.+-]{0,64}@\w", re.IGNORECASE
)
_DASH = r"\s{0,3}[-‐‑‒–—−]\s{0,3}"
_DATE = re.compile(
    rf"[0-3]?\d\s?/\s?[01]?\d{_DASH}(?:(?:19|20)\d\d|\d\d)"  # 12/11-2024
    r"|(?:19|20)\d\d\s?/\s?[01]\d[-/][0-3]\d"  # 2024/11-12
)
_YEAR_AFTER = re.compile(rf"(?:[./, ]|{_DASH})(?:19|20)?\d\d(?!\d)")
_PAIR = re.compile(r"([0-9]{1,6})[^0-9]{1,9}([0-9]{1,6})")
_SIX = re.compile(r"[0-9]{6}")
_IP = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_LINK = re.compile(r"://|\bwww\.|\w\.[a-z]{2,10}[/:]|\w@", re.IGNORECASE)
_CLEAR = frozenset(".:;)?!")  # after most hits; nothing of another kind begins so
_ENDS = " \n\t\r\u00a0<>\"'(),;"


def verdict_on(text: str, start: int, end: int, *, is_register: bool = False) -> bool | None:
    """True: "sagsnr." or the like announces it; False: it stands alone; None: no case number.

    No case number are parts of links, addresses, CPR, telephone and account numbers, dates, times
    and prices. A day and month ("24/12"), a year and month ("2024-12"), a span of years
    ("2023-2024") and a school year ("2024/25") can be case numbers too, and so can digits and signs
    that one is asked to ring, that follow on "konto 1234", "uge" or "§", or that a unit follows:
    they count as one only after a label, or where they stand in the register (`is_register`).
    """
    # "27.45.04-P19 ..." right after a space, as most are, is in no link.
    if start and text[start - 1] not in _ENDS and _is_in_link(text, start):
        return None
    words = text[max(0, start - _BEFORE) : start].rstrip(_BLANKS).lower().rsplit(None, 2)[-2:]
    announced = _announced(*words) if words else ""
    if announced == "other" or (text[end : end + 1] not in _CLEAR and _AFTER.match(text, end)):
        return None
    labelled = is_register or announced == "case"
    raw = text[start:end]
    if "." in raw and _IP.search(raw):
        return None
    if raw.upper() != raw.lower():  # a date, a price or a telephone number has no letter in it
        return labelled
    if not labelled and "." not in raw and _is_told_other(text, start, end):
        return None
    return None if _is_other_number(text, start, end, raw, labelled) else labelled


def _is_told_other(text: str, start: int, end: int) -> bool:
    """Digits that words further away call something else: "ring mig på", "konto 1234", "m2"."""
    if _UNIT.match(text, end):
        return True
    near = text[max(0, start - _BEFORE) : start].rstrip(_BLANKS)
    head = near.rstrip(_RUN)
    words = head.split()
    if not words:
        return False
    if head != near:  # digits of the same run stand between: "IBAN DK50 0040 2022-1170"
        last = words[-1]
        is_country = last.isupper() and len(last) == 2 and near[len(head)].isdigit()
        said = [word.lower().strip(_MARKS) for word in words[-2:]]
        while len(said) > 1 and said[-1] in _NUMBER_WORDS:
            said.pop()
        name = said[-1].rpartition(".")[0] or said[-1]  # "reg.nr", "tlf.nr"
        return is_country or _ACCOUNT.fullmatch(name) is not None
    if _COUNTED.fullmatch(words[-1].lower().strip(_MARKS + ")")):
        return True
    return _CALLED.search(" ".join(words).lower()) is not None


@lru_cache(maxsize=4096)  # people use the same words before a number again and again
def _announced(*words: str) -> str:
    """What the one or two words before a number say that it is: "case", "other" or nothing."""
    last = words[-1].strip(_MARKS)
    before = words[0].strip(_MARKS) if len(words) > 1 else ""
    if last in ("på", "til") and before in _CALLING:
        return "other"
    if last in _NUMBER_WORDS:
        last = before
    head, _, tail = last.rpartition(".")  # "j.nr", "reg.nr"
    if head and tail in _NUMBER_WORDS:
        last = "jnr" if head in ("j", "jour", "journ") else head
    last = last.rpartition("/")[2]
    if _LABEL.fullmatch(last):
        return "case"
    return "other" if _OTHER.fullmatch(last.removesuffix("nr").rstrip(".-") or last) else ""


def _is_other_number(text: str, start: int, end: int, raw: str, labelled: bool) -> bool:
    """Digits and signs alone: are they a date, a span of years or (part of) a CPR number?"""
    pair = _PAIR.fullmatch(raw)
    if pair:
        return _is_day_or_years(pair[1], pair[2], "/" in raw) and (
            not labelled or _YEAR_AFTER.match(text, end) is not None
        )
    if _DATE.fullmatch(raw):
        return True
    return _SIX.search(raw) is not None and any(
        match.start() < end and match.end() > start and is_cpr(match[0])
        for match in CPR.finditer(text, max(0, start - 12), end + 12)
    )


def _is_in_link(text: str, start: int) -> bool:
    low = max(0, start - _LONGEST_LINK)
    begin = max(low, *(text.rfind(sign, low, start) + 1 for sign in _ENDS))
    return _LINK.search(text, begin, start) is not None


def _is_day_or_years(left: str, right: str, slash: bool) -> bool:
    first, second = int(left), int(right)
    if len(left) <= 2:
        is_day = slash and 1 <= first <= 31 and 1 <= second <= 12
        is_month = slash and 1 <= first <= 12 and len(right) == 4 and 1900 <= second < 2100
        return is_day or is_month
    if len(left) == 4 and 1900 <= first < 2100:
        is_span = len(right) == 4 and first <= second < 2100
        is_month = len(right) == 2 and 1 <= second <= 12
        return is_span or is_month or (len(right) == 2 and second == (first + 1) % 100)
    return False
