"""Every rule by name: how sure it is, and its sentence in English and Danish."""

from __future__ import annotations

from connector.model import Decision

NOT_IN_REGISTER = "not in the register"
HIDDEN = "a case with restricted access"
TOO_LONG = "too long"  # the rule of what was read up to a place only, which `found` tells
MORE = "more"  # the rule of what only says how much evidence is not kept

# How often a rule was right in both halves of the labelled data, (right + 1) of (links + 2): so
# that a rule seen ten times never looks surer than one seen often. Rules that only suggest:
# how often the first suggestion was right. See docs/linking.md for the counts.
CONFIDENCE = {
    "number": 0.99,
    "thread": 0.99,
    "phone": 0.99,
    "masked": 0.97,
    "phone and matter": 0.97,
    "slip": 0.96,
    "relayed": 0.96,
    "quoted number": 0.95,
    "call-back": 0.95,
    "phone and caseworker": 0.94,
    "continuation": 0.94,
    "missed call": 0.90,
    # what only suggests
    "resembling": 0.96,
    "neighbouring number": 0.93,
    "closed": 0.85,
    "uncertain phone": 0.68,
    "not open then": 0.65,
    "uncertain thread": 0.62,
    "earlier number": 0.4,  # this and those below: too few or too seldom right to tell
    "chain": 0.4,
    "name": 0.4,
    "two cases of one number": 0.4,
    "uncertain masked": 0.33,
    "several of masked": 0.22,
    "several numbers": 0.13,
    "several of phone": 0.06,
    "quoted": 0.05,
    "shared phone": 0.05,
}

# rule -> the sentence in English and in Danish. `Decision.rule` holds the key.
REASONS: dict[str, tuple[str, str]] = {
    "number": ("The number of case {case} is written in it.", "Sagsnummer {case} står i den."),
    "continuation": (
        "The case it names is closed; {case} continues it.",
        "Sagen, den nævner, er lukket; {case} er dens fortsættelse.",
    ),
    "quoted number": (
        "The number of case {case} stands in what it quotes or forwards; nothing says otherwise.",
        "Sagsnummer {case} står i det citerede eller videresendte, og intet taler imod.",
    ),
    "thread": (
        "The conversation was linked to case {case} shortly before and goes on about it.",
        "Samtalen blev knyttet til sag {case} kort forinden og fortsætter om den.",
    ),
    "slip": (
        "The number in it has one wrong character; the caller's only open case is {case}.",
        "Nummeret i den har ét forkert tegn; borgerens eneste åbne sag er {case}.",
    ),
    "phone": (
        "The telephone number or address belongs to one open case only, {case}, and its "
        "caseworker takes part.",
        "Telefonnummeret eller adressen hører til netop én åben sag, {case}, og dens "
        "sagsbehandler deltager.",
    ),
    "phone and caseworker": (
        "Of the caller's open cases only {case} has a caseworker who takes part.",
        "Af borgerens åbne sager er kun {case} hos en sagsbehandler, der deltager.",
    ),
    "phone and matter": (
        "Of the caller's open cases only {case} is about what is said.",
        "Af borgerens åbne sager handler kun {case} om det, der bliver sagt.",
    ),
    "masked": (
        "The visible digits of the telephone number fit one party with one open case, {case}, "
        "and its caseworker takes part.",
        "Telefonnummerets synlige cifre passer til én part med én åben sag, {case}, og dens "
        "sagsbehandler deltager.",
    ),
    "call-back": (
        "It calls back a number that was linked to case {case} shortly before.",
        "Der ringes tilbage til et nummer, som kort forinden blev knyttet til sag {case}.",
    ),
    "missed call": (
        "The same caller left a voicemail right after it, which is linked to case {case}.",
        "Samme opkalder lagde lige efter en telefonbesked, som er knyttet til sag {case}.",
    ),
    "relayed": (
        "The name and telephone number in it are those of case {case} of the receiver.",
        "Navn og telefonnummer i den er dem på modtagerens sag {case}.",
    ),
    "several numbers": (
        "It names several open cases; a person must choose.",
        "Den nævner flere åbne sager; et menneske må vælge.",
    ),
    "two cases of one number": (
        "The register has two cases with the number in it; a person must choose.",
        "Registret har to sager med nummeret i den; et menneske må vælge.",
    ),
    "neighbouring number": (
        "The number in it is another party's, one character from the caller's own; a person must "
        "decide.",
        "Nummeret i den er en anden parts, ét tegn fra borgerens eget; et menneske må afgøre det.",
    ),
    "not open then": (
        "The only case it points to was not opened yet; a person must decide.",
        "Den eneste sag, den peger på, var endnu ikke oprettet; et menneske må afgøre det.",
    ),
    "earlier number": (
        "It names a case only as an earlier one or for comparison; a person must decide.",
        "Den nævner kun en sag som tidligere eller til sammenligning; et menneske må afgøre det.",
    ),
    "closed": (
        "The only case it points to is closed; a person must decide.",
        "Den eneste sag, den peger på, er lukket; et menneske må afgøre det.",
    ),
    "quoted": (
        "A case number stands only in quoted or forwarded text; a person must decide.",
        "Et sagsnummer står kun i citeret eller videresendt tekst; et menneske må afgøre det.",
    ),
    "resembling": (
        "The number in it is not in the register; one that resembles it is.",
        "Nummeret i den findes ikke i registret, men et, der ligner, gør.",
    ),
    "uncertain thread": (
        "The conversation was linked before, but may be about something else now.",
        "Samtalen er knyttet tidligere, men kan handle om noget andet nu.",
    ),
    "uncertain phone": (
        "The telephone number or address points to a case, but something speaks against it.",
        "Telefonnummeret eller adressen peger på en sag, men noget taler imod.",
    ),
    "several of phone": (
        "The telephone number or address belongs to several open cases; a person must choose.",
        "Telefonnummeret eller adressen hører til flere åbne sager; et menneske må vælge.",
    ),
    "shared phone": (
        "Many cases share the telephone number or address; it proves nothing.",
        "Mange sager deler telefonnummeret eller adressen; det beviser intet.",
    ),
    "several of masked": (
        "The visible digits of the telephone number fit several parties; a person must choose.",
        "Telefonnummerets synlige cifre passer til flere parter; et menneske må vælge.",
    ),
    "uncertain masked": (
        "The visible digits of the telephone number point to a case, but something speaks "
        "against it.",
        "Telefonnummerets synlige cifre peger på en sag, men noget taler imod.",
    ),
    "chain": (
        "The same number was linked to a case shortly before or after; a person must decide.",
        "Samme nummer blev knyttet til en sag kort før eller efter; et menneske må afgøre det.",
    ),
    "name": (
        "A party's name stands in it, and nothing surer; a person must decide.",
        "En parts navn står i den, og intet sikrere; et menneske må afgøre det.",
    ),
    "restricted": (
        "It points to a case with restricted access; only its caseworker can link it.",
        "Den peger på en sag med begrænset adgang; kun dens sagsbehandler kan knytte den.",
    ),
    "unknown": (
        "What looks like a case number is not in the register.",
        "Det, der ligner et sagsnummer, findes ikke i registret.",
    ),
    TOO_LONG: (
        "It is longer than is read, and what follows may say otherwise; a person must decide.",
        "Den er længere, end der læses, og resten kan sige noget andet; et menneske må afgøre det.",
    ),
    "nothing": ("Nothing in it points to a case.", "Intet i den peger på en sag."),
}


def reason_text(decision: Decision, language: str = "en") -> str:
    """The reason as one sentence, Danish for "da", else English; a person's own words stay."""
    sentences = REASONS.get(decision.rule)
    if sentences is None:
        return decision.reason
    return sentences[1 if language.startswith("da") else 0].format(case=decision.case_number)
