"""Which folders of a mailbox are read: all that hold mail, found by class and by name. Pure.

Rules move telephone messages, and one that fails the sender checks lands in Junk, so no folder is
trusted to have none. Distinguished names for Conversation History and Voice Mail were refused by a
real server, and the first exists from Exchange 2013 only; both are known by class or by their name
in the mailbox's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.sources.exchange.wire import Folder

_MAIL = "ipf.note"
# The name that clients gave the folder, in the languages of the region.
_HISTORY = frozenset(
    {
        *("conversation history", "samtalehistorik", "samtaleoversigt", "samtalelogg"),
        *("samtaleoversikt", "konversationshistorik", "aufgezeichnete unterhaltungen"),
        *("unterhaltungsverlauf", "keskusteluhistoria", "historique des conversations"),
    }
)


def wanted(listed: Iterable[Folder], excluded: Sequence[str]) -> list[Folder]:
    """The folders to read: those of mail, search folders left out, which no server synchronises."""
    return [folder for folder in listed if _holds_mail(folder) and not _is_in(folder, excluded)]


def _holds_mail(folder: Folder) -> bool:
    kind = folder.item_class.lower()
    is_mail = not kind or kind == _MAIL or kind.startswith(_MAIL + ".")
    return is_mail and not folder.is_search


def _is_in(folder: Folder, names: Sequence[str]) -> bool:
    return folder.name.strip().casefold() in names


def is_history(folder: Folder) -> bool:
    """Whether it is the folder in which clients save conversations."""
    kind = folder.item_class.lower()
    return kind.startswith("ipf.note.microsoft.conversation") or _is_in(folder, tuple(_HISTORY))
