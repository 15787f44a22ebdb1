"""Reads a communication: its own words, what it quotes, case numbers in both, who takes part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from connector.identity import normalise_phone
from connector.linking.communication import Communication, Participant
from connector.linking.patterns import Hit, Scanner
from connector.linking.plain import parts, plain
from connector.linking.relayed import names_in, relayed
from connector.linking.remarks import Remark, corrections, remark
from connector.linking.slips import mended
from connector.linking.spoken import Speech
from connector.linking.subject import Naming, Subject

_LINK = re.compile(r"https?://([^/\s<>\"]{1,253})(/[^\s<>\"]{1,2000})", re.IGNORECASE)
_NOT_NUMBER = re.compile(r"[/?=&#+]|%20")
_NAMES = 10  # persons named in one text that the register is asked about
_RECEIVING = frozenset(("to", "transferred_to"))


class Reader:
    """Reads with the enabled patterns. `own_domains` are the organisation's own, in lower case."""

    def __init__(self, scanner: Scanner, zone: ZoneInfo, own_domains: Iterable[str] = ()) -> None:
        self.scanner = scanner
        self._speech = Speech(scanner.patterns)
        self._zone = zone
        self._domains = frozenset(own_domains)

    def read(self, its: Communication) -> Subject:
        """The communication as the rules see it. Time grows with the text's length, no faster."""
        own, quoted = _own_and_quoted(its)
        staff = [p for p in its.participants if p.upn]
        domains = self._domains.union(p.upn.rpartition("@")[2].casefold() for p in staff)
        named = [
            *self._namings(own, "text"),
            *(self._namings(plain(its.subject), "subject") if its.subject else ()),
            *(each for name in its.files for each in self._namings(name, "file")),
            *(self._in_links(its.text, domains) if "://" in its.text else ()),
        ]
        outside = [p for p in its.participants if not p.upn]
        numbers = [normalise_phone(p.phone) for p in outside if p.phone]
        workers = {p.upn.casefold() for p in staff}
        receivers = {p.upn.casefold() for p in staff if p.role in _RECEIVING}
        return Subject(
            kind=its.kind,
            started=its.started,
            day=its.started.astimezone(self._zone).date(),
            direction=its.direction,
            text=own,
            quoted_text=quoted,
            named=tuple(named),
            quoted=tuple(self._namings(quoted, "quoted")) if quoted else (),
            phones=tuple(dict.fromkeys(n.e164 for n in numbers if n.e164)),
            masked=tuple(dict.fromkeys(n.prefix for n in numbers if n.prefix)),
            mails=tuple(dict.fromkeys(_mails(outside, domains))),
            workers=frozenset(workers.union(_own_mails(outside, domains))),
            receivers=frozenset(receivers),
            relayed=relayed(own) if own else None,
            names=names_in(own)[:_NAMES] if own else (),
        )

    def _namings(self, text: str, where: str) -> Iterator[Naming]:
        """The numbers of a text that stand: without those that it corrects itself."""
        hits = [(hit, False, False) for hit in self._written(text)]
        hits += [(hit, True, False) for hit in _apart(self._speech.find(text), hits)]
        repaired = mended(text)
        if repaired is not None:
            found = self._written(repaired.text)
            hits += [(hit, False, True) for hit in _apart(found, hits)]
        hits.sort(key=lambda each: (each[0].start, each[0].end))
        spans = [(hit.start, hit.end) for hit, _, _ in hits]
        standing = corrections(text, spans) if len(spans) > 1 else range(len(spans))
        for place in standing:
            hit, is_spoken, is_mended = hits[place]
            said = remark(text, hit.start, hit.end)
            if said is not Remark.CORRECTED:
                yield Naming(hit, where, said, is_spoken, is_mended)

    def _written(self, text: str) -> tuple[Hit, ...]:
        # In file names words are tied by underscores: "27.45.04-P19-12-24_bilag.pdf".
        return self.scanner.find(text.replace("_", " ") if "_" in text else text)

    def _in_links(self, text: str, domains: frozenset[str]) -> Iterator[Naming]:
        """Numbers in links into a system of our own; a foreign system's numbers are not ours."""
        for match in _LINK.finditer(text):
            host = match[1].casefold().partition(":")[0]
            if "." in host and not any(host == d or host.endswith("." + d) for d in domains if d):
                continue
            for hit in self.scanner.find(_NOT_NUMBER.sub(" ", match[2])):
                yield Naming(hit, "link")


def _own_and_quoted(its: Communication) -> tuple[str, str]:
    text = plain(its.text) if its.text else ""
    pieces = parts(text) if text else ()
    if all(piece.role == "own" for piece in pieces):
        return text, its.quoted
    own = "\n".join(text[p.start : p.end] for p in pieces if p.role == "own")
    quoted = [text[p.start : p.end] for p in pieces if p.role != "own"]
    return own, "\n".join((its.quoted, *quoted) if its.quoted else quoted)


def _apart(found: Iterable[Hit], hits: Iterable[tuple[Hit, bool, bool]]) -> Iterator[Hit]:
    """Those that stand where no other hit stands."""
    taken = [(hit.start, hit.end) for hit, _, _ in hits]
    for hit in found:
        if not any(start < hit.end and hit.start < end for start, end in taken):
            yield hit


def _mails(outside: Iterable[Participant], domains: frozenset[str]) -> Iterator[str]:
    for party in outside:
        address = party.mail.strip().casefold()
        if address and address.rpartition("@")[2] not in domains:
            yield address


def _own_mails(outside: Iterable[Participant], domains: frozenset[str]) -> Iterator[str]:
    """Colleagues whom the source gave by mail address alone."""
    for party in outside:
        address = party.mail.strip().casefold()
        if address and address.rpartition("@")[2] in domains:
            yield address
