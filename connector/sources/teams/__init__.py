"""Microsoft Teams, read through Graph: who there is, what was said, and which calls there were."""

from connector.sources.teams.calls import CallRecords
from connector.sources.teams.channels import Channels
from connector.sources.teams.chats import Chats
from connector.sources.teams.directory import Directory
from connector.sources.teams.presence import PresenceStates
from connector.sources.teams.pstn import DirectRouting, PstnCalls

__all__ = [
    "CallRecords",
    "Channels",
    "Chats",
    "DirectRouting",
    "Directory",
    "PresenceStates",
    "PstnCalls",
]
