"""Where the data that ships with the program is: mappings and configuration examples."""

from __future__ import annotations

import tomllib
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


def mapping_file(name: str, folder: Path) -> Path:
    """A file or folder of mappings/: the site's own beside its configuration, else ours."""
    own = folder / "mappings" / name
    return own if own.exists() else defaults_dir() / "mappings" / name


def mapping_text(name: str, folder: Path) -> str:
    """The text of such a file. Raises ConfigError when it cannot be read."""
    path = mapping_file(name, folder)
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from error


def read_mapping(name: str, folder: Path) -> dict[str, object]:
    """Such a file as a table. Raises ConfigError when it cannot be read or is no TOML."""
    text = mapping_text(name, folder)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unusable(mapping_file(name, folder), error) from error


def _unusable(path: Path, error: Exception) -> ConfigError:
    return ConfigError([f"{path}: {error}; correct it, or remove it to use ours"])
