"""NVIDIA FLARE filters that record one training round of one site.

    from gi_core.recorders.nvflare import Recorder
    recorder = Recorder(folder="round7", told={"model": "lenet:init=default"})
    recipe.add_client_input_filter(recorder, tasks=["train"])
    recipe.add_client_output_filter(recorder, tasks=["train"])      # last, so that it sees what really leaves

Tested with NVFlare 2.9.0. The client must send tensors or arrays in a DXO; whatever is not one passes every filter
without a word, so the folder then says "nothing recorded".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from nvflare.apis.dxo import DataKind, from_shareable
from nvflare.apis.filter import Filter
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable

from gi_core.recorders.folder import arrays_of, done, merged, say_nothing, write

SENDS = {DataKind.WEIGHTS: "weights", DataKind.WEIGHT_DIFF: "delta"}
_received: dict[str, dict[str, np.ndarray]] = {}
"""Folder -> weights received in this process: the framework makes one filter for tasks and another for results."""


class Recorder(Filter):
    """A filter that never changes what passes.

    Args:
        folder: where the first round is written; told: what the framework does not know, in the keys of update.json.
        site: record only the site of this name; "": whichever comes first.
    """

    def __init__(self, folder: str, told: dict[str, Any] | None = None, site: str = "") -> None:
        super().__init__()
        self.folder, self.told, self.site = folder, told, site

    def process(self, shareable: Shareable, fl_ctx: FLContext) -> Shareable:
        room, site = Path(self.folder), fl_ctx.get_identity_name()
        if done(room) or (self.site and site != self.site):
            return shareable
        try:
            self.look(room, shareable, site)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            say_nothing(room, f"{type(error).__name__}: {error}")
        return shareable

    def look(self, room: Path, shareable: Shareable, site: str) -> None:
        """Keep the weights of a task; write the record at its result."""
        try:
            dxo = from_shareable(shareable)
        except ValueError:
            say_nothing(room, "what passed was no DXO")
            return
        key = f"{room.resolve()} {site}"
        if key not in _received:
            _received[key] = arrays_of({n: as_array(v) for n, v in dxo.data.items()})
            return
        sent = arrays_of({n: as_array(v) for n, v in dxo.data.items()})
        if dxo.data_kind not in SENDS:
            say_nothing(room, f"a result of kind {dxo.data_kind}")
            return
        meta = {k: v for k, v in dxo.meta.items() if isinstance(v, (int, float, str, bool, dict))}
        found: dict[str, Any] = {
            "framework": "nvflare", "api": "DXO, recorded by a filter", "sends": SENDS[dxo.data_kind], "client": site,
            "wire": {"sent": {"data_kind": str(dxo.data_kind), "meta": meta}},
        }  # fmt: skip
        steps = dxo.get_meta_prop("NUM_STEPS_CURRENT_ROUND")
        if isinstance(steps, int) and steps > 0:
            found["steps"] = steps
        write(room, _received.pop(key), sent, merged(self.told, found))


def as_array(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
