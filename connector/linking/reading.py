"""Reads a communication: its own words, what it quotes, case numbers in both, who takes part."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from itertools import accumulate

import msgspec

from connector.identity import GUEST, is_guest, normalise_phone
from connector.linking.communication import Communication, Participant
from connector.linking.contacts import LEAST_DIGITS, digit_span
from connector.linking.keys import department_key
from connector.linking.patterns import Hit, Scanner
from connector.linking.plain import parts, plain
from connector.linking.relayed import names_in, relayed
from connector.linking.remarks import Remark, corrections, remark
from connector.linking.slips import mended
from connector.linking.spoken import Speech
from connector.linking.subject import PHONE, READ_CHARS, Naming, Subject

_LINK = re.compile(r"https?://([^/\s<>\"]{1,253})(/[^\s<>\"]{1,2000})", re.IGNORECASE)
_NOT_NUMBER = re.compile(r"[/?=&#+]|%20")
_SPACE_IN_NUMBER = re.compile(r"[0-9]\. [0-9]")
_SPACED = re.compile(  # a digit first, what stands before it second: that is quick to look for
    r"[0-9](?<![\w.][0-9])[0-9]?\. ?[0-9]{1,2}\. ?[0-9]{1,2}(?=\s?[-–]\s?[A-ZÆØÅa-z][0-9])"
)
_RAW_CHARS = 10 * READ_CHARS  # with mark-up
_NAMES = 10  # persons named in one text that the register is asked about
_RECEIVING = frozenset(("to", "transferred_to"))


class Reader:
    """Reads with the enabled patterns. `own_domains` are the organisation's own, in lower case."""

    def __init__(self, scanner: Scanner, own_domains: Iterable[str] = ()) -> None:
        self.scanner = scanner
        self._speech = Speech(scanner.patterns)
        self._domains = frozenset(own_domains)

    def read(self, its: Communication) -> Subject:
        """The communication as the rules see it. Time grows with the text's length, no faster.

        Of a text, a quote and a subject only the first READ_CHARS characters are read: ten
        megabytes of numbers would hold up everything else for minutes. The subject says so.
        """
        if len(its.text) + len(its.quoted) + len(its.subject) > READ_CHARS:
            beginning = _beginning(its)
            if beginning is not its:
                return msgspec.structs.replace(self._read(beginning), is_cut=True)
        return self._read(its)

    def _read(self, its: Communication) -> Subject:
        own, quoted = _own_and_quoted(its)
        workers, receivers, outside = _sides(its.participants)
        named: list[Naming] = []
        message = None
        if own:
            words = _without_links(own)
            digits = digit_span(words)
            named += self._namings(words, "text", workers, its.kind in PHONE, digits)
            message = relayed(own) if digits[1] - digits[0] >= LEAST_DIGITS else None
        if its.subject:
            named += self._namings(plain(its.subject), "subject")
        for name in its.files:
            named += self._namings(name, "file")
        domains = self._domains
        if outside or "://" in its.text:
            domains = domains.union(upn.rpartition("@")[2] for upn in workers)
        if "://" in its.text:
            # A link in what is quoted is not the sender's own; else the mark-up may hide one.
            named += self._in_links(its.text if quoted == its.quoted else own, domains)
        phones, masked, mails = _contacts(outside, domains) if outside else ((), (), ())
        return Subject(
            kind=its.kind,
            started=its.started,
            direction=its.direction,
            text=own,
            named=tuple(named),
            quoted=tuple(self._namings(_without_links(quoted), "quoted", workers))
            if quoted
            else (),
            phones=phones,
            masked=masked,
            mails=mails,
            workers=workers.union(_own_mails(outside, domains)) if outside else workers,
            receivers=receivers,
            relayed=message,
            # In a chat a name alone proves so little that asking for each would be noise.
            names=names_in(own)[:_NAMES] if own and its.kind in PHONE else (),
            departments=_departments(its.participants),
        )

    def find(self, text: str) -> tuple[Hit, ...]:
        """Every number in a text, written or said, whatever is said of it."""
        return tuple(each.hit for each in self._namings(plain(text), "text", is_speech=True))

    def _namings(
        self,
        text: str,
        where: str,
        workers: Iterable[str] = (),
        is_speech: bool = False,
        digits: tuple[int, int] | None = None,
    ) -> Iterable[Naming]:
        """The numbers of a text that stand: without those that it corrects itself.

        `digits` is where its digits stand, where that is known already.
        """
        hits: list[tuple[Hit, bool, bool]] = []
        low, high = digits or digit_span(text)
        if high or not self.scanner.needs_digit:
            hits = [(hit, False, False) for hit in self._written(text, low, high)]
        said = self._speech.find(text, is_speech=is_speech)
        if said:
            hits += [(hit, True, False) for hit in _apart(said, hits)]
        repaired = mended(text) if high else None
        if repaired is not None:
            found = self._written(repaired.text, 0, len(text))
            hits += [(hit, False, True) for hit in _apart(found, hits, may_contain=True)]
        if not hits:
            return ()
        return _standing(text, where, hits, {_organisation(upn) for upn in workers})

    def _written(self, text: str, low: int, high: int) -> tuple[Hit, ...]:
        """The scanner's hits; all digits are at text[low:high]."""
        # In file names words are tied by underscores: "27.45.04-P19-12-24_bilag.pdf".
        text = text.replace("_", " ") if "_" in text else text
        is_tied = ". " in text and ("-" in text or "–" in text)
        if is_tied and _SPACE_IN_NUMBER.search(text, low, high):
            text = _SPACED.sub(_closed_up, text)
        return self.scanner.find(text)

    def _in_links(self, text: str, domains: frozenset[str]) -> Iterator[Naming]:
        """Numbers in links into a system of our own; a foreign system's numbers are not ours."""
        for match in _LINK.finditer(text):
            host = match[1].casefold().partition(":")[0]
            if "." in host and not any(host == d or host.endswith("." + d) for d in domains if d):
                continue
            said = remark(text, *match.span())
            for hit in self.scanner.find(_NOT_NUMBER.sub(" ", match[2])):
                yield Naming(hit, "link", said)


def _without_links(text: str) -> str:
    """The text with signs of no meaning where links stand: what they name is read by itself."""
    if "://" not in text:
        return text
    return _LINK.sub(lambda link: "x" * len(link[0]), text)


def _beginning(its: Communication) -> Communication:
    """As much of it as is read; itself when that is all."""
    text = its.text
    if len(text) > READ_CHARS:
        words = plain(text[:_RAW_CHARS])
        if len(text) > _RAW_CHARS or len(words) > READ_CHARS:
            text = words[:READ_CHARS]
    quoted, subject = its.quoted[:READ_CHARS], its.subject[:READ_CHARS]
    if (text, quoted, subject) == (its.text, its.quoted, its.subject):
        return its
    return msgspec.structs.replace(its, text=text, quoted=quoted, subject=subject)


def _own_and_quoted(its: Communication) -> tuple[str, str]:
    text = plain(its.text) if its.text else ""
    pieces = parts(text) if text else ()
    if not pieces or (len(pieces) == 1 and pieces[0].role == "own"):
        return text, its.quoted
    own = "\n".join(text[p.start : p.end] for p in pieces if p.role == "own")
    quoted = [text[p.start : p.end] for p in pieces if p.role != "own"]
    return own, "\n".join((its.quoted, *quoted) if its.quoted else quoted)


@lru_cache(maxsize=4096)
def _organisation(upn: str) -> str:
    """The name by which people call a municipality of this domain: "solby kommune"."""
    name = upn.rpartition("@")[2].partition(".")[0]
    return f"{name} kommune" if name else ""


def _standing(
    text: str,
    where: str,
    hits: list[tuple[Hit, bool, bool]],
    ours: Set[str],
) -> list[Naming]:
    """Those that the text does not put right; all of them when it puts nothing in their place."""
    hits.sort(key=lambda each: (each[0].start, each[0].end))
    spans = [(hit.start, hit.end) for hit, _, _ in hits]
    standing = corrections(text, spans) if len(spans) > 1 else (0,)
    namings = []
    for place in standing:
        hit, is_spoken, is_mended = hits[place]
        # "Jeres nr." is ours in what comes from outside and in what a colleague passes on; the
        # register tells whose it is.
        said = remark(text, hit.start, hit.end, inbound=True, ours=ours)
        namings.append(Naming(hit, where, said, is_spoken, is_mended))
    kept = [each for each in namings if each.remark is not Remark.CORRECTED]
    # "27.45.04-P19-12-24 was wrong" names no case, but shows that the thread's may be another.
    return kept or namings


def _apart(
    found: Iterable[Hit], hits: Iterable[tuple[Hit, bool, bool]], *, may_contain: bool = False
) -> Iterator[Hit]:
    """Those that stand where no other hit stands; with `may_contain` also those that are more."""
    taken = sorted((hit.start, hit.end) for hit, _, _ in hits)
    furthest = list(accumulate((end for _, end in taken), max))
    for hit in found:
        before = bisect_left(taken, (hit.end,))  # so many begin before it ends
        if not before or furthest[before - 1] <= hit.start:
            yield hit
        elif may_contain:
            first = taken[bisect_right(furthest, hit.start)]
            is_more = first != (hit.start, hit.end) and first[0] >= hit.start
            if is_more and furthest[before - 1] <= hit.end:
                yield hit


def _sides(
    participants: Iterable[Participant],
) -> tuple[frozenset[str], frozenset[str], list[Participant]]:
    """Our staff, those of them whom it went to, and the parties from outside."""
    workers: list[str] = []
    receivers: list[str] = []
    outside: list[Participant] = []
    for each in participants:
        upn = each.upn.casefold()
        if not upn or GUEST in upn:
            outside.append(each)
            continue
        workers.append(upn)
        if each.role in _RECEIVING:
            receivers.append(upn)
    return frozenset(workers), frozenset(receivers), outside


def _departments(participants: Iterable[Participant]) -> frozenset[str]:
    """Those of our own staff; a guest's is another organisation's."""
    found = [each for each in participants if each.department]
    if not found:
        return frozenset()
    ours = (each for each in found if each.upn and not is_guest(each.upn))
    return frozenset(filter(None, (department_key(each.department) for each in ours)))


def _contacts(
    outside: Iterable[Participant], domains: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Whole telephone numbers, what is known of masked ones, mail addresses: each once."""
    numbers = [normalise_phone(p.phone) for p in outside if p.phone]
    mails = (p.mail.strip().casefold() for p in outside if p.mail)
    return (
        tuple(dict.fromkeys(n.e164 for n in numbers if n.e164)),
        tuple(dict.fromkeys(n.prefix for n in numbers if n.prefix)),
        tuple(dict.fromkeys(m for m in mails if m and m.rpartition("@")[2] not in domains)),
    )


def _own_mails(outside: Iterable[Participant], domains: frozenset[str]) -> Iterator[str]:
    """Colleagues whom the source gave by mail address alone."""
    for party in outside:
        address = party.mail.strip().casefold()
        if address and address.rpartition("@")[2] in domains:
            yield address


def _closed_up(match: re.Match[str]) -> str:
    """ "27. 45. 04-P19" as "  27.45.04-P19": places stay."""
    return match[0].replace(" ", "").rjust(len(match[0]))
