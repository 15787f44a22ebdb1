"""A large file in parts: begun, gone on with, finished. Until it is finished the file is empty.

Source: Microsoft, "Files and folders REST API reference" (StartUpload, ContinueUpload,
FinishUpload; Online and Server 2016 on), read 2026-11-22.
"""

from __future__ import annotations

import uuid
from typing import BinaryIO

from connector.sites.sharepoint.site import Site


def upload(site: Site, path: str, source: BinaryIO, part_bytes: int) -> None:
    """Send the bytes of a file that is there. What was cut short is begun anew: same name.

    Unclear when an answer is lost; the file's size tells then whether it is whole.
    """
    session = str(uuid.uuid4())
    part = source.read(part_bytes)
    offset = 0
    while True:
        following = source.read(part_bytes)
        _send(site, path, session, offset, part, is_last=not following)
        offset += len(part)
        if not following:
            return
        part = following


def _send(site: Site, path: str, session: str, offset: int, part: bytes, *, is_last: bool) -> None:
    def send(context: object) -> None:
        file = site.file(context, path)  # type: ignore[arg-type]
        if offset == 0:
            file.start_upload(session, part).execute_query()
        elif is_last:
            file.finish_upload(session, offset, part).execute_query()
        else:
            file.continue_upload(session, offset, part).execute_query()

    site.run(send, writes=True)
