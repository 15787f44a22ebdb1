"""Lync Server 2010 and 2013, Skype for Business Server 2015 and 2019: calls and archived messages.

All of it is read from databases and exported files, never from the servers that carry the calls.
"""

from connector.sources.lync.archive import ArchivedMessages
from connector.sources.lync.cdr import CallDetails
from connector.sources.lync.database import Database

__all__ = ["ArchivedMessages", "CallDetails", "Database"]
