"""Words of the API: why a request of a program is refused."""

DA = {
    "api.scheme": "Send én Authorization-header: Bearer TOKEN eller Statement ERKLÆRING.",
    "api.no_tokens": "Portalen tager ikke imod tokens. Den, der driver den, kan slå det til med "
    "web.api_audience.",
    "api.statement": "Erklæringen fra intranettet gælder ikke, eller den er brugt før. Lav en ny; "
    "driften kan se grunden i loggen.",
    "api.app_only": "Et program handler ikke for nogen. Brug et token for en person (scope access) "
    "eller en erklæring fra intranettet om, hvem der spørger.",
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
    "api.reads_only": "With an intranet's statement one can only read. Use a token in the person's "
    "own name.",
}
