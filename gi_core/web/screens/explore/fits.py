"""Choices that can't be combined with those already made, each with its reason, before anybody presses Run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.server.messages import sentence


def fits_with(sections: list[dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, dict[str, str]]]:
    """``sections``: the drawer's, of whose select boxes every option is tried."""
    offered = {f["name"]: f["options"] for section in sections for f in section["fields"] if f["kind"] == "select"}
    offered.pop("prior")  # a part of the attack's text, no field of a Scenario

    def explore_fits(request: dict[str, Any]) -> dict[str, dict[str, str]]:
        """{field: {option: reason}} of the options that these settings can't have; none where they can't run anyway."""
        settings = {k: str(v) for k, v in dict(request["settings"]).items() if v is not None}
        if refusal(settings):
            return {}
        return {
            name: {option: reason for option in options if (reason := refusal(settings | {name: option}))}
            for name, options in offered.items()
        }

    return explore_fits


def refusal(settings: dict[str, str]) -> str:
    """Why these settings make no Scenario; empty where they do."""
    try:
        Scenario.from_dict(settings)
    except BadInput as error:
        return sentence(str(error))
    return ""
