"""The folder journal: cases in one CSV file, entries as HTML and JSON in one folder a case.

It needs no other system, so a municipality can use it on day one beside any records system.
"""

from connector.journals.folder.columns import columns_help
from connector.journals.folder.importing import Imported, import_cases
from connector.journals.folder.register import CASES_FILE, FolderRegister
from connector.journals.folder.sink import FolderJournal, load_mapping

__all__ = [
    "CASES_FILE",
    "FolderJournal",
    "FolderRegister",
    "Imported",
    "columns_help",
    "import_cases",
    "load_mapping",
]
