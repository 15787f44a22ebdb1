"""Voicemail, missed calls and saved conversations from Exchange on the organisation's own servers.

Importing this loads exchangelib, which takes longer than a sync without news: only when the source
is switched on.
"""

from connector.sources.exchange.access import Access
from connector.sources.exchange.client import Client
from connector.sources.exchange.source import Exchange

__all__ = ["Access", "Client", "Exchange"]
