"""Search: what is found, by whom, in which order, and that no more is done than must be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.ledger import Ledger, search_sources, searching
from connector.ledger.access import Role, Viewer
from connector.ledger.people import keep_people
from connector.ledger.search_engines import fts_query
from connector.ledger.search_leads import MOST_CASES, leads
from connector.ledger.search_query import BadPlace, Place, days, read_place, read_query
from connector.ledger.search_words import lowered, read_words
from connector.ledger.searching import Answer, excerpt, search
from connector.ledger.take import take
from connector.model import CaseParty, Item, Kind, Party, Person
from tests.making import (
    CASE,
    NOON,
    OTHER_CASE,
    add_cases,
    case,
    edited,
    message,
    page,
    policy,
    scanner,
    sighting,
)

ALIKE = [  # what is asked for, what was said
    ("Aabenraa", "Vi ses i Åbenrå."),
    ("Åbenrå", "Vi ses i Aabenraa."),
    ("åbenrå", "ÅBENRÅS RÅDHUS"),
    ("bøger", "to boeger"),
    ("boeger", "bøgerne er her"),
    ("byggesag", "flere byggesager"),
    ("byggesager", "byggesagen er slut"),
    ("byggesagens", "en byggesag"),
    ("naboer", "min nabo"),
    ("nabo", "naboerne klager"),
    ("trafikken", "megen trafik"),
    ("trafik", "trafikkens støj"),
    ("kontakt", "kontakten er væk"),
    ("ansøgning", "ANSØGNINGERNE"),
    ("Jørgensen", "Hr. Joergensens hus"),
    ("Jörgensen", "Fru Jørgensen"),
    ("Kjær", "hos Kjaer"),
    ("cafe", "en café"),
    ("café", "to cafeer"),
    ("sø", "søen er tør"),
    ("sikkerhed", "sikkerheden"),
    ("venlig", "venligst svar"),
    ("byg*", "byggeriet går i gang"),
    ("bøg*", "et boegetrae"),
    ("sagsb*", "sagsbehandleren"),
    ("forend*", "det forendes"),
    ('"hun er på"', "Hun er paa vej"),
    ('"er på arbejde"', "hun er på arbejde"),
    ("24/117", "sag 24/117 er lukket"),
    ("anna@mail.example", "skriv til anna@mail.example i dag"),
    ("e-mail", "send en e-mail"),
    ("flytter maj", "de flytter i maj"),
    ("flytter -juni", "de flytter i maj"),
    ("der byggesag", "der er en byggesag"),
    ("jeg", "det er jeg ked af"),
    ("“i morgen”", "vi ses i morgen"),
]
HOSTILE = [
    *"\"-*'\\&|!()å\0%",
    *("hegn", "og", "12", ":*", "<->", "NEAR", "AND", "NOT", "text:", "a_b"),
    *("x' OR '1'='1", "^a", "c++", "20000001", CASE),
]
UNLIKE = [
    ("far", "får"),
    ("får", "far"),
    ("bil", "billede"),
    ("billede", "bil"),
    ("ven", "venlig hilsen"),
    ("hus", "husk det"),
    ("sag", "det sagt"),
    ("sag", "byggesag"),
    ("byg", "byggeri"),
    ("Aabenraa", "åben"),
    ('"på er"', "hun er på arbejde"),
    ('"i maj"', "i begyndelsen af maj"),
    ("flytter -maj", "de flytter i maj"),
    ('flytter -"i maj"', "de flytter i maj"),
    ("flytter juni", "de flytter i maj"),
    ("s*", "snart"),
    ("jeg OR hegn", "hegn"),
    ("text:hegn", "hegn"),
]


@pytest.fixture
def ask(ledger: Ledger) -> Callable[..., Answer]:
    """Asks as the operator, unless a viewer is given."""

    def asked(text: str, viewer: Viewer | None = None, **values: Any) -> Answer:
        limit, cursor = values.pop("limit", 100), values.pop("cursor", "")
        query = read_query(text, scanner(), **values)
        with ledger.read() as connection:
            return search(
                connection,
                query,
                viewer,
                limit=limit,
                cursor=cursor,
                is_sqlite=ledger.is_sqlite,
            )

    return asked


def texts(answer: Answer) -> list[str]:
    return [hit.excerpt for hit in answer.hits]


def bodil(**values: Any) -> Viewer:
    """Caseworker of CASE, who took part in nothing."""
    names = frozenset({"bodil@kommune.example"})
    roles = frozenset({Role.CASE_WORKER})
    return Viewer(**({"name": "Bodil", "upn": "b", "names": names, "roles": roles} | values))


def test_danish(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """Each pair of the table is found or not found, on both databases alike."""
    said = dict.fromkeys(text for _, text in ALIKE + UNLIKE)
    take(ledger, [page(*(message(text, n) for n, text in enumerate(said)))], policy())

    missed = [pair for pair in ALIKE if pair[1] not in texts(ask(pair[0]))]
    wrong = [pair for pair in UNLIKE if pair[1] in texts(ask(pair[0]))]

    assert (missed, wrong) == ([], [])


def test_marks(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """The words are marked in the excerpt as they stand there."""
    take(ledger, [page(message("Om byggesagen i Aabenraa: byggesager tager tid."))], policy())

    (hit,) = ask("byggesag åbenrå").hits

    assert [text for text, is_marked in hit.parts if is_marked] == [
        "byggesagen", "Aabenraa", "byggesager"
    ]  # fmt: skip
    assert "".join(text for text, _ in hit.parts) == hit.excerpt


def test_cpr_is_masked(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """An excerpt shows no CPR number, also where that was searched for."""
    take(ledger, [page(message("Borger 010190-1234 ringer"))], policy())

    (hit,) = ask("010190-1234").hits

    assert hit.excerpt == "Borger 010190-**** ringer"
    assert "010190-1234" not in read_query("010190-1234 ringer", scanner()).shown


def test_newest_first(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """The order is when things were said, not when they were read."""
    late, early = message("hegn b", 9), message("hegn a", 1)
    take(ledger, [page(late), page(early), page(message("hegn c", 5))], policy())

    assert texts(ask("hegn")) == ["hegn b", "hegn c", "hegn a"]


@pytest.mark.parametrize("text", ["hegn", "", "og"])
@pytest.mark.parametrize("block", [3, 1000])
def test_pages(
    ledger: Ledger,
    ask: Callable[..., Answer],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    block: int,
) -> None:
    """The pages together are the whole list, each hit once, though new ones arrive meanwhile."""
    for name in ("FTS_BLOCK", "NARROW_BLOCK", "PROBE", "WINDOW", "INDEX_HITS"):
        monkeypatch.setattr(search_sources, name, block)
    monkeypatch.setattr(search_sources, "FEW", 1)
    items = [message(f"hegn {n} og" if n % 3 else "intet og", n) for n in range(20)]
    take(ledger, [page(*items)], policy())
    whole = sorted({f"hegn {n} og" for n in range(20) if n % 3} | ({"intet og"} - {text and "x"}))
    if text == "hegn":
        whole.remove("intet og")

    found: list[str] = []
    cursor = ""
    for turn in range(40):
        answer = ask(text, limit=4, cursor=cursor)
        found += texts(answer)
        cursor = answer.cursor
        assert answer.count == len(found)
        take(ledger, [page(message("hegn nyt og", 100 + turn))], policy())
        if not cursor:
            break

    assert sorted(set(found)) == whole
    assert found.count("intet og") in (0, 7)
    assert len(found) - found.count("intet og") == 13


def test_bounded_work(
    ledger: Ledger, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may see little gets no endless search, but how far it came and where it goes on."""
    monkeypatch.setattr(search_sources, "FTS_BLOCK", 2)
    monkeypatch.setattr(search_sources, "PROBE", 2)
    monkeypatch.setattr(search_sources, "WINDOW", 2)
    monkeypatch.setattr(search_sources, "FEW", 0)
    add_cases(ledger, case())
    mine = message(f"hegn om {CASE}", 0, thread="19:mine@thread.v2")
    take(ledger, [page(mine, *(message(f"hegn {n}", n) for n in range(1, 20)))], policy())

    answers = [ask("hegn", bodil())]
    while answers[-1].cursor:
        answers.append(ask("hegn", bodil(), cursor=answers[-1].cursor))

    assert len(answers) > 2
    assert answers[0].looked_back_to is not None
    assert [text for answer in answers for text in texts(answer)] == [f"hegn om {CASE}"]


def test_access(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """Nothing is found but what the viewer may see, by words, by number and by time."""
    add_cases(ledger, case(), case(OTHER_CASE, caseworker="carl@kommune.example"))
    take(
        ledger,
        [
            page(
                message(f"hegn til {CASE}", 1),
                message(f"hegn til {OTHER_CASE}", 2, thread="19:b@thread.v2"),
                message("hegn uden sag", 3, thread="19:c@thread.v2", sender="u7"),
            )
        ],
        policy(),
    )

    assert texts(ask("hegn", bodil())) == [f"hegn til {CASE}"]
    assert texts(ask("", bodil())) == [f"hegn til {CASE}"]
    assert texts(ask(OTHER_CASE, bodil())) == []
    assert texts(ask("", bodil(), case_number=OTHER_CASE)) == []
    assert texts(ask("hegn", bodil(persons=frozenset({"u7"})))) == [
        "hegn uden sag",
        f"hegn til {CASE}",
    ]
    assert len(texts(ask("hegn"))) == 3


def test_hidden_case(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """Who took part in what is on a case that they may not see is not told of the case."""
    add_cases(ledger, case(access="restricted"))
    take(
        ledger,
        [page(message(f"hegn {CASE}", 1, sender="u7"), message(f"skel {CASE}", 2))],
        policy(),
    )
    viewer = bodil(names=frozenset({"x"}), persons=frozenset({"u7"}))

    by_words = ask("skel", viewer)

    assert [hit.case_number for hit in by_words.hits] == [None]
    assert [hit.case_number for hit in ask("skel").hits] == [CASE]
    assert texts(ask("", viewer, case_number=CASE)) == []
    assert len(texts(ask(CASE, viewer))) == 2  # of their own chat, by what stands in it


def test_only_what_is_said_now(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """What was edited away is not found; the last words of something deleted are."""
    first, second = message("kloakering", 1), message("hegn", 2)
    take(ledger, [page(first, second)], policy())
    take(ledger, [page(edited(first, "rørlægning"))], policy())
    take(ledger, [page(edited(second, "", is_deleted=True))], policy())

    assert texts(ask("kloakering")) == []
    assert texts(ask("rørlægning")) == ["rørlægning"]
    assert texts(ask("hegn")) == ["hegn"]
    assert texts(ask("")) == ["hegn", "rørlægning"]


def test_filters(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """Each filter narrows the answer, with words or without."""
    add_cases(ledger, case(department="Teknik"))
    take(
        ledger,
        [
            page(message(f"hegn {CASE}", 1), message("hegn", 2, thread="19:c@x", sender="u7")),
            page(sighting(minute=3)),
        ],
        policy(),
    )
    noon = int(NOON.timestamp() * 1000)

    def count(text: str, **values: Any) -> int:
        return len(ask(text, **values).hits)

    assert count("") == 3
    assert count("", kinds=(Kind.CALL,)) == 1
    assert count("hegn", kinds=(Kind.CALL,)) == 0
    assert count("hegn", sent_from=noon + 90_000) == 1
    assert count("hegn", sent_to=noon + 90_000) == 1
    assert count("", sent_from=noon + 90_000, sent_to=noon + 150_000) == 1
    assert count("hegn", colleague="u7") == 1
    assert count("", colleague="u1") == 2
    assert count("hegn", state="unlinked") == 1
    assert count("hegn", unit="Teknik") == 1
    assert count("hegn", unit="Social") == 0
    assert count("hegn", case_number=CASE) == 1
    assert count("", case_number=CASE, kinds=(Kind.MESSAGE,)) == 1


def test_numbers(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """A case number in any spelling leads to the case, then to what names it or is on it."""
    add_cases(ledger, case())
    take(
        ledger,
        [
            page(
                message(f"om {CASE}", 1),
                message(f"mere {CASE}", 2),
                message("nej", 3, thread="19:z@x"),
            )
        ],
        policy(),
    )
    spoken = CASE.replace("-", " - ")
    query = read_query(CASE.lower(), scanner())

    assert texts(ask(CASE)) == [f"mere {CASE}", f"om {CASE}"]
    assert [text for text, is_marked in ask(CASE).hits[0].parts if is_marked] == [CASE]
    assert texts(ask(f"{CASE} mere")) == [f"mere {CASE}"]
    assert read_query(spoken, scanner()).numbers[0] == query.numbers[0] == CASE
    with ledger.read() as connection:
        assert [each.number for each in leads(connection, query, None, scanner()).cases] == [CASE]
        stranger = bodil(names=frozenset({"x"}))
        assert leads(connection, query, stranger, scanner()).cases == ()


@pytest.mark.parametrize("typed", ["20000001", "+45 20 00 00 01", "0045 20000001", "+4520000***"])
def test_phones(ledger: Ledger, ask: Callable[..., Answer], typed: str) -> None:
    """A telephone number leads to its calls and its party's cases, whole or masked."""
    add_cases(ledger, case())
    take(ledger, [page(sighting(minute=3)), page(message("20 kr", 4))], policy())

    assert [hit.kind for hit in ask(typed).hits] == ["call"]
    with ledger.read() as connection:
        found = leads(connection, read_query(typed, scanner()), None, scanner())
    assert [each.number for each in found.cases] == [CASE]


def test_whole_number_is_no_other(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """A whole number does not find others that differ in what a source would have masked.

    A call whose number was masked may be theirs: it is found.
    """
    other = case(OTHER_CASE, parties=(CaseParty(name="Bo Test", phone="+4520000777"),))
    add_cases(ledger, case(), other)
    strangers = sighting(minute=3, call={"caller": Party(phone="+4520000777", role="from")})
    perhaps = sighting(minute=60, call={"caller": Party(phone="+4520000***", role="from")})
    take(ledger, [page(strangers, perhaps, sighting(minute=90))], policy())

    assert len(ask("20000001").hits) == 2
    assert len(ask("20000777").hits) == 2
    assert len(ask("+4520000***").hits) == 3
    with ledger.read() as connection:
        found = leads(connection, read_query("20000001", scanner()), None, scanner())
    assert [each.number for each in found.cases] == [CASE]


def test_names(ledger: Ledger) -> None:
    """A name leads to the cases of its party and to colleagues, in any spelling."""
    from connector.ledger.batch import Batch

    add_cases(ledger, case(parties=(CaseParty(name="Aage Kjær Holm"),)))
    people = [Person(id="u1", name="Åge Holm"), Person(id="u2", name="Ole Bang")]
    with ledger.write() as connection:
        keep_people(
            Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now()), people
        )

    with ledger.read() as connection:
        for typed in ("Åge Holm", "aage holm"):
            found = leads(connection, read_query(typed, scanner()), None, scanner())
            assert [each.number for each in found.cases] == [CASE]
            assert [each.id for each in found.people] == ["u1"]
        found = leads(connection, read_query("hegn", scanner()), None, scanner())
        assert (found.cases, found.people) == ((), ())


@pytest.mark.parametrize(
    "typed",
    [
        "carport", "byggetilladelse", "Byggetilladelsen", "bygg", "bygge*", "skolebakken 103",
        "aage", "Åge", "holm", "Holm carport", "27 45 04 P19 12 24", "274504p191224",
    ],
)  # fmt: skip
def test_case_by_words(ledger: Ledger, typed: str) -> None:
    """A case is found by words of its title, one name of a party, and its number without signs."""
    party = CaseParty(name="Aage Kjær Holm")
    add_cases(
        ledger,
        case(title="Byggetilladelse, carport, Skolebakken 103", parties=(party,)),
        case(OTHER_CASE, title="Hjemmepleje", parties=()),
    )
    with ledger.read() as connection:
        found = leads(connection, read_query(typed, scanner()), None, scanner())

    assert [each.number for each in found.cases] == [CASE]
    assert not found.is_part


@pytest.mark.parametrize("typed", ["port", "carport hjemmepleje", "-carport", "10", "ca", "2745"])
def test_case_by_no_words(ledger: Ledger, typed: str) -> None:
    """The middle of a word, two cases' words, a word that is not wanted: these lead to no case."""
    add_cases(
        ledger,
        case(title="Byggetilladelse, carport, Skolebakken 103", parties=()),
        case(OTHER_CASE, title="Hjemmepleje", parties=()),
    )
    with ledger.read() as connection:
        assert leads(connection, read_query(typed, scanner()), None, scanner()).cases == ()


def test_case_by_words_is_for_who_may_see_it(ledger: Ledger) -> None:
    """Words lead to cases that one may see, and to none of the others, however many there are."""
    others = [case(f"27.45.04-P19-{n}-26", title="Carport", caseworker="x", department="Teknik",
                   parties=()) for n in range(1, 40)]  # fmt: skip
    mine = case(title="Carport", caseworker=next(iter(bodil().names)), department="x")
    add_cases(ledger, *others, mine)
    with ledger.read() as connection:
        query = read_query("carport", scanner())
        found = leads(connection, query, bodil(), scanner())
        everybody = leads(connection, query, None, scanner())

    assert [each.number for each in found.cases] == [CASE]
    assert not found.is_part
    assert len(everybody.cases) == MOST_CASES
    assert everybody.is_part


def test_case_by_words_of_now(ledger: Ledger) -> None:
    """A title that changed is found by its new words alone."""
    add_cases(ledger, case(title="Carport"))
    add_cases(ledger, case(title="Udestue"))
    with ledger.read() as connection:
        found = [
            len(leads(connection, read_query(typed, scanner()), None, scanner()).cases)
            for typed in ("carport", "udestue")
        ]

    assert found == [0, 1]


def test_relevance(ledger: Ledger, ask: Callable[..., Answer]) -> None:
    """By relevance the words as typed and near each other come first, page by page."""
    said = [
        "hegn og meget andet, som ikke har noget med det at gøre, men til sidst skel " + "x " * 200,
        "hegn i skel",
        "hegnene står ikke i skellet",
    ]
    take(ledger, [page(*(message(text, n) for n, text in enumerate(said)))], policy())

    first = ask("hegn skel", by_relevance=True, limit=2)
    rest = ask("hegn skel", by_relevance=True, limit=2, cursor=first.cursor)

    assert texts(first)[0] == said[1]
    assert [text[:20] for text in texts(first) + texts(rest)] == [said[n][:20] for n in (1, 2, 0)]
    assert not rest.cursor
    assert not first.is_part


def test_period() -> None:
    """A period is whole local days: one in October has 25 hours, one in March 23."""
    zone = ZoneInfo("Europe/Copenhagen")

    def hours(day: date) -> float:
        start, end = days(zone, day, day)
        assert start is not None
        assert end is not None
        return (end - start) / 3_600_000

    assert hours(date(2026, 10, 25)) == 25
    assert hours(date(2026, 3, 29)) == 23
    assert days(zone, None, date.max) == (None, None)


@given(st.text(max_size=40))
def test_cursor_is_checked(text: str) -> None:
    """What is no cursor of ours is refused, and ours is read as it was."""
    with pytest.raises(BadPlace):
        read_place(text + "!")
    try:
        place = read_place(text)
    except BadPlace:
        return
    assert place.cursor() == text


def test_cursor_is_read() -> None:
    """A place survives its cursor."""
    place = Place(7, 12, 5, 40)

    assert read_place(place.cursor()) == place


@given(st.text(max_size=60))
def test_fts_query_is_quoted(text: str) -> None:
    """A query for FTS5 is words in quotes, joined by operators of ours, whatever was typed."""
    outside = fts_query(read_words(text)).split('"')[::2]

    assert set(" ".join(outside).split()) <= {"(", ")", "AND", "OR", "*", "*)", "((", "))"} | {"()"}


@given(st.text(max_size=400), st.text(alphabet="abcdefghijklmnoæøåé", min_size=1, max_size=12))
def test_excerpt_holds_the_word(text: str, word: str) -> None:
    """Whatever stands round it, the word is in the excerpt and marked."""
    places = read_words(word).places(f"{text} {word}")
    assert places is not None

    shown, marks = excerpt(f"{text} {word}", places[0])

    assert marks
    assert any(word in lowered(shown[start:end]) or start < end for start, end in marks)
    assert all(0 <= start < end <= len(shown) for start, end in marks)
    assert len(shown) <= searching.EXCERPT + 2


@pytest.fixture
def talk(ledger: Ledger) -> Ledger:
    add_cases(ledger, case())
    items: list[Item] = [
        message(f"hegn {n} til {CASE}, byggesag -12 'x' \\ & | !", n) for n in range(5)
    ]
    take(ledger, [page(*items)], policy())
    return ledger


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(HOSTILE),
            max_size=8,
        ).map("".join),
    ),
    st.booleans(),
)
def test_any_text(talk: Ledger, text: str, by_relevance: bool) -> None:
    """Any text is answered, on both databases, and what is found holds the words."""
    query = read_query(text, scanner(), by_relevance=by_relevance)
    with talk.read() as connection:
        answer = search(connection, query, None, limit=3, is_sqlite=talk.is_sqlite)
        leads(connection, query, bodil(), scanner())

    assert len(answer.hits) <= 3
    if query.words.wanted:
        assert all(hit.marks for hit in answer.hits)


def test_too_much_is_told() -> None:
    """Words beyond what is used are named, not left out in silence."""
    words = read_words(" ".join(f"ord{n}" for n in range(14)) + " " + "x" * 41)

    assert len(words.terms) == 12
    assert words.left_out == ("ord12", "ord13", "x" * 41)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_indexes_are_used(ledger: Ledger) -> None:
    """On SQLite no part of a search goes through all items.

    What PostgreSQL plans depends on how much there is.
    """
    add_cases(ledger, case())
    take(ledger, [page(message(f"hegn {CASE}"), sighting(minute=3))], policy())
    viewer = bodil(persons=frozenset({"u7"}), sees_unit=True, unit="Teknik")
    plans: list[str] = []

    @sa.event.listens_for(ledger.engine, "before_cursor_execute")
    def _(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            plan = connection.connection.dbapi_connection.execute(
                "EXPLAIN QUERY PLAN " + statement, values
            )
            plans.extend(f"{row[3]}" for row in plan)

    for text in ("hegn", CASE, "20000001", ""):
        query = read_query(text, scanner())
        with ledger.read() as connection:
            search(connection, query, viewer, limit=5, is_sqlite=True)

    walks = [each for each in plans if each.startswith(("SCAN item ", "SCAN root", "SCAN newer"))]
    walks += [each for each in plans if each == "SCAN item"]
    assert plans
    # In order of time and as far as the block goes; the full-text index by its own order.
    allowed = ("ix_item_root_sent", "item_search", "VIRTUAL TABLE")
    assert [each for each in walks if not any(name in each for name in allowed)] == []
