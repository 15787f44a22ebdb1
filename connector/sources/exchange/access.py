"""How the server is reached, as values."""

from __future__ import annotations

import msgspec


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is and who we are there. `password` is never shown."""

    name: str  # the source's name, for messages
    url: str
    auth: str = "ntlm"  # ntlm | basic | kerberos | oauth
    user: str = ""
    password: str = ""
    password_from: str = "CASETHREAD_EXCHANGE_PASSWORD"  # noqa: S105  a variable's name
    access: str = "impersonation"  # impersonation | delegate
    ca_bundle: str = ""
    proxy: str = ""
    timeout_s: tuple[float, float] = (10.0, 60.0)
    patience_s: float = 300.0
    parallel: int = 4

    def __repr__(self) -> str:
        return f"Access({self.name}, {self.url}, {self.auth})"
