"""Microsoft Teams, read through Graph: who there is, what was said, and which calls there were."""

from connector.sources.teams.chats import Chats

__all__ = ["Chats"]
