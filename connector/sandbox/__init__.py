"""A municipality in a box: made-up people, cases and calls behind a server that speaks like Graph.

For the demonstration and for tests; nothing of the connector itself imports it.

    town = build(seed=1, users=420, days=14, now=datetime(2026, 11, 20, 12, tzinfo=UTC))
    with serve(Sandbox(town), tls=True) as server:
        ...  # server.base_url, server.authority, server.ca_file, server.client_secret
"""

from connector.sandbox.municipality import Municipality, build, write_cases_csv, write_truth
from connector.sandbox.protocol import Request, Response
from connector.sandbox.sandbox import Sandbox
from connector.sandbox.scenarios import ALL, Scenario
from connector.sandbox.server import Server, serve

__all__ = [
    "ALL",
    "Municipality",
    "Request",
    "Response",
    "Sandbox",
    "Scenario",
    "Server",
    "build",
    "serve",
    "write_cases_csv",
    "write_truth",
]
