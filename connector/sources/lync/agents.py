"""What answered a session: a person's client, or a service of the system. Pure.

Facts: Microsoft, "UserAgentDef table" of the CDR schema, read 2026-11-22. Lync Server 2010 has no
client types; there the version string begins or ends with the same names.
"""

from __future__ import annotations

from connector.sources.lync.values import number, words

PERSON, QUEUE, VOICEMAIL, ATTENDANT, SERVICE, TRUNK = (
    "user",
    "queue",
    "voicemail",
    "attendant",
    "service",
    "phone",
)
_BY_TYPE = {
    1: TRUNK,  # mediation server
    2: SERVICE,  # audio and video conferencing server
    256: SERVICE,  # conferencing announcements
    512: ATTENDANT,  # conferencing attendant
    1024: QUEUE,  # response group
    1032: SERVICE,  # call park
    1040: QUEUE,  # a response group's announcement
    16388: SERVICE,  # inbound routing
    16393: VOICEMAIL,  # Exchange unified messaging
    32769: TRUNK,
    32770: TRUNK,
}
_BY_WORD = (  # parts of the version string, in lower case
    ("response_group", QUEUE),
    ("exchange", VOICEMAIL),
    ("conferencing_announcement", SERVICE),
    ("conferencing_attendant", ATTENDANT),
    ("auto_attendant", ATTENDANT),
    ("call_park", SERVICE),
    ("inboundrouting", SERVICE),
    ("mediationserver", TRUNK),
    ("av-mcu", SERVICE),
)


def role_of(kind: object, version: object) -> str:
    """What a client is, by its type and else by its version string; a person's when unknown."""
    its = number(kind)
    if its is not None:
        return _BY_TYPE.get(its, PERSON)
    text = words(version).lower()
    return next((role for part, role in _BY_WORD if part in text), PERSON)
