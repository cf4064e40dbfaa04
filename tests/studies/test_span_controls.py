"""What span must not believe."""

import pytest

from gi_core.studies.span_controls import CONTROLS, SpanControls


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROLS)
def test_nothing_is_trusted_that_was_not_sent(name: str) -> None:
    study = SpanControls(source="samples", model="resnet18:width=16", image_size=16, attack="span:steps=6,tries=1")
    row = study.measure({"model": study.model, "control": name, "batch_size": 1, "update": 1})
    assert row["false"] == 0 and row["trusted"] <= row["read"]
