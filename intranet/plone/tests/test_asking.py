"""Pages for communications and presence stand by themselves; who is signed in is signed for."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import jwt
import pytest
import transaction
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from plone import api
from tests.conftest import EDITOR, STAFF
from zope.i18n import translate

from casethread.plone import controlpanel, statements

CONNECTOR = "https://sagstraad.nordvang.example"
KEYS = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def key(site, tmp_path, monkeypatch):
    """A site that is set up, with a key of its own."""
    made = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(pem(made))
    monkeypatch.setenv(statements.KEY_FILE, str(tmp_path / "key.pem"))
    set_up()
    return made


def set_up(url=CONNECTOR, name="nordnet"):
    with api.env.adopt_roles(["Manager"]):
        api.portal.set_registry_record("casethread.plone.connector_url", url)
        api.portal.set_registry_record("casethread.plone.intranet_name", name)
    transaction.commit()


def test_statement(site, key):
    """A statement names user, connector and site, for a minute and for one use."""
    told = site.post("/@casethread-token", STAFF)
    assert told.status_code == 200
    assert told.headers["Cache-Control"] == "no-store"
    assert told.json()["connector"] == CONNECTOR

    said = jwt.decode(
        told.json()["statement"], key.public_key(), ["EdDSA"], audience=CONNECTOR, issuer="nordnet"
    )
    assert said["sub"] == STAFF
    assert said["exp"] - said["iat"] == 60
    assert abs(said["iat"] - time.time()) < 10
    again = jwt.decode(
        site.post("/@casethread-token", STAFF).json()["statement"],
        options={"verify_signature": False},
    )
    assert again["jti"] != said["jti"]
    assert set(said) == {"iss", "aud", "sub", "iat", "exp", "jti"}  # and no role


@pytest.mark.parametrize("sort", KEYS)
def test_sorts(site, sort, monkeypatch):
    """Keys of all three sorts that the connector takes sign, from the environment itself too."""
    key = KEYS[sort]()
    monkeypatch.setenv(statements.KEY, pem(key).decode().replace("\n", "\\n"))
    set_up()
    statement = site.post("/@casethread-token", STAFF).json()["statement"]
    assert jwt.decode(statement, key.public_key(), [sort], audience=CONNECTOR)["sub"] == STAFF


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
    ],
    ids=["P-384", "RSA 1024"],
)
def test_other_sorts(site, key, monkeypatch):
    """A key that the connector would not believe signs nothing; what it takes is said."""
    monkeypatch.setenv(statements.KEY, pem(key).decode())
    set_up()
    answer = site.post("/@casethread-token", STAFF)
    assert answer.status_code == 503
    assert "P-256, or RSA of at least 2048 bits" in answer.json()["error"]["message"]


def test_visitor(site, key):
    """Nobody is signed for who is not signed in, and not by GET, which another page can make."""
    assert site.post("/@casethread-token").status_code == 401
    assert site.get("/@casethread-token", STAFF).status_code in (404, 405)


def test_own_profile(site, key):
    """Who writes another's address into their own profile is still signed for as themselves."""
    with api.env.adopt_roles(["Manager"]):
        user = api.user.get(STAFF)
        user.setMemberProperties({"email": "chef@nordvang.example", "fullname": "chef"})
    transaction.commit()
    statement = site.post("/@casethread-token", STAFF).json()["statement"]
    assert jwt.decode(statement, options={"verify_signature": False})["sub"] == STAFF


@pytest.mark.parametrize("how", ["no key", "no file", "no pem", "not set up"])
def test_not_ready(site, how, tmp_path, monkeypatch):
    """What is missing is said, without a word of the key."""
    file = tmp_path / "key.pem"
    if how == "no pem":
        file.write_text("-----BEGIN HEMMELIG-----")
    if how != "no key":
        monkeypatch.setenv(statements.KEY_FILE, str(file))
    if how != "not set up":
        set_up()
    answer = site.post("/@casethread-token", STAFF)
    assert answer.status_code == 503
    named = "control panel" if how == "not set up" else statements.KEY_FILE
    assert named in answer.json()["error"]["message"]
    assert "HEMMELIG" not in answer.text


def test_secret_is_nowhere(site, key):
    """The private key is in no setting, no panel and no page."""
    secret = pem(key).decode().split("\n")[1]
    assert secret not in site.get("/@controlpanels/casethread", "admin").text
    assert secret not in site.page("/@@casethread-controlpanel", "admin")
    registry = api.portal.get_tool("portal_registry")
    assert secret not in str([(name, one.value) for name, one in registry.records.items()])


def test_page(site, key):
    """The page of a case says whose it is and where to ask; the number cannot break out of it."""
    page = site.page("/@@communications", STAFF, case="27.18.02-P25-14-26")
    assert 'data-case="27.18.02-P25-14-26"' in page
    assert f'data-connector="{CONNECTOR}"' in page
    assert f"{CONNECTOR}/cases/27.18.02-P25-14-26" in page
    page = site.page("/@@communications", STAFF, case='"><script>alert(1)</script>')
    assert "<script>alert" not in page
    assert "no case number" in site.page("/@@communications", STAFF, case="../..")


def test_for_whom(site, key):
    """Visitors get neither page; staff do, and Plone itself asks the connector nothing."""
    with socket.create_server(("127.0.0.1", 0)) as connector:
        connector.setblocking(False)
        set_up(f"http://127.0.0.1:{connector.getsockname()[1]}")
        for path in ("/@@communications?case=1", "/@@presence"):
            assert site.get(path, headers={"Accept": "text/html"}).status_code in (302, 401)
            assert site.get(path, STAFF, headers={"Accept": "text/html"}).status_code == 200
        with pytest.raises(BlockingIOError):
            connector.accept()


def test_not_set_up(site):
    """Before the site is set up the pages stand and say so."""
    assert "not set up" in site.page("/@@communications", STAFF, case="1")
    assert "not set up" in site.page("/@@presence", STAFF)


def case_document(site, number="27.18.02-P25-14-26"):
    with api.env.adopt_roles(["Manager"]):
        fti = api.portal.get_tool("portal_types")["Document"]
        fti.behaviors = (*fti.behaviors, "casethread.plone.case")
    transaction.commit()
    fields = {"@type": "Document", "id": "notat", "title": "Notat", "case_number": number}
    assert site.post("", "admin", **fields).status_code == 201
    assert site.post("/notat/@workflow/publish", "admin").status_code == 200


def test_viewlet(site, key):
    """Content that belongs to a case shows its communications to staff, not to visitors."""
    case_document(site)
    assert 'data-case="27.18.02-P25-14-26"' in site.page("/notat", STAFF)
    assert "casethread-box" not in site.page("/notat")


def test_case_number(site):
    """A case number that is none is refused by the form and by REST."""
    case_document(site)
    assert site.patch("/notat", "admin", case_number="..").status_code == 400
    assert site.patch("/notat", "admin", case_number="a\u0007").status_code == 400


def test_presence(site, key, publish):
    """An article's page lets staff see whether its owner is free, and visitors not who that is."""
    publish(owner_upn="bodil@nordvang.example", owner_name="Bodil Ravn", owner_unit="Borgerservice")
    page = site.page("/pas", STAFF)
    assert 'data-person="bodil@nordvang.example"' in page
    assert 'data-unit="Borgerservice"' in page
    assert "casethread-box" not in site.page("/pas")


def test_settings(site, key):
    """Only managers set up the site; an address that is not safe is refused."""
    path = "/@controlpanels/casethread"
    assert site.get(path, STAFF).status_code == 401
    assert site.patch(path, EDITOR, intranet_name="x").status_code == 401
    assert site.patch(path, "admin", intranet_name="sydnet").status_code == 204
    for wrong in (
        "http://sagstraad.nordvang.example",
        "https://x/y",
        "javascript:x",
        "https://u@x",
    ):
        assert site.patch(path, "admin", connector_url=wrong).status_code == 400, wrong
    assert site.patch(path, "admin", connector_url="http://localhost:8080").status_code == 204


def test_panel(site, monkeypatch):
    """The panel says what is missing, and warns when anybody can make themselves a member."""
    monkeypatch.delenv(statements.KEY_FILE, raising=False)
    set_up()
    page = site.page("/@@casethread-controlpanel", "admin")
    assert statements.KEY_FILE in page
    assert "Whoever likes" not in page
    with api.env.adopt_roles(["Manager"]):
        api.portal.get().manage_permission("Add portal member", ["Anonymous", "Manager"], acquire=0)
    transaction.commit()
    assert "Whoever likes" in site.page("/@@casethread-controlpanel", "admin")


def test_panel_in_danish(portal):
    """What is missing is said in the reader's language too."""
    remarks = [translate(each, target_language="da") for each in controlpanel.remarks()]
    assert remarks == [
        "Henvendelser og tilstedeværelse vises ikke endnu: der mangler Sagstråds adresse eller "
        "dette intranets navn i kontrolpanelet."
    ]


def test_script_has_no_html():
    """What others wrote is put on the page as text: the scripts know no way to put HTML there."""
    import casethread.plone

    folder = Path(casethread.plone.__file__).parent / "browser" / "static"
    for each in folder.glob("*.js"):
        text = each.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, each.name
