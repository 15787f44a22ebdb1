"""Microsoft Teams, read through Graph: who there is, what was said, and which calls there were."""

from connector.sources.teams.chats import Chats
from connector.sources.teams.directory import Directory
from connector.sources.teams.presence import PresenceStates

__all__ = ["Chats", "Directory", "PresenceStates"]
