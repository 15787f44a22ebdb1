"""Microsoft Teams, read through Graph: who there is, what was said, and which calls there were."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_MODULES = {
    "CallRecords": "calls",
    "Channels": "channels",
    "Chats": "chats",
    "Directory": "directory",
    "DirectRouting": "pstn",
    "PresenceStates": "presence",
    "PstnCalls": "pstn",
}


def __getattr__(name: str) -> Any:
    """A source is loaded when it is named: a sync of chats need not read how calls are told."""
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
