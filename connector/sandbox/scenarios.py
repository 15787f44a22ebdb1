"""Every named misbehaviour, with the public place it was seen."""

from __future__ import annotations

from connector.sandbox import scenarios_changes, scenarios_line, scenarios_paging, scenarios_rows
from connector.sandbox.scenario import Memory, Scenario, Scene

__all__ = ["ALL", "Memory", "Scenario", "Scene"]

ALL: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *scenarios_paging.SCENARIOS,
        *scenarios_line.SCENARIOS,
        *scenarios_rows.SCENARIOS,
        *scenarios_changes.SCENARIOS,
    )
}
