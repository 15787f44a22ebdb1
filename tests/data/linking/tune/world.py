"""Builds single communications, so that the scenes read as what happens in them."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from register import CASEWORKERS, STAFF, STOCK, Case, Party, Register, upn

Item = dict[str, Any]
FIRST_DAY = date(2026, 2, 2)
LAST_DAY = date(2026, 11, 6)
# Fields of one department whose key words cannot be taken for each other.
PAIRS = [
    ("byg", "miljoe"),
    ("sygedagpenge", "boligstoette"),
    ("boligstoette", "kontanthjaelp"),
    ("hjemmepleje", "hjaelpemidler"),
    ("dagtilbud", "skole"),
    ("affald", "spildevand"),
]
# Fields far apart in departments as well as in words.
FAR = [("vej", "pension"), ("byg", "dagtilbud"), ("affald", "jobcenter"), ("skole", "spildevand")]
FAR += [("hjaelpemidler", "plan"), ("boligstoette", "vej"), ("pas", "hjemmepleje")]


def _person(role: str, key: str) -> dict[str, str]:
    return {"role": role, "upn": upn(key), "name": STAFF[key][0]}


def _outside(role: str, phone: str, *, masked: bool) -> dict[str, str]:
    return {"role": role, "phone": phone[:8] + "***" if masked else phone}


class World:
    """The dice, the register and the communications so far."""

    def __init__(self, dice: random.Random, register: Register) -> None:
        self.dice = dice
        self.register = register
        self.items: list[Item] = []
        self.whole_after_part: list[tuple[str, str]] = []
        self._threads = 0

    # Times, people and cases

    def moment(self, latest: str = LAST_DAY.isoformat()) -> datetime:
        """A weekday within office hours, in UTC."""
        days = (date.fromisoformat(latest) - FIRST_DAY).days
        while True:
            day = FIRST_DAY + timedelta(days=self.dice.randint(0, days))
            if day.weekday() < 5:
                break
        clock = timedelta(
            minutes=self.dice.randint(6 * 60 + 20, 13 * 60), seconds=self.dice.randint(0, 59)
        )
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + clock

    def case(self, at: datetime, **wishes: Any) -> Case:
        """A fresh case that was open at that time, unless `opened` says otherwise."""
        return self.register.new_case(at.date(), **wishes)

    def closed_case(self, at: datetime) -> Case:
        """A fresh case that was closed in the year before."""
        opened = date(
            self.dice.choice([2023, 2024]), self.dice.randint(1, 12), self.dice.randint(1, 28)
        )
        case = self.case(at, opened=opened)
        case.closed = date(2025, self.dice.randint(2, 12), self.dice.randint(1, 28))
        return case

    def pair(self, at: datetime, *, same_worker: bool) -> tuple[Case, Case]:
        """Two open cases of one party: of one caseworker, or of two in two departments."""
        one, other = self.dice.choice(PAIRS if same_worker else FAR)
        first = self.case(at, subject=one)
        worker = first.worker if same_worker else None
        second = self.case(at, subject=other, party=first.party, worker=worker)
        return (first, second) if self.dice.random() < 0.5 else (second, first)

    def two_staff(self, one: str | None = None, *, avoid: str = "") -> tuple[str, str]:
        """Two different colleagues."""
        one = one or self.other_staff(avoid)
        return one, self.dice.choice([k for k in CASEWORKERS if k not in (one, avoid)])

    def other_staff(self, key: str) -> str:
        """A colleague of another department."""
        home = STAFF[key][1] if key else ""
        return self.dice.choice([k for k in CASEWORKERS if STAFF[k][1] != home])

    def any_staff(self) -> str:
        """One caseworker."""
        return self.dice.choice(CASEWORKERS)

    def stranger(self) -> str:
        """A full name that no party has."""
        party: Party = self.register.new_party()
        return party.name

    def thread(self) -> str:
        """A fresh thread id."""
        self._threads += 1
        return f"19:tune{self._threads:04d}@thread.v2"

    def unknown_number(self) -> str:
        """A number that looks right and that no case has, nor nearly."""
        while True:
            matter = STOCK["fields"][self.dice.choice(list(STOCK["fields"]))]
            running, year = self.dice.randint(1200, 9000), self.dice.randint(18, 25)
            number = f"{self.dice.choice(matter['kle'])}-P19-{running}-{year}"
            if self.register.is_free(number):
                self.register.avoid.add(number)
                return number

    # Texts

    def _lines(self, case: Case, side: str) -> list[str]:
        return [line.format(w=case.word) for line in case.matter[side]]

    def staff_line(self, case: Case) -> str:
        """What a colleague says about this case."""
        return self.dice.choice(self._lines(case, "staff"))

    def staff_lines(self, case: Case) -> list[str]:
        """Three different lines of colleagues about this case."""
        lines = self._lines(case, "staff")
        self.dice.shuffle(lines)
        return lines

    def citizen_line(self, case: Case) -> str:
        """What a citizen says about this case."""
        return self.dice.choice(self._lines(case, "citizen"))

    def plain_line(self, case: Case, other: Case | None = None) -> str:
        """A citizen's line that holds the key word of the case and not that of the other."""
        lines = [t for t in self._lines(case, "citizen") if case.word in t.lower()]
        return self.dice.choice([t for t in lines if not other or other.word not in t.lower()])

    def foreign_line(self, case: Case) -> str:
        """A citizen's line about another field, of another department."""
        far = [b for a, b in FAR if a == case.subject] + [a for a, b in FAR if b == case.subject]
        subject = far[0] if far else self.dice.choice(["vej", "affald", "pas"])
        if STOCK["fields"][subject]["dept"] == case.matter["dept"]:
            subject = "pension"
        matter = STOCK["fields"][subject]
        which = self.dice.randrange(len(matter["titles"]))
        word = matter["titles_words"][which]
        lines = [t for t in matter["citizen"] if "{w}" in t or word in t.lower()]
        return str(self.dice.choice(lines)).format(w=word)

    def fill(self, template: str, case: Case, **more: str) -> str:
        """The template with the party and lines of the case's matter."""
        return template.format(
            navn=case.party.name,
            fornavn=case.party.first,
            efternavn=case.party.last,
            citizen=self.citizen_line(case),
            staff=self.staff_line(case),
            **more,
        )

    def relay_text(self, case: Case, at: datetime) -> str:
        """A switchboard's note with the party's name and telephone."""
        local = case.party.phones[0][3:]
        spaced = " ".join(local[i : i + 2] for i in range(0, 8, 2))
        tel = self.dice.choice([local, spaced, f"+45 {spaced}"])
        return self.fill(
            self.dice.choice(STOCK["relay"]),
            case,
            tlf=tel,
            kl=at.strftime("%H.%M"),
            titel=case.title.split(",")[0].lower(),
        )

    def any_date(self) -> str:
        """A date as people write it."""
        dice = self.dice
        day, month = dice.randint(1, 28), dice.randint(1, 12)
        return dice.choice(
            [
                f"{day:02d}-{month:02d}-2026",
                f"{day}.{month}.26",
                f"{day}/{month}-26",
                f"{day:02d}.{month:02d}.2026",
            ]
        )

    def trap_text(self, template: str, case: Case) -> str:
        """A line full of numbers that are no case numbers."""
        dice = self.dice
        kle, facet, _, _ = case.number.split("-")
        return template.format(
            c=case.number,
            # The 30th and 31st of February: nobody has this CPR number.
            cpr=f"{dice.choice([30, 31])}02{dice.randint(40, 99)}-{dice.randint(1000, 9999)}",
            cvr=f"{dice.randint(10, 41)}{dice.randint(100000, 999999)}",
            tlf=" ".join(["37", *(str(dice.randint(20, 99)) for _ in range(3))]),
            dato=self.any_date(),
            dag2=self.any_date(),
            pris=f"{dice.randint(1, 99)}.{dice.randint(100, 999)},{dice.choice(['00', '50', '-'])}",
            pris2=f"{dice.randint(1, 99)}.{dice.randint(100, 999)}",
            reg=str(dice.randint(1000, 9999)),
            konto=f"{dice.randint(10**9, 10**10 - 1)}",
            faktura=f"{dice.randint(10, 99)}-{dice.randint(100, 999)}-{dice.randint(20, 26)}",
            ean=f"5798{dice.randint(10**8, 10**9 - 1)}",
            matr=f"{dice.randint(1, 40)}{dice.choice('abcdef')} Tofteby By, Tofteby",
            kle=kle,
            fac=facet,
            ver=f"{dice.randint(20, 29)}.{dice.randint(10, 45)}.{dice.randint(0, 9):02d}",
            ip=f"10.{dice.randint(10, 99)}.{dice.randint(10, 99)}.{dice.randint(2, 99)}",
            hus=f"{dice.randint(3, 20)}-{dice.randint(21, 40)}",
            ordre=f"{dice.randint(10, 99)}{dice.randint(1000, 9999)}-{dice.randint(1, 9)}",
            lok=str(dice.randint(1000, 9999)),
            pnr=f"10{dice.randint(10**7, 10**8 - 1)}",
            plade=f"{dice.choice(['QX', 'ZW'])} {dice.randint(10, 99)} {dice.randint(100, 999)}",
        )

    # Communications

    def _add(
        self,
        at: datetime,
        kind: str,
        way: str,
        people: list[dict[str, str]],
        *,
        text: str = "",
        subject: str = "",
        thread: str = "",
        masked: bool = False,
        case: Case | None = None,
        link: bool | None = None,
        rule: str,
    ) -> None:
        link = case is not None if link is None else link
        self.items.append(
            {
                "kind": kind,
                "started": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "direction": way,
                "participants": people,
                "subject": subject,
                "text": text,
                "thread_id": thread,
                "masked": masked,
                "expected": {"case": case.number if case else None, "link": link, "rule": rule},
            }
        )

    def chat(
        self, at: datetime, one: str, other: str, text: str, *, thread: str = "", **label: Any
    ) -> None:
        """A chat message between two of the staff."""
        people = [_person("from", one), _person("to", other)]
        self._add(
            at, "chat", "internal", people, text=text, thread=thread or self.thread(), **label
        )

    def guest_chat(self, at: datetime, of: Case, text: str, to: str, **label: Any) -> None:
        """A chat message from the party of a case, who is a guest with a mail address."""
        guest = {"role": "from", "mail": of.party.emails[0], "name": of.party.name}
        self._add(
            at,
            "chat",
            "inbound",
            [guest, _person("to", to)],
            text=text,
            thread=self.thread(),
            **label,
        )

    def call(
        self,
        at: datetime,
        phone: str,
        key: str,
        *,
        out: bool = False,
        moved_to: str = "",
        masked: bool = False,
        **label: Any,
    ) -> None:
        """An answered call with somebody outside, perhaps transferred."""
        people = [_outside("from", phone, masked=masked), _person("to", key)]
        if out:
            people = [_person("from", key), _outside("to", phone, masked=masked)]
        if moved_to:
            people.append(_person("transferred_to", moved_to))
        self._add(at, "call", "outbound" if out else "inbound", people, masked=masked, **label)

    def internal_call(self, at: datetime, one: str, other: str, **label: Any) -> None:
        """A call between two of the staff."""
        self._add(at, "call", "internal", [_person("from", one), _person("to", other)], **label)

    def missed(
        self, at: datetime, phone: str, key: str, *, masked: bool = False, **label: Any
    ) -> None:
        """A call from outside that nobody answered."""
        people = [_outside("from", phone, masked=masked), _person("to", key)]
        self._add(at, "missed_call", "inbound", people, masked=masked, **label)

    def voicemail(
        self, at: datetime, phone: str, key: str, text: str, *, masked: bool = False, **label: Any
    ) -> None:
        """A voicemail with its transcript."""
        people = [_outside("from", phone, masked=masked), _person("to", key)]
        self._add(at, "voicemail", "inbound", people, text=text, masked=masked, **label)

    def meeting(self, at: datetime, keys: list[str], subject: str, **label: Any) -> None:
        """A meeting: the first is its organizer."""
        people = [_person("organizer", keys[0])] + [_person("attendee", k) for k in keys[1:]]
        self._add(at, "meeting", "internal", people, subject=subject, **label)
