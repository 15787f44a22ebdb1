"""The words by which a text remarks on a case number, Danish and English, as expressions.

All are matched against lower case with one space between words: LEAD ones against the words before
the number, without labels such as "sag nr.", AFTER ones against the words after it.
"""

from __future__ import annotations

import re


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _lead(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[\s(\"'»/–-])(?:{'|'.join(phrases)})[:,]?$")


def _after(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"[,;]? ?(?:{'|'.join(phrases)})(?!\w)")


LABELS = _set(
    "nr nr. no. no nummer nummeret number id # j.nr j.nr. jnr jnr. j. journalnr journalnr. "
    "journalnummer journalnummeret sagsnummer sagsnummeret sagsnr sagsnr. sagsid sags-id case file "
    "record journal ref ref. reference"
)
CASE_ENDINGS = ("sag", "sagen", "sagens", "sager", "sagerne")
NO_LABEL = ("test", "dummy", "eksempel", "skabelon", "mod")  # "testsag" tells more than "sag"

# --- corrected -------------------------------------------------------------------------------
# A gap between two numbers that holds nothing but these words puts the first right.
FILLERS = _set(
    "nej næ nå no undskyld beklager sorry vent wait hov ups oops æv øh øhm altså jo vist faktisk "
    "actually jeg mener mente i mean meant det den dette it that this er var is was skulle skal "
    "should shall have has været være be been stå stået forkert forkerte wrong galt fejl nummer "
    "nummeret number rettelse correction korrektion korrekt korrekte rigtig rigtige right correct "
    "the et en a an one rettere sagt eller or rather men but skrev kom til to at sige lige der "
    "tastefejl slåfejl skrivefejl typo my min mit mistake brug use stedet instead selvfølgelig nu "
    "now hedder rettes rettet ændres ændret changed make sag sagen sagsnr sagsnummer sagsnummeret "
    "nr case to på on så rette"
)
PUTS_RIGHT = re.compile(
    r"\b(?:nej|næ|no|undskyld|beklager|sorry|hov|ups|oops|rettelse|correction|korrektion|forkerte?"
    r"|wrong|galt|(?:taste|slå|skrive)?fejl|typo|mistake|rettere|rather|jeg men(?:er|te)|i meant?"
    r"|skulle|should|skal være|i stedet|instead|rettes|rettet|ændres|ændret|changed|vent|wait"
    r"|make that|(?:rigtige|korrekte|right|correct)(?: \w+)?(?: er| is|:))(?!\w)"
)
REPLACED_LEAD = _lead(
    r"i stedet for", r"frem for", r"fremfor", r"instead of", r"rather than",
    r"(?:ved en fejl|fejlagtigt|by mistake)(?: \w+){0,2} (?:på|under|som|til|on|as|to)",
    r"(?:det |et |den |the )?(?:forkerte?|wrong)(?: \w+)?(?: er| var| skrev| brugt| is| was)?",
    r"(?:rettes|rettet|flyttes|flyttet|ændres|ændret|overføres|moved|changed|flyt|ret)"
    r"(?: \w+)? (?:fra|from)",
)  # fmt: skip
WRONG_AFTER = _after(
    r"(?:(?:som|der|which) )?(?:er|var|is|was) (?:jo |desværre |vist |nok )?(?:det |et |en "
    r"|the |a )?"
    r"(?:forkerte?|wrong|fejl|tastefejl|slåfejl|mistake)(?! (?:sendt|lukket|afsluttet|placeret))",
    r"\((?:forkert\w*|fejl|tastefejl|wrong)\)?",
    r"(?:ved en fejl|fejlagtigt|by mistake)(?=[,.;!]|$)",
)  # fmt: skip
NOT_LEAD = _lead("ikke", "not", "isn't", "and not", "og ikke")
NUMBER_NOT_LEAD = re.compile(r"\d\S*[,;]? \(?(?:og |and |men |altså )?(?:ikke|not)$")
BUT_AFTER = re.compile(r"[,;.]? ?(?:men|but|derimod)\b[^.!?]{0,40}?\d")

# --- negated ---------------------------------------------------------------------------------
_ABOUT = r"(?:om|vedr\.?|vedrørende|angående|ang\.?|about|regarding|re)"
NOT_HIM = _lead(r"(?:er|var|is|was) (?:ikke|not) \w+(?: \w+)?")  # "det var ikke Palle (...)"
NEGATED_LEAD = _lead(
    r"se bort fra", r"ikke relevante?", r"(?:skal|må) (?:\w+ )?ikke (?:længere )?bruge",
    r"(?:fejlsendt|sendt ved en fejl)(?: \w+){0,2}(?: om| på| til)?", r"disregard", r"ignorer",
    r"ignore", r"glem(?: alt om)?", r"slet", r"not relevant",
    rf"(?:ikke|aldrig|not|n't) (?:længere |noget )?(?:{_ABOUT}|(?:en )?del af|relateret til"
    rf"|part of)",
    r"(?:drejer sig|handler|omhandler|gælder|vedrører|angår|drejede sig|handlede|gjaldt)"
    r"(?: \w+)? ikke(?: længere)?(?: om| noget)?",
    r"hører(?: \w+)? ikke (?:til|under|hjemme)(?: på| i| under)?",
    r"(?:skal|må|bør)(?: \w+)? ikke(?: journaliseres| lægges| ligge| registreres| over| ind"
    r"| knyttes"
    r"| gemmes)? (?:på|til|under|i)",
    r"(?:intet|ikke noget|ingenting|nothing|not anything)(?: at gøre)? (?:med|to do with)",
    r"(?:ikke|not|intet) (?:\w+ )?at gøre med",
    r"(?:does not|doesn't|do not|don't) (?:concern|belong to|relate to)", r"unrelated to",
    r"ikke", r"not", r"isn't", r"hverken", r"hverken \S+ eller", r"neither", r"neither \S+ nor",
)  # fmt: skip
NOT_WITH_LEAD = _lead(r"(?:ikke|intet)(?: \w+){0,2} med")
TO_DO_AFTER = _after("at gøre", "to do")
NEGATED_AFTER = _after(
    r"(?:er det|er|is) (?:ikke|not)(?: det| den| it| the one)(?: rigtige)?(?! eneste)",
    r"er ikke (?:min|vores|relevant)",
)

# --- another authority's ---------------------------------------------------------------------
_AUTHORITY = (
    r"(?:statsforvaltning(?:en)?|familieretshus(?:et)?|ankestyrelsen|udbetaling danmark|skat"
    r"|regionen|region \w+|(?:\w+)?politi(?:et)?|(?:\w+ )?advokat(?:en)?|\w+styrelsen"
    r"|(?:\w+)?nævnet|(?:\w+)?ministeriet|(?:by|lands|højeste|familie|skifte|foged)?retten"
    r"|ombudsmanden|(?:\w+)?selskab(?:et)?|(?:\w+)?sygehus(?:et)?|(?:\w+)?hospital(?:et)?"
    r"|a-kassen|fagforening(?:en)?|banken|fonden|the court|the police|the lawyer|the region"
    r"|the ministry|the insurer)"
)
_TOWN = (  # "odense kommune", "nabokommunen"; not "vores kommune", nor "kommunen" alone
    r"(?:(?!(?:vores?|our|denne|din|jeres|your|min|my|egen|samme|en|the|af|for|fra|til|i|hos|som|at"
    r"|hele|og|eller|and|or) )[\w-]+ kommune|(?:den |en )?anden kommune"
    r"|(?:nabo|(?:fra|til)fly(?:tnings|tter))kommunen?)"
)
_OF = rf"(?:{_AUTHORITY}(?:s|'s|')?|{_TOWN}s)"
_TITLE = (
    r"(?:j\. ?nr\.?|j\.nr\.?|jnr\.?|journaln(?:r\.?|ummer(?:et)?)"
    r"|ref(?:erence)?(?:nummer)?\.?(?: ?nr\.?)?"
    r"|(?:sags|skade|police|straffe)n(?:r\.?|ummer(?:et)?)|nummer(?:et)?|nr\.?|case n(?:o\.?|umber)"
    r"|reference number|file n(?:o\.?|umber)|sags-?id)"
)
_CASE = rf"(?:sag(?:en)?|case|file)(?: {_TITLE})?"
_IS = r"(?: (?:er|is|var|lyder|hedder))?$"
FOREIGN_BEFORE = re.compile(
    rf"(?:^|[^\w-])(?P<who>{_OF})(?: ?[,:(]+ ?| (?:eget |egen |own )?){_TITLE}:?{_IS}"
    rf"|(?:^|[^\w-])(?P<beside>{_TOWN}) ?\( ?{_TITLE}:?{_IS}"
    rf"|(?:^|[^\w-])(?P<whose>{_AUTHORITY}(?:s|'s)|{_TOWN}s) (?:egen |own )?{_CASE}:?{_IS}"
    rf"|(?:^|[^\w-])(?P<has>{_AUTHORITY}|{_TOWN}) (?:har|has) {_TITLE}:?{_IS}"
    rf"|(?:^|[^\w-])(?P<keeps>{_TOWN}) (?:har|has) {_CASE}:?{_IS}"
    rf"|(?:^|[^\w-])(?:fra|from) (?P<sends>{_TOWN}) (?:med|with) {_TITLE}:?{_IS}"
    rf"|(?:^|[^\w-])sag(?:en)? hos (?P<with>{_AUTHORITY}|{_TOWN}),?{_IS}"
    rf"|(?:^|[^\w-])(?:hos|i|ved|at|in) (?P<at>{_TOWN})"
    r"(?: (?:er|har|hedder|is|den|har de)){0,2}"
    rf"(?: {_TITLE}| {_CASE})?{_IS}"
)
# "jeres sagsnummer i Odense er"; the place is none of ours, and none of our systems or offices.
_PLACE = r"(?: (?:i|hos|ved|at|in) [\w-]+(?: kommune)?)?"
YOURS_BEFORE = re.compile(
    rf"(?:^|[^\w-])(?P<you>jeres|deres|your|their) (?:eget |own )?(?:{_TITLE}|case no\.?)"
    rf"{_PLACE}:?{_IS}"
)
YOURS_ELSEWHERE = re.compile(
    r"\b(?:[Jj]eres|[Dd]eres|[Yy]our) [^.!?,]{1,30} (?:i|hos|ved|at|in) "
    r"(?!Acadre|Nova|Work|Borger|Job|Fag|Syst|Sag|Kommunen|Deres|Jeres)"
    r"(?P<place>[A-ZÆØÅ][a-zæøå]+(?:-[A-ZÆØÅ][a-zæøå]+)?)(?!\w)"
)
FOREIGN_AFTER = re.compile(
    rf" ?(?:\((?:hos |i |ved )?{_AUTHORITY}\)|(?:hos|ved|at) {_AUTHORITY}(?!\w))"
    rf"|[,;]? ?(?:er|var|is|was) (?:jo |vist )?(?P<whose>{_AUTHORITY}(?:s|'s|')|{_TOWN}s) "
    rf"(?:eget |egen |own )?(?:{_TITLE}|sag|case|file|number)(?!\w)"
    r"|[,;.]? ?(?:altså |det er |som er )?(?:deres|jeres|their) (?:eget |own )?"
    r"(?:sags)?(?:nummer|nr|sag"
    r"|number|case)(?!\w)|[,;.]? ?(?:altså )?(?:ikke|not) (?:vores|vor|ours?)(?!\w)"
)
WRONG_ONE = re.compile(  # "hov nej, forkert klub: ..." corrects whatever else stands between
    r"(?:^|[ .,;!?–-])(?:hov|ups|oops|æv|nej|undskyld|beklager|sorry|no)[,.!]* "
    r"(?:nej[,.!]* |no[,.!]* )?"
    r"(?:det (?:er|var) (?:det |den )?|that was (?:the )?)?(?:forkerte?|wrong)(?!\w)"
)

# --- an example ------------------------------------------------------------------------------
EXAMPLE_LEAD = _lead(
    r"(?:f\. ?eks\.?|feks\.?|fx\.?|for eksempel|eksempelvis|eks\.|e\.g\.|for example|for instance"
    r"|such as|(?:et |som )?eksempel(?: på)?|an example(?: of)?|dummy(?:sag|nummer)?"
    r"|skabelon(?:en)?"
    r"|template|test|tester|testsag(?:en)?|testnummer|testbesked|testdata|à la|a la),?:?"
    r"(?: (?:skriv|skrive|skriver|stå|hedde|være|angive|angiv|på|er|is|som|et|fra)){0,2}",
    r"(?:i stil med|(?:i|på) (?:formatet?|formen)|format(?:et)?|se(?:r)? (?:sådan|således) ud"
    r"|ser typisk sådan ud|ser? ud som|som dette|som denne|like this|looks? like|af typen|the form)"
    r"(?: (?:er|som|på|is|for|of|sagsnumre|case numbers|dette|f\.eks\.)){0,2}",
)
EXAMPLE_AFTER = _after(
    r"\(?(?:test|eksempel|example)\)", r"som (?:et )?eksempel", r"as an example",
    r"er (?:kun |bare |blot |jo )?et (?:opdigtet )?eksempel", r"er (?:kun|bare|blot) en test",
    r"is (?:just |only )?(?:an example|a test)",
)  # fmt: skip

# --- an earlier case -------------------------------------------------------------------------
_OLD = (
    r"(?<!ikke )(?<!not )(?:gamle|gammel|tidligere|forrige|lukkede|lukket|afsluttede|afsluttet"
    r"|henlagte|henlagt|foregående|arkiverede|sidste års|old|previous|former|closed|last year's)"
)
_MATTER = r"(?:\w*sag(?:en|er)?|case|ansøgning(?:en)?|afgørelse(?:n)?|henvendelse(?:n)?)"
EARLIER_LEAD = _lead(
    _OLD,
    rf"{_OLD} (?:\w+ )?{_MATTER}(?: (?:om|fra|i|på|med|vedr\.?|about|from|on) [^,.;:?!]{{1,30}})?",
    r"(?:sidste år|i fjor|forrige år|last year)(?:(?! nu| ny)(?: [^\s,.;:?!]+)){0,6}",
    r"(?:henlagt|afsluttet|lukket|closed) (?:under|som|i|as)",
)
EARLIER_AFTER = _after(
    r"(?:(?:som|der|which|that) )?(?:er|blev|var|is|was|has been) (?:jo |nu |for længst "
    r"|allerede |now "
    r"|already )?(?:lukket|afsluttet|henlagt|arkiveret|closed)",
    r"\(? ?(?:nu |now )?(?:lukket|afsluttet|henlagt|gammel|den gamle|closed|old)\)",
    r"(?:(?:som |er )?fra |from )?(?:sidste år|i fjor|last year)",
    r"(?:er |var )?(?:den|min|the|hans|hendes) (?:gamle|forrige|lukkede|tidligere|old|previous)",
)
NOT_YET_LEAD = _lead("når", "hvis", "inden", "før", "indtil", "when", "if", "until", "before", "om")

# --- mentioned for comparison ----------------------------------------------------------------
MENTIONED_LEAD = _lead(
    r"(?:ligner|minder (?:\w+ )?om|minder|ligesom|lige som|tilsvarende|svarer til|parallel\w*"
    r"|præcedens\w*|similar to|resembles?|same as|compared? (?:to|with)|compare|cf\.|analogt med"
    r"|i modsætning til|unlike|i lighed med)(?: (?:lidt|meget|på|den|i|fra|til|en|et|med|in"
    r"|for|with)){0,2}",
    r"samme(?! sag)(?: \w+){0,2} som(?: i| på| ved)?",
    r"same(?! case)(?: \w+){0,2} as(?: in)?",
    r"(?:se )?(?:til )?sammenlign(?:e|ing)?(?: med)?(?: i)?",
    r"praksis (?:i|fra|efter)",
)  # fmt: skip
LIKE_IN = ("som i", "as in")  # how the words before such a number end
MENTIONED_AFTER = _after(
    "til sammenligning", "som præcedens", "for comparison", "as precedent", "ligner"
)

MONTHS = r"(?:jan|feb|mar|apr|maj|jun|jul|aug|sep|okt|nov|dec)\w*"
NUMBER_NEXT = re.compile(
    r"\d[\d.]*\s?[-–—‑/]\s?\w|[a-zæøå]{1,4}-?\d{4}-|\d{1,2}\.\d{2}\.\d{2}\b"
    rf"|\d{{1,7}}(?![\w:])(?!\.\d)(?!\.? (?:{MONTHS}|kr|dage|timer|min))"
)
DAY_NEXT = re.compile(r"[0-3]?\d[./-][01]?\d(?:[./-]\d{2,4})?(?![\w./-]*\d)")
_DIGIT_WORD = (
    r"(?:nul|tre|fire|fem|seks|syv|otte|ni|ti|elleve|tolv|tretten|fjorten|femten|seksten"
    r"|sytten|atten"
    r"|nitten|\w*tyve|\w*tredive|\w*fyrre|\w*halvtreds|\w*tres|\w*halvfjerds|\w*firs|\w*halvfems|to"
    r"|zero|one|two|three|four|five|six|seven|eight|nine|ten|twelve|\w*teen|twenty|thirty)"
)
SPOKEN_NEXT = re.compile(
    rf"\b{_DIGIT_WORD}[ .,]{{1,2}}(?:{_DIGIT_WORD}|punktum|bindestreg|point|dash)\b"
)
ANY_NUMBER = re.compile(rf"\d|\b[a-zæøå]{{1,4}}-?\d{{4}}-|{SPOKEN_NEXT.pattern}")

# --- what to look for first ------------------------------------------------------------------
# Most numbers stand among ordinary words; a look into these sets costs less than one expression.
# Each expression above needs one of its words.
CORRECTED_WORDS = _set(
    "nej næ no undskyld beklager sorry hov ups oops rettelse correction korrektion forkert "
    "forkerte "
    "wrong galt fejl tastefejl slåfejl skrivefejl typo mistake rettere rather mener mente "
    "mean meant "
    "skulle should skal stedet instead rettes rettet ændres ændret changed vent wait make rigtige "
    "korrekte right correct frem fremfor fejlagtigt flyttes flyttet overføres moved flyt ret ikke "
    "not isn't"
)
NEGATED_WORDS = _set(
    "bort fejlsendt disregard ignorer ignore glem slet relevant relevante bruge "
    "ikke aldrig not isn't doesn't don't intet ingenting nothing unrelated hverken neither"
)
EXAMPLE_WORDS = _set(
    "f.eks feks fx eks eksempel eksempelvis e.g example instance such dummy dummysag dummynummer "
    "skabelon skabelonen template test tester testsag testsagen testnummer testbesked testdata la "
    "stil format formatet formen form sådan således ud dette denne this like looks typen"
)
EARLIER_WORDS = _set(
    "gamle gammel tidligere forrige lukkede lukket afsluttede afsluttet henlagte henlagt "
    "foregående "
    "arkiverede arkiveret sidste fjor old previous former closed last"
)
MENTIONED_WORDS = _set(
    "ligner minder ligesom lige tilsvarende svarer parallel parallelt parallelsag parallelsagen "
    "præcedens præcedenssag similar resemble resembles same compare compared cf analogt modsætning "
    "unlike lighed samme sammenlign sammenligne sammenligning praksis comparison precedent"
)
FOREIGN_PARTS = (
    "forvaltning", "retshus", "styrelse", "udbetaling", "skat", "region", "politi", "advokat",
    "nævnet", "minist", "retten", "ombudsmand", "selskab", "sygehus", "hospital", "kassen",
    "fagforening", "bank", "fond", "court", "police", "lawyer", "insurer", "kommune", "jeres",
    "deres", "your", "their", "ikke vor", "not our",
)  # fmt: skip
