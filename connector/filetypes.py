"""What a file is by its first bytes, for those that come without a name or a type; and which files
a double click would run.
"""

from __future__ import annotations

# Signatures of what chats and voicemail hold; source: the formats' own specifications.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (0, b"%PDF-", "application/pdf"),
)
HEAD_BYTES = 16
# What the usual desktop opens by running what is in it: pages and pictures with scripts in a
# browser, the rest by itself.
ACTIVE = frozenset((
    "htm", "html", "xhtml", "xht", "shtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl", "xslt",
    "swf", "hta", "url", "website", "webloc", "desktop", "js", "jse", "mjs", "vbs", "vbe", "wsf",
    "wsh", "ps1", "psm1", "sh", "bash", "py", "bat", "cmd", "com", "exe", "scr", "pif", "msi",
    "msp", "dll", "cpl", "jar", "jnlp", "lnk", "scf", "inf", "reg", "chm", "app", "command",
))  # fmt: skip


def type_of(head: bytes) -> str:
    """The media type of a file that begins with `head`; "" when it is none that we know."""
    for place, signature, media_type in _SIGNATURES:
        if head[place : place + len(signature)] == signature:
            return media_type
    return ""


def passive_name(name: str) -> str:
    """The same name, with ".txt" after an ending that would be run: page.html.txt."""
    ending = name.rstrip(" .").rpartition(".")[2].lower()
    return f"{name}.txt" if ending in ACTIVE and "." in name else name
