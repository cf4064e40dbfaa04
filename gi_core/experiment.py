"""A run to its end, and its judgement where that is wanted."""

from __future__ import annotations

from torch import Tensor

from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.torch_setup import run_threads
from gi_core.trace import Trace


def run(
    scenario: Scenario, images: Tensor, labels: Tensor | None = None, *, device: str | None = None, judged: bool = False
) -> Trace:
    """Run to the end and return the Trace. Arguments as for :func:`prepare`.

    ``judged``: also run the attack on an update without information, and put control, gain, rank, the bounds that bind
    and the verdict into ``trace.judgement``; it takes as long again.
    """
    prepared = prepare(scenario, images, labels, device=device)
    for _ in prepared:
        pass
    trace = prepared.trace()
    if judged:
        from gi_core.evaluation.judge import judge  # its libraries take a second to load

        with run_threads():
            judge(prepared, trace)
    return trace
