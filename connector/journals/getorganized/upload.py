"""A large file, sent to the case's SharePoint site in parts.

AddToCase takes a file as a list of numbers, which swells it fourfold; above about 10 MB clients
use SharePoint's own upload instead: an empty file, then its parts, then wait until GetOrganized has
given it a document id. Source: mtm-aarhus/oomtm (src/oomtm/go.py, June 2026); Microsoft, "Files and
folders REST API reference", read 2026-11-22.
"""

from __future__ import annotations

import uuid
from typing import BinaryIO

from connector.errors import CaseLocked
from connector.journals.getorganized.answers import Document, Place
from connector.journals.getorganized.wire import Sleep, Wire, quoted


def upload(wire: Wire, place: Place, name: str, source: BinaryIO, size_bytes: int) -> None:
    """Send a file under this name. One that was cut short is begun anew: same name, no copy.

    Unclear when an answer is lost; the size in the library tells then whether it is whole.
    """
    headers = {
        "X-RequestDigest": wire.digest(place),
        "Content-Type": "application/octet-stream",
    }
    folder = place.library(wire.words.text("documents", "library"))
    web = f"{wire.site(place)}/_api/web"
    add = f"{web}/GetFolderByServerRelativePath(DecodedUrl=@p)/Files/add(url=@f,overwrite=true)"
    wire.write(place, f"{add}?@p='{quoted(folder)}'&@f='{quoted(name)}'", b"", headers)
    file = f"{web}/GetFileByServerRelativePath(DecodedUrl=@u)"
    target = f"?@u='{quoted(f'{folder}/{name}')}'"
    session = f"uploadId=guid'{uuid.uuid4()}'"
    most = wire.words.number("documents", "part_bytes")
    part = source.read(most)
    wire.write(place, f"{file}/startUpload({session}){target}", part, headers)
    offset = len(part)
    while True:
        part = source.read(most)
        is_last = offset + len(part) >= size_bytes or not part
        call = f"{'finish' if is_last else 'continue'}Upload({session},fileOffset={offset})"
        wire.write(place, f"{file}/{call}{target}", part, headers)
        offset += len(part)
        if is_last:
            return


def wait_for_id(wire: Wire, place: Place, key: str, name: str, sleep: Sleep) -> Document:
    """The document, once GetOrganized has given it an id: 5 to 30 s after an upload.

    Raises CaseLocked when it takes longer: this entry waits for the next run, other cases do not.
    """
    for attempt in range(wire.words.number("documents", "index_tries")):
        if attempt:
            sleep(wire.words.number("documents", "index_wait_s"))
        for document in wire.documents(place, key):
            if document.name == name and document.id is not None:
                return document
    text = (
        f"{wire.name}: a file on case {place.number} has no document id yet; "
        "the next run goes on with it"
    )
    raise CaseLocked(text, system=wire.name)
