"""A client's round on the user's own network and pictures, recorded as a framework would have it."""

from __future__ import annotations

import copy

from torch import Tensor

from gi_core.audit.match import Layout
from gi_core.audit.recipe import recipe_of
from gi_core.audit.record import RecordedUpdate, recorded
from gi_core.audit.truth import Truth
from gi_core.client import local_training
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.tensor_files import Content
from gi_core.observation import Training
from gi_core.seeds import stream_seed


def simulate(
    victim: Victim, images: Tensor, labels: Tensor, *, batch: int | None = None, steps: int = 1, lr: float = 0.01,
    momentum: float = 0.0, mode: str = "train", share_buffers: bool = True, seed: int = 0,
) -> tuple[RecordedUpdate, Truth]:  # fmt: skip
    """One client's round: SGD on pictures (N,C,H,W) in [0,1] with labels (N,), and the pictures that it used.

    Args:
        batch: pictures per step, all of them by default; pictures that no step takes are no part of the truth.

    Raises:
        BadInput: labels that the network has not, or a batch of one through BatchNorm in train mode.
    """
    labels = victim.check_targets(labels, len(images))
    batch = min(batch or len(images), len(images))
    used = min(len(images), batch * steps)
    images, labels = images[:used], labels[:used]
    client = copy.deepcopy(victim).train(mode == "train")
    before = {name: t.clone() for name, t in client.state_dict().items()}
    training = Training(steps=steps, epochs=-(-steps * batch // used), batch=batch, lr=lr, momentum=momentum)
    try:
        local_training(client, images, labels, training, stream_seed(seed, "order"))
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise BadInput(
            f"mode=train with batch={batch}: a BatchNorm gets one value per channel; take mode=eval"
        ) from None
    state = client.state_dict()
    after = state if share_buffers else {n: state[n] for n, _ in client.named_parameters()}
    recipe = recipe_of({}, {
        "sends": "weights", "channels": victim.image_shape[0], "side": victim.image_shape[1], "pictures": used,
        "mean": victim.mean.flatten().tolist(), "std": victim.std.flatten().tolist(), "batch": batch, "lr": lr,
        "epochs": training.epochs, "steps": steps, "momentum": momentum, "optimiser": "sgd", "mode": mode,
        "framework": "simulated",
    })  # fmt: skip
    names = {name: name for name in before}
    return recorded(recipe, victim, Layout.of(victim, own=names), Content(before, ""), Content(after, "")), Truth(
        images, labels
    )
