"""How each peer is called: our victim, its weights, gradient and labels go in, the peer's pictures come out.

``breaching`` (Geiping et al.) takes the name of one of its attack configurations, AIJack (Takahashi) one of the
settings that its documentation gives. Both descend in normalised pixels on the victim without its normalisation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gi_core.run import Run
from gi_core.torch_setup import make_torchvision_importable

Seen = Callable[[Tensor], None]
"""Gets every guess (B,3,H,W), in [0,1], that a peer evaluates."""

AIJACK: dict[str, dict[str, Any]] = {
    "dlg": {"distancename": "l2", "optimize_label": True},
    "idlg": {"distancename": "l2", "optimize_label": False},
    "gs": {"distancename": "cossim", "tv_reg_coef": 0.01, "optimize_label": False},
    "gs adam": {"distancename": "cossim", "tv_reg_coef": 0.01, "optimize_label": False, "optimizername": "Adam"},
}
"""Options of AIJack's ``GradientInversion_Attack``; its L-BFGS evaluates up to 20 times an iteration, its Adam once."""


def by_breaching(run: Run, config: str, steps: int, seed: int, seen: Seen) -> Tensor:
    """(B,3,H,W) by breaching's attack of this name, given our gradient."""
    make_torchvision_importable()
    import breaching

    victim, device = run.victim, run.victim.mean.device
    network = told(run, seen)
    settings = breaching.get_attack_config(
        config, overrides=[f"optim.max_iterations={steps}", "optim.callback=1000000"]
    )
    metadata = _Meta({
        "shape": victim.image_shape, "mean": victim.mean.flatten().tolist(), "std": victim.std.flatten().tolist(),
        "modality": "vision", "task": "classification", "classes": victim.num_classes,
    })  # fmt: skip
    setup = {"device": device, "dtype": torch.float}
    attacker = breaching.attacks.prepare_attack(network, nn.CrossEntropyLoss(), settings, setup)
    labels = None if settings.attack_type == "joint-optimization" else run.labels
    shared = _Meta({
        "num_data_points": len(run.labels), "labels": labels, "local_hyperparams": None, "data_key": "inputs",
    })  # fmt: skip
    torch.manual_seed(seed)
    result, _ = attacker.reconstruct(
        [{"parameters": list(network.parameters()), "buffers": list(network.buffers()), "metadata": metadata}],
        [{"gradients": run.observation.targets, "buffers": None, "metadata": shared}],
        {},
    )  # fmt: skip
    return result["data"] * victim.std + victim.mean


def by_aijack(run: Run, settings: str, steps: int, seed: int, seen: Seen) -> Tensor:
    """(B,3,H,W) by AIJack with these settings, given our gradient."""
    make_torchvision_importable()
    from aijack.attack.inversion import GradientInversion_Attack

    victim, options = run.victim, AIJACK[settings]
    rate = 0.1 if options.get("optimizername") == "Adam" else 1.0
    attacker = GradientInversion_Attack(
        told(run, seen), victim.image_shape, y_shape=victim.num_classes, num_iteration=steps, lr=rate,
        log_interval=0, early_stopping=steps, seed=seed, device=victim.mean.device, **options,
    )  # fmt: skip
    labels = None if options["optimize_label"] else run.labels
    images, _ = attacker.attack(run.observation.targets, batch_size=len(run.labels), labels=labels)
    return images * victim.std + victim.mean


def told(run: Run, seen: Seen) -> nn.Module:
    """The victim without its normalisation, which tells ``seen`` every guess that it is given."""
    victim, size = run.victim, len(run.labels)

    class Body(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = victim.body, victim.head

        def forward(self, x: Tensor) -> Tensor:
            if len(x) == size:
                seen(x.detach() * victim.std + victim.mean)
            return self.head(self.body(x))

    return Body().eval()


class _Meta(dict):
    """A mapping whose keys are attributes too, as breaching expects of its configurations."""

    __getattr__ = dict.__getitem__
