"""Builds a Plone site and serves it on loopback: for tests, the demo and a first look.

Run by the Python of a Plone environment (scripts/plone makes one):

    .venv-plone/bin/python intranet/plone/serve.py FOLDER [--site SITE.json]      keeps what is done
    ... FOLDER --base BUILT       a copy of the site in BUILT that forgets everything at its end,
                                  and at each POST /__reset__

When people can be answered it prints `READY http://localhost:PORT/intranet`. Not for production:
there is one process, on this machine alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SITE_ID = "intranet"
ADDON = "casethread.plone:default"

SITE_ZCML = """\
<configure xmlns="http://namespaces.zope.org/zope"
    xmlns:five="http://namespaces.zope.org/five">
  <include package="Zope2.App" />
  <five:loadProducts file="meta.zcml" />
  <five:loadProducts />
  <five:loadProductsOverrides />
</configure>
"""
ZOPE_CONF = """\
instancehome {folder}
<environment>
  zope_i18n_compile_mo_files true
</environment>
<zodb_db main>
  cache-size 30000
  {open}
  <filestorage{named}>
    path {var}/Data.fs
    blob-dir {var}/blobs
    read-only {read_only}
  </filestorage>
  {close}
  mount-point /
</zodb_db>
"""


def main() -> None:
    options = _options()
    folder = Path(options.folder).resolve()
    base = Path(options.base).resolve() if options.base else None
    _write_configuration(folder, base)
    # What is uploaded to a site that forgets would stay in /tmp when the process is ended.
    tempfile.tempdir = str(folder / "var" / "tmp")
    # Dates are shown in the time zone of the process, whatever the site's own is.
    os.environ["TZ"] = options.time_zone
    time.tzset()
    os.environ["CHAMELEON_CACHE"] = str((base or folder) / "var" / "cache")

    from Zope2.Startup.run import make_wsgi_app

    wsgi = make_wsgi_app({}, str(folder / "etc" / "zope.conf"))
    if base is None:
        _build(options)
    if options.build_only:
        import Zope2

        Zope2.DB.close()
        return
    _serve(wsgi, options.port, forgets=base is not None)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", help="where the configuration and the database lie")
    parser.add_argument("--base", help="the folder of a site that was built before")
    parser.add_argument("--build-only", action="store_true", help="build the site, then end")
    parser.add_argument("--plain", action="store_true", help="a site without the add-on")
    parser.add_argument("--site", help="JSON: admin_password, people, groups, folders, registry")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--language", default="da")
    parser.add_argument("--time-zone", default="Europe/Copenhagen")
    return parser.parse_args()


def _write_configuration(folder: Path, base: Path | None) -> None:
    for sub in ("etc", "var/cache", "var/blobs", "var/tmp"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    (folder / "etc" / "site.zcml").write_text(SITE_ZCML, encoding="utf-8")
    text = ZOPE_CONF.format(
        folder=folder,
        var=(base or folder) / "var",
        named=" base" if base else "",
        read_only="true" if base else "false",
        open="<demostorage>" if base else "",
        close="</demostorage>" if base else "",
    )
    (folder / "etc" / "zope.conf").write_text(text, encoding="utf-8")


def _build(options: argparse.Namespace) -> None:
    """Make the site where there is none yet."""
    import transaction
    import Zope2
    from AccessControl.SecurityManagement import newSecurityManager, noSecurityManager
    from Products.CMFPlone.factory import addPloneSite
    from Testing.makerequest import makerequest
    from zope.component.hooks import setSite

    app = makerequest(Zope2.app())
    if SITE_ID not in app.objectIds():
        wanted = json.loads(Path(options.site).read_text("utf-8")) if options.site else {}
        app.acl_users._doAddUser("admin", _password(wanted), ["Manager"], [])
        newSecurityManager(None, app.acl_users.getUser("admin").__of__(app.acl_users))
        site = addPloneSite(
            app,
            SITE_ID,
            title="Intranet",
            default_language=options.language,
            portal_timezone=options.time_zone,
            distribution_name="classic",
        )
        setSite(site)
        # The classic distribution leaves the REST API's profile out.
        for profile in ("plone.restapi:default", *(() if options.plain else (ADDON,))):
            site.portal_setup.runAllImportStepsFromProfile(f"profile-{profile}")
        _furnish(site, wanted)
        transaction.commit()
        noSecurityManager()
        setSite(None)
    app._p_jar.close()


def _password(wanted: dict[str, Any]) -> str:
    found = wanted.get("admin_password") or os.environ.get("PLONE_ADMIN_PASSWORD")
    if not found:
        sys.exit("no password for admin: name it in --site, or in PLONE_ADMIN_PASSWORD")
    return str(found)


def _furnish(site: Any, wanted: dict[str, Any]) -> None:
    """People, groups, folders and records of the registry, as --site names them."""
    from plone import api

    for group in wanted.get("groups", ()):
        api.group.create(groupname=group["id"], title=group.get("title", group["id"]))
    for person in wanted.get("people", ()):
        site.acl_users._doAddUser(
            person["id"], person["password"], ["Member", *person.get("roles", ())], []
        )
        api.user.get(userid=person["id"]).setMemberProperties(
            {"fullname": person.get("name", ""), "email": person.get("mail", "")}
        )
        for group in person.get("groups", ()):
            api.group.add_user(groupname=group, username=person["id"])
    for each in wanted.get("folders", ()):
        made = api.content.create(site, "Folder", each["id"], title=each.get("title", each["id"]))
        api.content.transition(made, "publish")
        for user, roles in each.get("roles", {}).items():
            made.manage_setLocalRoles(user, roles)
        made.reindexObjectSecurity()
        if "layout" in each:
            made.setLayout(each["layout"])
    for name, value in wanted.get("registry", {}).items():
        api.portal.set_registry_record(name, value)


def _forget() -> None:
    """Go back to the site that was built."""
    import Zope2
    from plone.dexterity.schema import SCHEMA_CACHE
    from ZODB.DB import DB
    from ZODB.DemoStorage import DemoStorage

    Zope2.bobo_application._db = DB(DemoStorage(base=Zope2.DB.storage))
    SCHEMA_CACHE.clear()


def _serve(wsgi: Any, port: int, *, forgets: bool) -> None:
    from waitress import create_server

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if forgets and asked == ("POST", "/__reset__"):
            _forget()
            start_response("204 No Content", [])
            return [b""]
        found: Iterable[bytes] = wsgi(environ, start_response)
        return found

    if forgets:
        _forget()
    server = create_server(application, host="127.0.0.1", port=port, threads=4)
    # Not 127.0.0.1: pages are shown without their theme there (a default of plone.app.theming).
    print(f"READY http://localhost:{server.effective_port}/{SITE_ID}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
