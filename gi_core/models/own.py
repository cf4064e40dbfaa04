"""A user's own ``torch.nn.Module`` as a victim."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim, models


def use(name: str, make: Callable[[], nn.Module]) -> None:
    """Let scenarios name your own network: ``use("mynet", make)``, then ``Scenario(model="mynet")``.

    Args:
        name: what to call it; not the name of another victim.
        make: returns a fresh module that takes pictures (B,C,H,W) in [0,1] and yields logits (B,K) by a linear
            layer. It is called under the seed of the weights, so initial weights repeat.

    Raises:
        BadInput: the name is taken or holds other characters than letters, digits, dots, dashes and underscores.
    """
    if not name or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise BadInput(f"model name {name!r}: letters, digits, dots, dashes and underscores are allowed")
    if name in models and not issubclass(models.get(name), Own):
        raise BadInput(f"model name {name!r} is taken by a victim that ships with the explorer")
    body = {"__doc__": f"{name}: a user's own network.", "make": staticmethod(make)}
    models.register(name)(type("Own", (Own,), body))


@dataclass(frozen=True, kw_only=True)
class Own(Architecture):
    """A user's own network."""

    @staticmethod
    def make() -> nn.Module:
        raise NotImplementedError

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        victim = wrap(self.make(), image_shape)
        if victim.num_classes != num_classes:
            raise BadInput(f"num_classes={num_classes}: model {self.name!r} has {victim.num_classes} outputs")
        return victim


def wrap(module: nn.Module, image_shape: tuple[int, int, int]) -> Victim:
    """``module`` as a victim: its last linear layer becomes the head, everything before it the body.

    Args:
        module: takes (B,C,H,W) pictures in [0,1]; it is copied, not changed.
        image_shape: (C,H,W).

    Raises:
        BadInput: it fails on such pictures, or its output is not that of a linear layer, with the reason.
    """
    body = copy.deepcopy(module)
    images = torch.rand(2, *image_shape, generator=torch.Generator().manual_seed(0))
    outputs: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda _m, _i, out, name=name: outputs.update({name: out}))
        for name, layer in body.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    training = body.training
    with torch.no_grad(), _plainly(f"the module fails on pictures of {'x'.join(map(str, image_shape))}"):
        logits = body.eval()(images)
    for hook in hooks:
        hook.remove()
    name = next((n for n, out in reversed(outputs.items()) if out is logits), None)
    if name is None:
        raise BadInput(_why_no_head(body, outputs))
    if not name:
        victim = Victim(nn.Flatten(), body, image_shape=image_shape)  # type: ignore[arg-type]
        return victim.train(training)
    owner, _, leaf = name.rpartition(".")
    head = body.get_submodule(name)
    setattr(body.get_submodule(owner), leaf, nn.Identity())
    victim = Victim(body, head, image_shape=image_shape)  # type: ignore[arg-type]
    with torch.no_grad(), _plainly(f"the module cannot be split at its last layer {name!r}"):
        again = victim(images)
    if not torch.allclose(again, logits, atol=1e-5):
        raise BadInput(f"the module uses its last layer {name!r} more than once, so it cannot be split there")
    return victim.train(training)


def _why_no_head(module: nn.Module, outputs: dict[str, Tensor]) -> str:
    if not outputs:
        return "the module has no linear layer: end it with torch.nn.Linear(features, classes)"
    last = next((m for m in reversed(list(module.modules())) if not list(m.children())), module)
    if isinstance(last, (nn.Softmax, nn.LogSoftmax, nn.Sigmoid)):
        return f"the module ends with {type(last).__name__}: remove it, the loss expects the linear layer's logits"
    return (
        f"the module's output is not that of its last linear layer {list(outputs)[-1]!r}: whatever follows it"
        " (an activation, a reshape) has to go, the loss expects logits"
    )


class _plainly:
    """Turns whatever a user's forward pass raises into BadInput with one sentence."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception):
            raise BadInput(f"{self.sentence}: {error}") from None
