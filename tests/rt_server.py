"""A real Request Tracker for the tests: started once for each test process, fresh for each test.

Debian's request-tracker5 with a configuration and an SQLite file of its own, on loopback. The file
that we ship for operators (mappings/request_tracker/initialdata) sets it up.
"""

from __future__ import annotations

import http.client
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import EXPIRED, FULL, READ_ONLY, FakeSystem, plain

ROOT = Path(__file__).parents[1]
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "rt-setup-database-5"
INSTALL = "apt-get install --no-install-recommends request-tracker5 rt5-db-sqlite"
INITIALDATA = ROOT / "mappings" / "request_tracker" / "initialdata"

PASSWORD = "fictional-12"

SITE = """
Set($rtname, 'casethread.example');
Set($Organization, 'casethread.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.db');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($Timezone, 'Europe/Copenhagen');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($MailCommand, 'testfile');
$RT::MasonDataDir = '{folder}/pages';  # the usual places are the web server's
$RT::MasonSessionDir = '{folder}/sessions';
Set($BcryptCost, 4);  # the hash of the token is made anew at every request
1;
"""

# What an administrator does by hand: a token for the account, and here a password as well.
ACCOUNTS = """
use lib '/usr/share/request-tracker5/lib';
use RT;
RT->LoadConfig;
RT->Init;
for my $name ('casethread', 'root') {
    my $user = RT::User->new(RT->SystemUser);
    $user->Load($name);
    $user->SetPassword($ARGV[0]);
    my $token = RT::AuthToken->new(RT->SystemUser);
    my ($id, $said, $text) = $token->Create(Owner => $user->id, Description => 'tests');
    print "$text\\n";
}
"""


class RealRt:
    """RT in a folder of its own. `token` is the service account's, `root_token` the owner's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.database = folder / "rt.db"
        self._kept = folder / "kept.db"
        for name in ("site.d", "pages", "sessions"):
            (folder / name).mkdir()
        site = folder / "site.pm"
        site.write_text(SITE.format(port=self.port, folder=folder))
        self._environment = {
            **os.environ,
            "RT_SITE_CONFIG": str(site),
            "RT_SITE_CONFIG_DIR": str(folder / "site.d"),
        }
        self._run([SETUP, "--action", "init", "--skip-create"])
        self.load_initialdata()
        accounts = ["perl", "-e", ACCOUNTS, PASSWORD]
        self.token, self.root_token = self._run(accounts).split()
        server = [str(SERVER), "--host", "127.0.0.1", "--port", str(self.port)]
        with (folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                [*server, "--max-workers", "4"],
                env=self._environment,
                stdout=log,
                stderr=log,
                # Python ignores SIGXFSZ, and so must RT: a full disk is an error, not a death.
                restore_signals=False,
                start_new_session=True,
            )
        self._await()

    def load_initialdata(self, queue: str = "") -> str:
        """Load our file as an operator does; what was said."""
        more = {"CASETHREAD_QUEUE": queue} if queue else {}
        return self._run([SETUP, "--action", "insert", "--datafile", str(INITIALDATA)], **more)

    def stop(self) -> None:
        """End the server and its workers."""
        os.killpg(self._server.pid, 15)
        self._server.wait(20)

    def keep(self) -> None:
        """What is in the database now is what `restore` brings back."""
        kept = sqlite3.connect(self._kept)
        with self._open() as database:
            database.backup(kept)
        kept.close()

    def restore(self) -> None:
        """Every table as it was kept, while the server runs: some milliseconds."""
        with self._open() as database:
            database.execute("ATTACH ? AS kept", (str(self._kept),))
            names = "SELECT name FROM kept.sqlite_master WHERE type = 'table'"
            tables = [name for (name,) in database.execute(names)]
            database.execute("BEGIN IMMEDIATE")
            for table in tables:
                database.execute(f'DELETE FROM main."{table}"')
                database.execute(f'INSERT INTO main."{table}" SELECT * FROM kept."{table}"')
            database.execute("COMMIT")

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What only the owner of the database can do or see."""
        with self._open() as database:
            return database.execute(statement, values).fetchall()

    @contextmanager
    def without(self, table: str, where: str, *values: object) -> Iterator[None]:
        """Some rows are gone for a while: a right is revoked, a token is withdrawn."""
        gone = self.sql(f"SELECT * FROM {table} WHERE {where}", *values)
        assert gone, f"nothing in {table} where {where}"
        self.sql(f"DELETE FROM {table} WHERE {where}", *values)
        try:
            yield
        finally:
            for row in gone:
                self.sql(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", *row)

    @contextmanager
    def without_right(self, right: str) -> Iterator[None]:
        """The service account's group lacks a right for a while."""
        with self.without("ACL", "RightName = ? AND ObjectType != 'RT::System'", right):
            yield

    @contextmanager
    def without_room(self) -> Iterator[None]:
        """No process of RT may write to any file for a while."""
        self._limit(0)
        try:
            yield
        finally:
            self._limit(-1)

    def ask(self, method: str, path: str, value: object = None, *, token: str = "") -> Any:
        """A request as RT's owner; the JSON of its answer."""
        import msgspec

        headers = {"authorization": f"token {token or self.root_token}"}
        if value is not None:
            headers["content-type"] = "application/json"
        body = b"" if value is None else msgspec.json.encode(value)
        status, _headers, content = self.forward(method, f"/REST/2.0/{path}", headers, body)
        assert status < 300, (status, content)
        return msgspec.json.decode(content) if content else None

    def page(self, path: str) -> str:
        """A page for people, as RT's owner sees it."""
        form = urlencode({"user": "root", "pass": PASSWORD, "next": ""}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        _status, told, _body = self.forward("POST", "/NoAuth/Login.html", kind, form)
        cookie = {"cookie": told["set-cookie"].partition(";")[0]}
        status, _told, body = self.forward("GET", f"/{path}", cookie, b"")
        assert status == 200
        return body.decode()

    def forward(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """One request to the server."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, target, body or None, headers)
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, told, answer.read()
        finally:
            line.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.database, timeout=30, isolation_level=None)
        try:
            yield database
        finally:
            database.close()

    def _limit(self, size_bytes: int) -> None:
        """How large a file may become that RT writes; -1 for any size."""
        import resource  # not on Windows, where RT is not either

        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text()
        for pid in (self._server.pid, *map(int, children.split())):
            limits = (size_bytes, resource.RLIM_INFINITY)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    def _run(self, command: Sequence[str], **more: str) -> str:
        done = subprocess.run(
            command, env={**self._environment, **more}, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _await(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self._server.poll() is None, (self.folder / "server.log").read_text()
            try:
                self.forward("GET", "/REST/2.0/rt", {}, b"")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("RT does not answer")


class Gateway(FakeSystem):
    """What stands between the connector and the real RT: it passes on, and has bad days.

    No room, no right to write and a withdrawn token are done to RT itself.
    """

    def __init__(self, rt: RealRt) -> None:
        super().__init__()
        self.rt = rt

    def answer(self, request: Request) -> Response:
        """RT's own."""
        passed = ("authorization", "content-type", "accept", "user-agent")
        headers = {name: request.headers[name] for name in passed if name in request.headers}
        status, told, body = self.rt.forward(request.method, request.target, headers, request.body)
        kept = {name: told[name] for name in ("content-type", "location") if name in told}
        return Response(status=status, headers=kept, body=body)

    @contextmanager
    def being(self, state: str) -> Iterator[None]:
        """Done to RT where that is possible, else to the line."""
        if state == READ_ONLY:
            real = self.rt.without_right("CommentOnTicket")
        elif state == FULL:
            real = self.rt.without_room()
        elif state == EXPIRED:
            real = self.rt.without("AuthTokens", "Owner > 20")
        else:
            real = super().being(state)
        with real:
            yield

    def refusal(self, state: str, request: Request) -> Response:
        """Not asked: RT itself refuses."""
        return plain(500, {"message": f"{state} {request.method}"})


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
