"""The settings of the directory from a file, for a site without Microsoft 365."""

from __future__ import annotations

from connector.setting import Setting, schedule

DIRECTORY_FILE_SECTION = (
    "The directory from a file that Active Directory exports, where there is no Microsoft 365.",
    "Brugerkataloget fra en fil, som Active Directory eksporterer, hvor der ikke er Microsoft 365.",
)

DIRECTORY_FILE = (
    Setting("sources.directory_file.enabled", "flag", False, "Read it?", "Skal det læses?"),
    Setting(
        "sources.directory_file.path",
        "path",
        "",
        "A CSV file with a column ObjectGUID, a row for each person; docs/how-to/lync.md tells how "
        "it is made. Needed when enabled.",
        "En CSV-fil med en kolonne ObjectGUID og en række for hver person; docs/how-to/lync.md "
        "viser, hvordan den laves. Skal udfyldes, når kilden er slået til.",
    ),
    schedule(
        "sources.directory_file.schedule",
        "every 60 min",
        "A file that did not change is only looked at, not read into the ledger again.",
        "En fil, der ikke er ændret, bliver kun set efter og ikke læst ind igen.",
    ),
)
