"""One row of the settings table."""

from __future__ import annotations

from typing import Literal

import msgspec

Type = Literal[
    "text", "flag", "integer", "number", "path", "list", "choice", "zone", "url", "schedule"
]


class Setting(msgspec.Struct, frozen=True):
    """One setting. `check` names a rule of settings_values.py beyond type and bounds."""

    name: str
    type: Type
    default: object
    en: str
    da: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: str = ""

    @property
    def section(self) -> str:
        """The table it stands in; empty for the top of the file."""
        return self.name.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Its name within its table."""
        return self.name.rpartition(".")[2]


def schedule(name: str, default: str, en: str, da: str) -> Setting:
    """A setting that says when something runs."""
    return Setting(name, "schedule", default, en, da)
