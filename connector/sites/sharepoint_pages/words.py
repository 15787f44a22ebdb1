"""What a page says around the article, and a list above its columns, in their language."""

from __future__ import annotations

_WORDS: dict[str, dict[str, str]] = {
    "da": {
        "staff": "Kun for medarbejdere",
        "unit_only": "Kun for {unit}",
        "review": "Gennemgås senest {day}",
        "overdue": "Siden skulle være gennemgået senest {day}. Noget kan være forældet.",
        "unit": "Ansvarlig: {unit}",
        "owner": "Kontakt: {owner}",
        "withdrawn": "Vejledningen er taget af. Søg efter en anden.",
        "draft": "Vejledningen er ikke offentliggjort endnu.",
        "original": "Siden på det første sprog",
        "CtArticle": "Artikel",
        "CtPage": "Side",
        "CtState": "Tilstand",
        "CtDigest": "Kontrolsum",
        "CtAudience": "Målgruppe",
        "CtSubject": "Emne",
        "CtUnit": "Ansvarlig enhed",
        "CtOwner": "Ansvarlig person",
        "CtReview": "Gennemgås senest",
        "CtWork": "Til programmet",
    },
    "en": {
        "staff": "For staff only",
        "unit_only": "For {unit} only",
        "review": "To be reviewed by {day}",
        "overdue": "This page should have been reviewed by {day}. Some of it may be out of date.",
        "unit": "Responsible: {unit}",
        "owner": "Contact: {owner}",
        "withdrawn": "The guide has been withdrawn. Search for another.",
        "draft": "The guide has not been published yet.",
        "original": "This page in its first language",
        "CtArticle": "Article",
        "CtPage": "Page",
        "CtState": "State",
        "CtDigest": "Checksum",
        "CtAudience": "Audience",
        "CtSubject": "Subject",
        "CtUnit": "Responsible unit",
        "CtOwner": "Responsible person",
        "CtReview": "To be reviewed by",
        "CtWork": "For the program",
    },
}


def words(language: str) -> dict[str, str]:
    """The words of a language; English where there are none in it."""
    return _WORDS.get(language, _WORDS["en"])
