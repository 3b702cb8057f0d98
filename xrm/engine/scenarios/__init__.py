"""Scenarios: a pack's own tests, run through the services that people and programs use."""

from xrm.engine.scenarios.codes import SCENARIO_CODES
from xrm.engine.scenarios.running import Stage, run_scenario

__all__ = ["SCENARIO_CODES", "Stage", "run_scenario"]
