"""Danish words for the municipality in a box. Every name, number and case is made up."""

from __future__ import annotations

NAME = "Nordvang Kommune"
DOMAIN = "nordvang.example"  # .example is reserved (RFC 2606): no mail can ever arrive
SWITCHBOARD = "+4537100000"

CENTRES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Center for Borger og Arbejde", ("Borgerservice og Jobcenter", "Ydelse", "Kommunikation")),
    ("Center for Plan og Teknik", ("Byg og Miljø", "Vej og Park", "IT og Digitalisering")),
    ("Center for Velfærd", ("Børn og Familie", "Sundhed og Ældre", "Skole og Dagtilbud")),
)

GIVEN = ["Agnete", "Aksel", "Alma", "Anker", "Arne", "Asta", "Astrid", "Bent", "Birgit", "Bjarke", "Bodil", "Carla", "Carl", "Dagny", "Dorte", "Ebba", "Edith", "Egon", "Eigil", "Ellen", "Else", "Erna", "Esben", "Ester", "Finn", "Freja", "Frida", "Gerda", "Gorm", "Grethe", "Gudrun", "Gunnar", "Hanne", "Harald", "Helge", "Henny", "Herdis", "Holger", "Ib", "Ida", "Inga", "Ingrid", "Ivar", "Jens", "Jytte", "Kaj", "Karen", "Karla", "Kirsten", "Knud", "Lærke", "Lauge", "Leif", "Lilly", "Lis", "Lone", "Malte", "Maren", "Mie", "Mogens", "Nanna", "Niels", "Oda", "Olga", "Ove", "Palle", "Per", "Poul", "Ragna", "Rikke", "Rosa", "Rune", "Signe", "Sigurd", "Silje", "Sofus", "Solveig", "Stig", "Svend", "Tage", "Thora", "Tove", "Troels", "Ulla", "Valdemar", "Vera", "Vibeke", "Viggo", "Vita", "Yrsa", "Åse", "Øjvind"]
SURNAME = ["Agerskov", "Bakkegaard", "Bisgaard", "Bjerreskov", "Brandstrup", "Bækdal", "Dalgaard", "Damborg", "Egebjerg", "Elkjær", "Enggaard", "Fjordside", "Fuglsang", "Gammelby", "Grønlund", "Hedegaard", "Hjortshøj", "Holmstrup", "Højbjerg", "Isager", "Kildegaard", "Klitgaard", "Knudsholm", "Krogshede", "Kærsgaard", "Langkilde", "Lindehøj", "Lundsgaard", "Lyngbæk", "Mosegaard", "Møllebæk", "Nørregaard", "Overby", "Pilegaard", "Ravnsborg", "Rosenlund", "Skovbo", "Skovgaard", "Stengaard", "Strandby", "Søndermark", "Sørup", "Thorsager", "Toftegaard", "Tranekjær", "Ulvedal", "Vestergaard", "Vindinge", "Voldby", "Ågaard", "Østerbro"]
TITLES = ("sagsbehandler", "rådgiver", "konsulent", "specialist", "teamleder", "assistent")
STREETS = ("Kastanjevej", "Mølleengen", "Fjordvej", "Skolebakken", "Rådhusgade", "Lyngtoften")
COMPANIES = (
    "Nordvang Boligforening",
    "Fjordby Entreprise ApS",
    "Lyngbæk Rådgivning A/S",
    "Hjemmeplejen Solsikken ApS",
)

# KLE: subject, facets in use, department, title. The classification is public; the cases are not real.
KLE: tuple[tuple[str, str, str, str], ...] = (
    ("02.34.02", "P19", "Byg og Miljø", "Byggetilladelse, carport"),
    ("02.34.04", "P19", "Byg og Miljø", "Byggetilladelse, tilbygning"),
    ("01.02.05", "P16", "Byg og Miljø", "Lokalplan, høring"),
    ("09.08.24", "P19", "Byg og Miljø", "Jordvarmeanlæg, tilladelse"),
    ("05.09.08", "G01", "Vej og Park", "Overkørsel til privat grund"),
    ("05.01.08", "K08", "Vej og Park", "Vedligeholdelse af fortov"),
    ("27.45.04", "P19", "Sundhed og Ældre", "Praktisk hjælp"),
    ("27.36.04", "P19", "Sundhed og Ældre", "Personlig pleje"),
    ("27.60.12", "G01", "Sundhed og Ældre", "Hjælpemiddel, rollator"),
    ("27.18.02", "P25", "Børn og Familie", "Plejefamilie, støtte"),
    ("27.24.04", "G01", "Børn og Familie", "Familierådgivning"),
    ("27.12.06", "P19", "Børn og Familie", "Merudgifter, barn"),
    ("15.20.04", "P21", "Borgerservice og Jobcenter", "Ressourceforløb"),
    ("15.20.02", "P21", "Borgerservice og Jobcenter", "Jobplan"),
    ("32.24.04", "P19", "Ydelse", "Kontanthjælp"),
    ("32.30.08", "G01", "Ydelse", "Sygedagpenge, opfølgning"),
    ("32.45.04", "P19", "Ydelse", "Enkeltydelse, flytning"),
    ("17.02.06", "P16", "Skole og Dagtilbud", "Skoleskift"),
    ("28.09.04", "G01", "Skole og Dagtilbud", "Plads i dagtilbud"),
    ("85.11.02", "G01", "IT og Digitalisering", "Leverandøraftale, system"),
    ("00.13.02", "A26", "Kommunikation", "Pressehenvendelse"),
    ("23.05.02", "G01", "Borgerservice og Jobcenter", "Folkeregister, flytning"),
)

# {n} the number as written, {p} the party's first name, {t} the title in lower case.
NAMING = (
    "Kan du lige kigge på {n}? Borgeren ringede igen i morges.",
    "Jeg har lagt partshøringen på {n}, så mangler vi kun svar.",
    "Vedr. sag {n}: {p} vil gerne have besked inden fredag.",
    "{n} er klar til afgørelse, vil du læse den igennem?",
    "Husk fristen på {n}, den udløber på torsdag.",
    "Er det dig, der har {n} ({t})? Jeg kan ikke åbne bilag 3.",
    "Sagsnr. {n} – vi har fået lægeerklæringen nu.",
    "Jeg talte med {p} om {t}. Det er {n}, hvis du vil følge med.",
    "Til orientering: klagen i {n} er sendt videre.",
    "Vi mangler fuldmagten i {n}, ellers kan jeg ikke svare advokaten.",
)
CONTINUING = (
    "Ja, jeg ser på det efter frokost.",
    "Har vi hørt noget fra lægen?",
    "Tak! Så skriver jeg til borgeren i dag.",
    "Det er noteret. Skal vi tage et møde med dem?",
    "Jeg mener, vi skal bede om flere oplysninger først.",
    "Fristen er rykket en uge, det har jeg aftalt i telefonen.",
    "Bilaget er vist forkert, det er den gamle version.",
    "Helt enig. Jeg laver et udkast til afgørelse.",
    "Kan du sende mig det, når det er underskrevet?",
    "Borgeren vil helst kontaktes på telefon.",
    "👍 godt set",
)
LEADING = (
    "Hej, har du to minutter til en sag?",
    "Jeg sidder med en borger i telefonen, kan du hjælpe?",
    "Må jeg lige spørge om noget?",
)
SMALL_TALK = (
    "Skal vi spise frokost kl. 11.30?",
    "Der er kage i køkkenet 🎂",
    "Printeren på 2. sal er død igen.",
    "Kan nogen huske koden til mødelokale Fjorden?",
    "God weekend!",
    "Jeg arbejder hjemme i morgen.",
    "Er der nogen, der har set min oplader?",
    "Teams driller, jeg genstarter lige.",
    "Tillykke med fødselsdagen! 🎉",
    "Bytter du vagt med mig på tirsdag?",
    "Hvor meget er klokken hos jer? Mit ur er gået i stå.",
    "Jeg er fem minutter forsinket, undskyld.",
    "Har du set den nye parkeringsordning?",
    "Mødet 12-11-2026 er flyttet til kl. 13.",
    "Ring til IT på 37 10 04 04, hvis det bliver ved.",
    "Budgettet for 2025/2026 kommer i næste uge, ca. 1.250.000 kr.",
    "Vi bruger emnet 27.45.04 og facet P19 fremover, se vejledningen.",
    "Lønkørslen 2026-11 er forsinket, siger de i HR.",
    "Hvem tager referat?",
    "Tak for i dag.",
)
UNKNOWN_NUMBER = "Jeg kan ikke finde {n} nogen steder, er det ikke den anden kommunes?"
TWO_CASES = "Er {n} og {m} ikke samme familie? De ligner hinanden."
QUESTION_MARKS = ("?", "🤔 det må vi lige undersøge", "Jeg ved det ikke, spørg {p}.")

MEETINGS = ("Tavlemøde", "Sagskonference", "Teammøde", "Visitation", "Opfølgning på tilsyn")
GROUPS = ("Vagten", "Kaffeklubben", "Sparring", "Nyt system", "Praktisk", "Ledergruppen")
CHANNELS = ("Generelt", "Faglig sparring")

QUEUES = ("Borgerservice hovednummer", "Jobcenter", "Byg og Miljø", "Ældre og hjælpemidler")

VOICEMAIL = (
    "Hej, det er {p}. Jeg ringer om min sag. Vil du ringe tilbage? Tak, hej hej.",
    "Goddag, mit navn er {p}. Jeg har fået et brev, som jeg ikke forstår. Ring gerne efter klokken to.",
    "Ja hej, det er {p} igen. Jeg har ikke hørt noget endnu. Hej.",
    "Hej, det er {p}. Jeg kan ikke komme på torsdag alligevel. Kan vi finde en ny tid?",
)
VOICEMAIL_NUMBER = (
    "Hej, det er {p}. Det drejer sig om sagsnummer {n}. Vil du ringe tilbage?",
    "Goddag, {p} her. I brevet står der {n}. Jeg vil gerne klage over afgørelsen.",
)
VOICEMAIL_UNKNOWN = (
    "Øh, ja, hallo? Er der nogen? Nå, så prøver jeg igen senere.",
    "Goddag, jeg ringer fra et firma og vil gerne tale med nogen om jeres telefonaftale.",
)
MAILS = (
    ("Nyhedsbrev uge 47", "Læs om det nye byrum ved havnen og kantinens menu."),
    ("Mødereferat", "Referatet ligger i mappen. Sig til, hvis noget mangler."),
    ("Kursus i digital post", "Der er stadig ledige pladser den 3. december."),
    ("Faktura 20264471", "Vedhæftet er faktura for november."),
    ("Telefonsvarer skal indtales", "Husk at indtale en ny hilsen, før du går på ferie."),
)
