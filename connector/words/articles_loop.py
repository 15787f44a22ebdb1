"""What is said of the list "write or mend these"."""

from __future__ import annotations

DA = {
    "article.gap.few": "under 5",
    "article.gap.calls": "{calls} opkald på emnet de sidste 28 dage, {before} de 28 dage før",
    "article.gap.calls_alone": "{calls} opkald på emnet de sidste 28 dage; længere tilbage kendes "
    "opkaldene ikke",
    "article.gap.missed": "{missed} af opkaldene blev ikke taget",
    "article.gap.moved": "{moved} af opkaldene blev stillet videre",
    "article.gap.wait": "et opkald ventede {wait} i kø i gennemsnit",
    "article.gap.down": "{count} har sagt, at artiklen ikke hjalp, {reasons} af dem hvorfor; "
    "{up} at den hjalp",
    "article.gap.searches": "{searches} søgninger uden fund: {words}",
    "article.gap.views": "læst {citizen} gange af borgere og {staff} gange af ansatte",
    "article.gap.also": "om samme emne er også {articles}",
    "article.gap.do.write": "Skriv",
    "article.gap.do.mend": "Ret",
    "article.gap.do.check": "Se efter",
    "article.gap.advice.write_subject": "Ingen artikel har emnet: skriv en.",
    "article.gap.advice.write_words": "Ingen artikel har ordene: skriv en, eller giv ordene som "
    "søgeord til den, der svarer.",
    "article.gap.advice.mend": "Læs, hvad der mangler, ret teksten, og svar.",
    "article.gap.advice.check_words": "Artiklen har ordene, men blev ikke fundet: giv den dem som "
    "søgeord.",
    "article.gap.advice.check_calls": "Artiklen er der, og folk ringer: kan den findes, og svarer "
    "den på det, de ringer om?",
    "article.gaps.title": "Skriv eller ret disse",
    "article.gaps.none": "Der er intet at skrive eller rette: ingen ubehandlede stemmer, ingen "
    "forgæves søgninger og få opkald de sidste 28 dage.",
    "article.gaps.line": "{place:>3}. {do} · {name} · {score} point",
    "article.gaps.since": "siden {day}",
    "article.gaps.formula": "Point = opkald + ubesvarede opkald + opkald mere end de 28 dage før "
    "+ 3 × ubehandlede »hjalp ikke« + søgninger uden fund. Under 5 tæller som 2.",
}
EN = {
    "article.gap.few": "under 5",
    "article.gap.calls": "{calls} calls on the subject in the last 28 days, {before} in the 28 "
    "before",
    "article.gap.calls_alone": "{calls} calls on the subject in the last 28 days; calls further "
    "back are not known",
    "article.gap.missed": "{missed} of the calls were not taken",
    "article.gap.moved": "{moved} of the calls were passed on",
    "article.gap.wait": "a call waited {wait} in a queue on average",
    "article.gap.down": "{count} said that the article did not help, {reasons} of them why; {up} "
    "that it did",
    "article.gap.searches": "{searches} searches without a hit: {words}",
    "article.gap.views": "read {citizen} times by citizens and {staff} times by staff",
    "article.gap.also": "on the same subject are also {articles}",
    "article.gap.do.write": "Write",
    "article.gap.do.mend": "Mend",
    "article.gap.do.check": "Check",
    "article.gap.advice.write_subject": "No article has this subject: write one.",
    "article.gap.advice.write_words": "No article has these words: write one, or give them as "
    "keywords to the one that answers.",
    "article.gap.advice.mend": "Read what is missing, mend the text, and answer.",
    "article.gap.advice.check_words": "The article has the words but was not found: give it them "
    "as keywords.",
    "article.gap.advice.check_calls": "The article is there, and people call: can it be found, and "
    "does it answer what they call about?",
    "article.gaps.title": "Write or mend these",
    "article.gaps.none": "There is nothing to write or mend: no open votes, no searches in vain "
    "and few calls in the last 28 days.",
    "article.gaps.line": "{place:>3}. {do} · {name} · {score} points",
    "article.gaps.since": "since {day}",
    "article.gaps.formula": "Points = calls + missed calls + calls more than in the 28 days before "
    '+ 3 × open "did not help" + searches without a hit. Under 5 counts as 2.',
}
