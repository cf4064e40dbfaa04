"""Every attack of the project states its threat model, and the catalogue tells it."""

import json

from gi_core.attacks import attacks
from gi_core.attacks.threat import THREATS, threat_of
from gi_core.catalogue import describe


def test_every_attack_states_one_and_nothing_else_does():
    assert set(THREATS) == {cls.name for cls in attacks if cls.__module__.startswith("gi_core.")}


def test_the_catalogue_can_be_filtered_by_it():
    rows = json.loads(json.dumps(describe("attacks")))["attacks"]
    malicious = [row["name"] for row in rows if row["threat"]["server"] == "malicious"]
    assert malicious == ["imprint"]
    assert all(row["threat"]["aggregation"] == "diluted" for row in rows if row["threat"]["server"] == "curious")
    needs_labels = {row["name"] for row in rows if "labels" in row["threat"]["knows"]}
    assert "ig" in needs_labels and "dlg" not in needs_labels


def test_an_attack_of_a_plug_in_states_none():
    assert threat_of("nobody's") is None
