"""The settings of Lync and Skype for Business servers: their databases, and what is read of them.

Facts: Microsoft, CDR schema (purge after 60 days by default), Export-CsArchivingData, read
2026-11-22. No figure of how soon rows come is published; the queue that carries them holds them
while the database is down.
"""

from __future__ import annotations

from connector.setting import Setting
from connector.setting import schedule as _schedule

LYNC_SECTION = (
    "Databases of Lync Server 2010 and 2013, Skype for Business Server 2015 and 2019. They are "
    "only read. Needs the extra casethread[lync].",
    "Databaser fra Lync Server 2010 og 2013, Skype for Business Server 2015 og 2019. De bliver kun "
    "læst. Kræver tillægget casethread[lync].",
)
CDR_SECTION = (
    "Calls from the call-detail databases that lync.call_databases names.",
    "Opkald fra de opkaldsdatabaser, som lync.call_databases nævner.",
)
ARCHIVE_SECTION = (
    "Archived messages: files made by Export-CsArchivingData, and archiving databases where their "
    "tables are as they are known.",
    "Arkiverede beskeder: filer fra Export-CsArchivingData og arkivdatabaser, hvor tabellerne er, "
    "som man kender dem.",
)

LYNC = (
    Setting(
        "lync.call_databases",
        "list",
        (),
        'Call-detail databases (LcsCDR), each as "name = mssql://reader@server:1433/LcsCDR". The '
        "name is part of every key: never change it. Another user name is written DOMAIN%5Cuser.",
        'Opkaldsdatabaser (LcsCDR), hver som "navn = mssql://laeser@server:1433/LcsCDR". Navnet '
        "indgår i alle nøgler: ret det aldrig. En domænebruger skrives DOMÆNE%5Cbruger.",
        check="lync",
    ),
    Setting(
        "lync.message_databases",
        "list",
        (),
        "Archiving databases (LcsLog), written alike. Better: files, see sources.lync_archive.",
        "Arkivdatabaser (LcsLog), skrevet på samme måde. Bedre: filer, se sources.lync_archive.",
        check="lync",
    ),
    Setting(
        "lync.password_file",
        "path",
        "",
        "A file that holds only the password of the login. Else it comes from "
        "CASETHREAD_LYNC_PASSWORD.",
        "En fil, der kun indeholder adgangskoden til databasen. Ellers kommer den fra "
        "CASETHREAD_LYNC_PASSWORD.",
        check="secret_file",
    ),
    Setting(
        "lync.time_zone",
        "zone",
        "UTC",
        "The zone of the times in the databases. Microsoft does not say; published scripts take "
        "UTC. Compare one known call.",
        "Tidszonen for tiderne i databaserne. Microsoft skriver det ikke; offentliggjorte "
        "programmer regner med UTC. Sammenlign med et opkald, I kender.",
    ),
    Setting(
        "lync.version",
        "choice",
        "auto",
        "auto: told by the database itself; else what it must be taken for.",
        "auto: databasen siger det selv; ellers det, den skal regnes for.",
        choices=("auto", "2010", "2013", "2015", "2019"),
    ),
    Setting(
        "lync.isolation",
        "choice",
        "read_uncommitted",
        "How SQL Server is read without locking those who write. snapshot needs "
        "ALLOW_SNAPSHOT_ISOLATION in the database.",
        "Hvordan SQL Server læses uden at låse for dem, der skriver. snapshot kræver "
        "ALLOW_SNAPSHOT_ISOLATION i databasen.",
        choices=("read_uncommitted", "snapshot"),
    ),
    Setting(
        "lync.query_timeout_s",
        "integer",
        60,
        "A query that takes longer is given up until the next run.",
        "En forespørgsel, der tager længere tid, opgives til næste kørsel.",
        unit="s",
        low=5,
        high=600,
    ),
)


def _source(section: str, schedule: str, why_en: str, why_da: str) -> tuple[Setting, ...]:
    """What both sources have: off at first, how far back, how much again, when."""
    return (
        Setting(
            f"sources.{section}.enabled",
            "flag",
            False,
            "Read this source?",
            "Skal kilden læses?",
        ),
        Setting(
            f"sources.{section}.initial_days",
            "integer",
            60,
            "How far back the first run reads, and how long a row may still be changed. The server "
            "deletes rows after 60 days, unless somebody set it otherwise.",
            "Hvor langt tilbage første kørsel læser, og hvor længe en række endnu kan ændre sig. "
            "Serveren sletter rækker efter 60 dage, medmindre nogen har sat det anderledes.",
            unit="days",
            low=1,
            high=3650,
        ),
        Setting(
            f"sources.{section}.window_days",
            "integer",
            2,
            "Each run reads so many days again, because rows come late and change in place.",
            "Hver kørsel læser så mange dage igen, fordi rækker kommer sent og ændres, hvor de "
            "står.",
            unit="days",
            low=1,
            high=30,
        ),
        _schedule(f"sources.{section}.schedule", schedule, why_en, why_da),
    )


LYNC_SOURCES = (
    *_source(
        "lync_cdr",
        "every 15 min",
        "A row is there within minutes of the call; the servers queue it while the database is "
        "down.",
        "En række er der inden for minutter efter opkaldet; serverne gemmer den i kø, mens "
        "databasen er nede.",
    ),
    *_source(
        "lync_archive",
        "daily 02:30",
        "Exports are made by a scheduled job on the server, as a rule at night.",
        "Eksporter laves af et planlagt job på serveren, som regel om natten.",
    ),
    Setting(
        "sources.lync_archive.folder",
        "path",
        "",
        "The folder into which Export-CsArchivingData writes its EML files; subfolders are read.",
        "Mappen, som Export-CsArchivingData skriver sine EML-filer i; undermapper læses med.",
    ),
)
