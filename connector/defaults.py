"""Where the data that ships with the program is: mappings and configuration examples."""

from __future__ import annotations

from pathlib import Path

from connector.errors import ConfigError


def defaults_dir() -> Path:
    """The folder that holds `mappings/` (and `config/`).

    In an installed wheel it is `connector/_defaults`, in a checkout the root of the checkout.
    Raises ConfigError when neither is there, which means a broken installation.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_defaults", package.parent):
        if (folder / "mappings").is_dir():
            return folder
    raise ConfigError(
        [f"the folder mappings/ is missing beside {package}; install the program again"]
    )
