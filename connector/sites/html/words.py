"""What the pages of a static site say around the articles, in their language."""

from __future__ import annotations

from datetime import date

WORDS: dict[str, dict[str, str]] = {
    "da": {
        "skip": "Gå til indholdet",
        "home": "Forside",
        "search": "Søg",
        "search_title": "Søg i vejledningerne",
        "search_label": "Hvad søger du hjælp til?",
        "none": "Ingen vejledning har de ord. Prøv et andet eller et kortere ord.",
        "one": "1 vejledning",
        "many": "{count} vejledninger",
        "all": "Alle vejledninger fra A til Å",
        "title": "Vejledninger",
        "lead": "Find svar på det, borgere oftest spørger om.",
        "other": "Andre emner",
        "menu": "Sidens dele",
        "unit": "Ansvarlig",
        "owner": "Kontakt",
        "review": "Gennemgås senest",
        "changed": "Sidst ændret",
        "subject": "Emne",
        "overdue": "Siden skulle være gennemgået senest {day}. Noget kan være forældet.",
        "gone_title": "Siden er ikke her",
        "withdrawn": "Vejledningen er taget af.",
        "draft": "Vejledningen er ikke offentliggjort endnu.",
        "look": "Søg efter en anden vejledning, eller gå til forsiden.",
        "staff": "Kun for medarbejdere",
        "unit_only": "Kun for {unit}",
        "feed": "Ændringer som nyhedsstrøm",
        "original": "Siden på det første sprog",
        "empty": "Der er ingen vejledninger endnu.",
    },
    "en": {
        "skip": "Skip to content",
        "home": "Start page",
        "search": "Search",
        "search_title": "Search the guides",
        "search_label": "What do you need help with?",
        "none": "No guide has those words. Try another word, or a shorter one.",
        "one": "1 guide",
        "many": "{count} guides",
        "all": "All guides from A to Z",
        "title": "Guides",
        "lead": "Find answers to what citizens ask most often.",
        "other": "Other subjects",
        "menu": "Parts of the site",
        "unit": "Responsible",
        "owner": "Contact",
        "review": "To be reviewed by",
        "changed": "Last changed",
        "subject": "Subject",
        "overdue": "This page should have been reviewed by {day}. Some of it may be out of date.",
        "gone_title": "The page is not here",
        "withdrawn": "The guide has been withdrawn.",
        "draft": "The guide has not been published yet.",
        "look": "Search for another guide, or go to the start page.",
        "staff": "For staff only",
        "unit_only": "For {unit} only",
        "feed": "Changes as a feed",
        "original": "This page in its first language",
        "empty": "There are no guides yet.",
    },
}
_MONTHS = {
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "en": "January February March April May June July August September October November December",
}


def words(language: str) -> dict[str, str]:
    """The words of a language; English where there are none in it."""
    return WORDS["da" if language == "da" else "en"]


def day(value: date, language: str) -> str:
    """ "1. marts 2027", "1 March 2027"."""
    name = "da" if language == "da" else "en"
    month = _MONTHS[name].split()[value.month - 1]
    return f"{value.day}{'.' if name == 'da' else ''} {month} {value.year}"
