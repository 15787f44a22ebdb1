"""Every rule by name: how sure it is, and its sentence in English and Danish."""

from __future__ import annotations

from connector.model import Decision

NOT_IN_REGISTER = "not in the register"
HIDDEN = "a case with restricted access"

# How often a link by the rule alone was right in the tuning half of the labelled data, rounded
# down; what only suggests has the share of right first suggestions. See docs/linking.md.
CONFIDENCE = {
    "number": 0.99,
    "continuation": 0.96,
    "quoted number": 0.95,
    "thread": 0.95,
    "slip": 0.95,
    "phone": 0.95,
    "phone and caseworker": 0.95,
    "phone and matter": 0.93,
    "masked": 0.93,
    "call-back": 0.95,
    "relayed": 0.95,
    # what only suggests
    "closed": 0.7,
    "several numbers": 0.5,
    "two cases of one number": 0.5,
    "neighbouring number": 0.5,
    "not open then": 0.4,
    "earlier number": 0.4,
    "quoted": 0.5,
    "resembling": 0.6,
    "uncertain thread": 0.6,
    "uncertain phone": 0.6,
    "several of phone": 0.4,
    "shared phone": 0.2,
    "several of masked": 0.3,
    "uncertain masked": 0.5,
    "chain": 0.6,
    "name": 0.4,
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
    "nothing": ("Nothing in it points to a case.", "Intet i den peger på en sag."),
}


def reason_text(decision: Decision, language: str = "en") -> str:
    """The reason as one sentence, Danish for "da", else English; a person's own words stay."""
    sentences = REASONS.get(decision.rule)
    if sentences is None:
        return decision.reason
    return sentences[1 if language.startswith("da") else 0].format(case=decision.case_number)
