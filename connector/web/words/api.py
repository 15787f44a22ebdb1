"""Words of the API: why a request of a program is refused."""

DA = {
    "api.scheme": "Send én Authorization-header: Bearer TOKEN eller Statement ERKLÆRING.",
    "api.no_tokens": "Portalen tager ikke imod tokens. Den, der driver den, kan slå det til med "
    "web.api_audience.",
    "api.statement": "Erklæringen fra intranettet gælder ikke, eller den er brugt før. Lav en ny; "
    "driften kan se grunden i loggen.",
    "api.app_only": "Et program handler ikke for nogen. Brug et token for en person (scope access) "
    "eller en erklæring fra intranettet om, hvem der spørger.",
    "api.cursor": "Markøren (cursor) hører ikke til dette spørgsmål. Begynd forfra uden den.",
    "api.cpr_in_address": "Et CPR-nummer må ikke stå i en adresse. Søg med POST /search.",
    "api.if_match": "Send headeren If-Match med det etag, du læste, så ingen retter oven i andre.",
    "api.no_unit": "Der er ingen enhed {unit} i kataloget.",
    "api.no_person": "Der er ingen {person} i kataloget.",
    "api.note_no_case": "Henvendelse {item} er ikke på en sag, du må se, så der kan intet notat "
    "stå ved den.",
    "api.note_changed": "En anden har skrevet i notatet, siden du læste det. Læs det igen.",
    "api.note_excluded": "En indstilling siger, at intet af dig gemmes. Spørg driften.",
    "api.note_kind": "Der kan ikke skrives et notat ved den slags.",
    "api.note_too_long": "Notatet er for langt: det må have 20.000 tegn.",
    "api.note_empty": "Notatet er tomt, og der er intet tidligere at tage tilbage.",
    "api.not_waiting": "Henvendelse {item} venter ikke, eller du må ikke se den.",
    "api.no_single_case": "Henvendelse {item} har ikke netop én foreslået sag. Skriv hvilken "
    "(link).",
    "api.closed_case": "Sag {case} er lukket. Send even_closed, hvis den skal på sagen alligevel.",
    "api.stale_linked": "{who} har i mellemtiden lagt den på sag {case}. Intet er ændret.",
    "api.stale_unlinked": "{who} har i mellemtiden afgjort, at den ikke er en sag. Intet er "
    "ændret.",
    "api.stale_excluded": "{who} har i mellemtiden holdt den privat. Intet er ændret.",
    "api.stale_waiting": "{who} har i mellemtiden set på den igen, og den venter. Læs den igen.",
    "api.one_source": "kun én kilde så det: {name}",
    "api.reads_only": "Med en erklæring fra et intranet kan der kun læses. Brug et token for "
    "personen selv.",
}

EN = {
    "api.scheme": "Send one Authorization header: Bearer TOKEN or Statement STATEMENT.",
    "api.no_tokens": "The portal takes no tokens. Whoever runs it can switch them on with "
    "web.api_audience.",
    "api.statement": "The intranet's statement is not valid, or was used before. Make a new one; "
    "the operator finds the reason in the log.",
    "api.app_only": "An application acts for nobody. Use a token in a person's name (scope "
    "access), or an intranet's statement of who asks.",
    "api.cursor": "The cursor does not belong to this question. Begin again without it.",
    "api.cpr_in_address": "A CPR number must be in no address. Search by POST /search.",
    "api.if_match": "Send the header If-Match with the etag that you read, so that nobody writes "
    "over another's work.",
    "api.no_unit": "The directory has no unit {unit}.",
    "api.no_person": "The directory has nobody called {person}.",
    "api.note_no_case": "Communication {item} is on no case that you may see, so no note can stand "
    "there.",
    "api.note_changed": "Somebody wrote on the note since you read it. Read it again.",
    "api.note_excluded": "A setting says that nothing of yours is kept. Ask the operator.",
    "api.note_kind": "No note can be written about that kind.",
    "api.note_too_long": "The note is too long: it may have 20,000 characters.",
    "api.note_empty": "The note is empty, and there is no earlier one to take back.",
    "api.not_waiting": "Communication {item} does not wait, or you may not see it.",
    "api.no_single_case": "Communication {item} has not exactly one suggested case. Name it "
    "(link).",
    "api.closed_case": "Case {case} is closed. Send even_closed if it is meant nevertheless.",
    "api.stale_linked": "{who} put it on case {case} meanwhile. Nothing is changed.",
    "api.stale_unlinked": "{who} decided meanwhile that it is no case. Nothing is changed.",
    "api.stale_excluded": "{who} kept it private meanwhile. Nothing is changed.",
    "api.stale_waiting": "{who} looked at it again meanwhile, and it waits. Read it again.",
    "api.one_source": "only one source saw it: {name}",
    "api.reads_only": "With an intranet's statement one can only read. Use a token in the person's "
    "own name.",
}
