"""What the API gives and takes, said once: these models check it, and its OpenAPI is made of them.

Names are in snake case and stay; a further member may come, none goes. Times are RFC 3339 in UTC,
lengths whole seconds. Fields are always there: what is not known is null or empty.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from connector.ledger.access import Role


class Model(BaseModel):
    """A model of the API, made of the ledger's values. Its docstrings are the documentation."""

    model_config = ConfigDict(
        from_attributes=True,
        extra="forbid",
        use_attribute_docstrings=True,
        use_enum_values=True,
        json_schema_serialization_defaults_required=True,
    )


class Problem(BaseModel):
    """Why something could not be done (RFC 9457). A request may be told more beside these."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: str = Field(examples=["urn:casethread:problem:wrong.hidden"])
    """The machine's word: stable, and the same in every language."""
    title: str = Field(examples=["It is not here"])
    """For people, in the language that was asked for."""
    status: int = Field(examples=[404])
    """The HTTP status."""
    detail: str = Field(examples=["There is no case 27.18.02-P25-14-26, or you may not see it."])
    """For people: what, which, and what to do."""
    instance: str = Field(examples=["/api/v1/cases/27.18.02-P25-14-26"])
    """The path that was asked for."""


class Health(Model):
    """That the portal can work."""

    status: str = Field(examples=["ready"])
    """Always "ready": anything else is answered with 503."""


class Me(Model):
    """Who asks, as far as the API knows."""

    name: str = Field(examples=["Bodil Bæk"])
    upn: str = Field(examples=["bodil@nordvang.example"])
    """User principal name: what the record of decisions and of looks says."""
    person: str = Field(examples=["00000000-0000-4000-8000-0000000000b1"])
    """Directory id; empty for somebody whom the directory does not have."""
    unit: str = Field(examples=["Borgerservice"])
    roles: list[Role]
    """What they may do."""
    sees_unit: bool
    """Whether they see the cases of their unit beside their own."""
    via: str = Field(examples=["session", "app 8f0e0c52-6f62-4f4c-9b0c-8f6b7b0f7f11"])
    """How they came: "session", "app ID" (an access token) or "intranet NAME" (a statement)."""
    may_change: bool
    """Whether they may decide and write in this way; with a statement one can only read."""
    time_zone: str = Field(examples=["Europe/Copenhagen"])
    """The municipality's zone: its days begin and end there."""


class Party(Model):
    """Somebody or something that takes part. Each field may be empty."""

    person: str = ""
    """Directory id."""
    name: str = ""
    phone: str = Field("", examples=["+4537500001", "+45375000***"])
    """E.164 where it could be read; a number that the source masked keeps its asterisks."""
    mail: str = ""
    role: str = Field("", examples=["from", "to", "queue"])


class Present(Model):
    """A colleague, and how they can be reached now."""

    person: str
    """Directory id."""
    name: str
    upn: str
    unit: str
    phones: list[str] = Field(examples=[["+4537100001"]])
    """E.164."""
    state: str = Field(examples=["free"])
    """free, busy, do_not_disturb, away, offline or unknown."""
    state_words: str = Field("", examples=["Ledig"])
    """The same in the language that was asked for."""
    activity: str = Field(examples=["", "inameeting"])
    """What they do, in Microsoft's words in lower case, where that says more."""
    is_free: bool
    """Free now and at work."""
    is_old: bool
    """Read too long ago to say anything: the state is unknown."""
    is_out_of_office: bool
    message: str
    """What the colleague wrote for everybody to see."""
    observed_at: datetime | None
    """When the state was read; null when it never was."""


class Presences(Model):
    """Who of a unit is free now. There is no history."""

    unit: str
    units: list[str]
    """All units that can be asked for."""
    is_read: bool
    """Whether presence is read at all here; else every state is unknown."""
    people: list[Present]
    """Those who are free first."""
    time_zone: str = Field(examples=["Europe/Copenhagen"])


class CaseworkerPresence(Model):
    """Whether a case's caseworker is free now."""

    case_number: str
    is_read: bool
    caseworker: Present | None
    """null when the directory does not have them, or the case has none."""
