"""The baseline: plain requests and lxml that ask an Exchange server the same, and keep nothing.

    python -m bench.exchange_plain URL MAILBOXES

It prints JSON: how many items it opened, with how many requests.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import requests
from lxml import etree

from bench.exchange_serve import PASSWORD, address
from connector.sources.exchange import asking, wire

_HEAD = (
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    b'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    b'<t:RequestServerVersion Version="Exchange2010_SP2"/>'
    b"<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>%s</t:PrimarySmtpAddress>"
    b"</t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>%s</s:Body></s:Envelope>"
)
AT_ONCE = 4


class Plain:
    """Four threads, a session each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.local = threading.local()
        self.requests = 0
        self.lock = threading.Lock()

    def ask(self, mailbox: str, payload: wire.Element) -> wire.Element:
        """The first response message."""
        return self.all(mailbox, payload)[0]

    def all(self, mailbox: str, payload: wire.Element) -> wire.Element:
        """The response messages."""
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            self.local.session.auth = ("svc-casethread", PASSWORD)
            self.local.session.trust_env = False
        body = _HEAD % (mailbox.encode(), etree.tostring(payload))
        answer = self.local.session.post(
            self.url, data=body, headers={"Content-Type": "text/xml"}, timeout=60
        )
        answer.raise_for_status()
        with self.lock:
            self.requests += 1
        return etree.fromstring(answer.content).find(wire.SOAP + "Body")[0][0]

    def mailbox(self, name: str) -> int:
        """Read one mailbox; how many items it opened."""
        opened = 0
        folders, _more = wire.parse_folders(self.ask(name, asking.folders_request("", 0)))
        for folder in folders:
            if folder.is_search or not folder.count or not folder.item_class.startswith("IPF.Note"):
                continue
            state = ""
            while True:
                changes = wire.parse_changes(self.ask(name, asking.sync_request(folder.id, state)))
                state = changes.state
                if not changes.count:
                    break
                ids = [row.id for row in changes.rows]
                for start in range(0, len(ids), 25):
                    request = asking.items_request(ids[start : start + 25])
                    opened += len([wire.parse_item(m) for m in self.all(name, request)])
        return opened


def main() -> int:
    """Read everything once."""
    plain = Plain(sys.argv[1])
    with ThreadPoolExecutor(AT_ONCE) as threads:
        opened = sum(threads.map(plain.mailbox, [address(n) for n in range(int(sys.argv[2]))]))
    sys.stdout.write(json.dumps({"items": opened, "requests": plain.requests}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
