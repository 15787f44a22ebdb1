"""A real Plone for the tests: built once for a checkout, served once for a test process, and set
back to how it was built before each test.

scripts/plone installs it into .venv-plone. Where it is not there the tests are not run, and say how
to install it; in CI they fail.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ROOT = Path(__file__).parents[1]
ADDON = ROOT / "intranet" / "plone"
PYTHON = ROOT / ".venv-plone" / "bin" / "python"
BUILT = ROOT / ".venv-plone" / "sites"  # goes when the installation goes
SERVE = ADDON / "serve.py"
INSTALL = "scripts/plone"

PASSWORD = "fictional-12"
SERVICE = "casethread"  # may write articles in FOLDER and nothing else
STAFF = "bodil@nordvang.example"
NEIGHBOUR = "henrik@nordvang.example"  # staff of another unit
EDITOR = "redaktion@nordvang.example"
FOLDER = "viden"
SITE = {
    "admin_password": PASSWORD,
    "groups": [{"id": "borgerservice", "title": "Borgerservice"}, {"id": "teknik"}],
    "people": [
        {"id": SERVICE, "password": PASSWORD, "name": "Casethread"},
        {"id": STAFF, "password": PASSWORD, "name": "Bodil Ravn", "groups": ["borgerservice"]},
        {"id": NEIGHBOUR, "password": PASSWORD, "name": "Henrik Lund", "groups": ["teknik"]},
        {"id": EDITOR, "password": PASSWORD, "name": "Rikke Holm", "roles": ["Editor"]},
    ],
    "folders": [
        {
            "id": FOLDER,
            "title": "Viden",
            "roles": {SERVICE: ["Contributor", "Editor", "Reviewer", "Reader"]},
        }
    ],
}


@dataclass
class RealPlone:
    """A served Plone."""

    url: str  # of the site: http://localhost:PORT/intranet
    has_addon: bool
    public_key: bytes = b""  # PEM: what the connector needs to believe this site's statements
    folder: str = FOLDER

    @property
    def articles(self) -> str:
        """The address of the folder that articles are published into."""
        return f"{self.url}/{self.folder}"

    def reset(self) -> None:
        """Back to how it was built: 2 ms."""
        requests.post(self.url.rsplit("/", 1)[0] + "/__reset__", timeout=10).raise_for_status()

    def session(self, user: str | None = None) -> requests.Session:
        """Asks as this user over REST; None is a visitor, "admin" may do everything."""
        made = requests.Session()
        made.headers["Accept"] = "application/json"
        if user is not None:
            made.auth = (user, PASSWORD)
        return made


def installed() -> None:
    """Leave the test out where Plone is not installed; in CI fail."""
    if not (PYTHON.parents[1] / ".set-up").exists():
        text = f"Plone is not installed; run {INSTALL}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(text)


@contextmanager
def served(*, has_addon: bool, site: dict[str, Any] = SITE) -> Iterator[RealPlone]:
    """A Plone with its folders and people, until the end of the block."""
    base = built(has_addon=has_addon, site=site)
    folder = Path(tempfile.mkdtemp(prefix="casethread-plone-"))
    log = folder / "log"
    public_key = _make_key(folder / "intranet.key")
    with log.open("w") as errors:
        process = subprocess.Popen(
            [PYTHON, SERVE, folder, "--base", base],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | {"CASETHREAD_INTRANET_KEY_FILE": str(folder / "intranet.key")},
        )
    try:
        assert process.stdout is not None
        url = next((line.split()[1] for line in process.stdout if line.startswith("READY")), None)
        assert url, f"Plone did not start:\n{log.read_text()[-3000:]}"
        yield RealPlone(url=url, has_addon=has_addon, public_key=public_key)
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def _make_key(place: Path) -> bytes:
    """A key pair for the site's statements: the private half in a file; gives the public one."""
    key = Ed25519PrivateKey.generate()
    place.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def built(*, has_addon: bool, site: dict[str, Any] = SITE) -> Path:
    """The folder of a site that is built when nobody has built it from these files before."""
    installed()
    place = BUILT / f"{'with' if has_addon else 'plain'}-{_fingerprint(site, has_addon)}"
    BUILT.mkdir(exist_ok=True)
    with (BUILT / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other test processes wait here for the one that builds
        if not place.exists():
            _build(place, has_addon, site)
    return place


def _build(place: Path, has_addon: bool, site: dict[str, Any]) -> None:
    for old in BUILT.glob(f"{place.name.split('-')[0]}-*"):
        if old.is_dir() and len(list(BUILT.iterdir())) > 12:
            shutil.rmtree(old, ignore_errors=True)
    half = place.with_name(f"{place.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    (half / "site.json").write_text(json.dumps(site), encoding="utf-8")
    command: list[str | Path] = [
        PYTHON, SERVE, half, "--build-only", "--site", half / "site.json"
    ]  # fmt: skip
    done = subprocess.run(
        command if has_addon else [*command, "--plain"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"the site was not built:\n{done.stderr[-4000:]}"
    half.rename(place)


def _fingerprint(site: dict[str, Any], has_addon: bool) -> str:
    """Of everything that a built site is made from; code is read when a site is served."""
    sha = hashlib.sha256(json.dumps(site, sort_keys=True).encode())
    files = [SERVE, ADDON / "constraints.txt", ADDON / "pyproject.toml"]
    if has_addon:
        files += sorted(
            each
            for each in (ADDON / "src").rglob("*")
            if each.suffix in (".xml", ".zcml") or each.name == "setuphandlers.py"
        )
    for each in files:
        sha.update(each.relative_to(ROOT).as_posix().encode())
        sha.update(each.read_bytes())
    return sha.hexdigest()[:16]


@pytest.fixture(scope="session")
def plone_server() -> Iterator[RealPlone]:
    """A Plone with our add-on, one for each test process."""
    with served(has_addon=True) as found:
        yield found


@pytest.fixture(scope="session")
def plain_plone_server() -> Iterator[RealPlone]:
    """A Plone as it comes, one for each test process."""
    with served(has_addon=False) as found:
        yield found


@pytest.fixture
def plone(plone_server: RealPlone) -> RealPlone:
    """A Plone with our add-on, as it was built."""
    plone_server.reset()
    return plone_server


@pytest.fixture
def plain_plone(plain_plone_server: RealPlone) -> RealPlone:
    """A Plone without our add-on, as it was built."""
    plain_plone_server.reset()
    return plain_plone_server
