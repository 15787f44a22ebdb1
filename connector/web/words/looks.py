"""Words of the page that shows a caseworker who looked at the case."""

DA = {
    "looks.title": "Hvem har set på sagen",
    "looks.lead": "Alle, der inden for et år har set på sagen eller noget, der ligger på den; de "
    "nyeste først.",
    "looks.when": "Hvornår",
    "looks.who": "Hvem",
    "looks.what": "Hvad",
    "looks.case": "sagen",
    "looks.item": "henvendelse {item}",
    "looks.in_search": "fundet i en søgning: henvendelse {items}",
    "looks.in_todo": "på listen over det, der skal journaliseres: henvendelse {items}",
    "looks.found": "sagen, fundet i en søgning",
    "looks.none": "Ingen har set på sagen endnu.",
    "looks.most": "De nyeste {count} vises. Arkivet kan se resten.",
    "looks.back": "Til sagen",
    "looks.refused": "Kun sagens egen sagsbehandler kan se, hvem der har set på den, og kun hvor "
    "organisationen har bestemt det. Arkivet kan altid.",
}

EN = {
    "looks.title": "Who looked at the case",
    "looks.lead": "Everybody who looked at the case, or something on it, within a year; the newest "
    "first.",
    "looks.when": "When",
    "looks.who": "Who",
    "looks.what": "What",
    "looks.case": "the case",
    "looks.item": "communication {item}",
    "looks.in_search": "found by a search: communication {items}",
    "looks.in_todo": "on the list of what must be journaled: communication {items}",
    "looks.found": "the case, found by a search",
    "looks.none": "Nobody has looked at the case yet.",
    "looks.most": "The newest {count} are shown. The records managers can see the rest.",
    "looks.back": "To the case",
    "looks.refused": "Only the case's own caseworker can see who looked at it, and only where the "
    "organisation has decided so. The records managers always can.",
}
