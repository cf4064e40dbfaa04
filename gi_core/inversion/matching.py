"""The hot loop: value and picture-gradient of objective + priors.

For a guess x the victim's own forward and backward give its update g(x), with a graph. The objective gives its
value and v = d objective / d g in closed form, and one vector-Jacobian product v^T dg/dx closes the step:
nothing but the victim's own passes is recorded.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from gi_core.errors import BadInput
from gi_core.inversion.backends.base import Backend, Simulate
from gi_core.inversion.backends.choose import choose_backend
from gi_core.inversion.frame import Evaluation
from gi_core.inversion.objectives import Objective
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation
from gi_core.priors.base import Prior, PriorContext, add_term, pulls


class Matcher:
    """Evaluates ``objective(update(x), observed) + sum of priors(x)`` and its gradient.

    Args:
        observation: what the attacker sees.
        objective: distance between updates.
        priors: potentials on pictures.
        seed: of the randomness that priors use.
        simulate: (pictures, targets) -> update tensors with a graph, of an attack that models the client by itself.
        backend: how a guess's update comes about; default: :func:`choose_backend`.
    """

    def __init__(
        self,
        observation: Observation,
        objective: Objective,
        priors: tuple[Prior, ...] = (),
        *,
        seed: int = 0,
        simulate: Simulate | None = None,
        backend: Backend | None = None,
    ) -> None:
        self.observation = observation
        self.priors = priors
        self.objective_name = objective.name
        self.backend = backend or choose_backend(observation, objective, simulate)
        self.watched = None if any(prior.balanced for prior in priors) else self.backend.victim
        self.generator = torch.Generator().manual_seed(seed)
        self.memory: dict[Any, Any] = {}
        self._attention: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext

    def fresh(self, seed: int) -> Matcher:
        """The same for another start: priors remember nothing, and draw from ``seed``."""
        other = copy.copy(self)
        other.generator, other.memory = torch.Generator().manual_seed(seed), {}
        return other

    def evaluate(
        self, images: Tensor, targets: Tensor, progress: float = 0.0, extra: tuple[Tensor, ...] = ()
    ) -> Evaluation:
        """One evaluation at ``images`` (B,C,H,W) in [0,1].

        Args:
            targets: (B,) class indices or (B,K) probabilities.
            progress: share of the iterations done, in [0,1]; priors may anneal by it.
            extra: further leaf variables that ``targets`` or ``simulate`` depend on.

        Raises:
            BadInput: the victim has a layer without a second derivative and no known way around it.
        """
        x = images.detach().requires_grad_()
        try:
            with self.backend.around():
                value, in_pass, gradients = self._pass(x, targets, extra)
        except RuntimeError as error:
            if "scaled_dot_product" in str(error) and self._attention is contextlib.nullcontext:
                self._attention = _math_attention  # the fused kernels have no second derivative, the plain one has
                return self.evaluate(images, targets, progress, extra)
            if "derivative for" in str(error):
                raise BadInput(
                    f"the victim has a layer without a second derivative ({error}): gradient matching differentiates"
                    " the victim's gradient, so replace that layer by a composition of plain operations"
                ) from None
            raise
        gradient, terms, loss = gradients[0], {self.objective_name: value}, value
        if self.priors:
            context = PriorContext(self.observation, progress, self.generator, gradient, self.memory)
            others = tuple(prior for i, prior in enumerate(self.priors) if i not in in_pass)
            potentials, pull = pulls(others, images, context)
            for i, potential in in_pass.items():
                add_term(potentials, self.priors[i].name, potential)
            terms |= potentials
            loss, gradient = loss + sum(potentials.values()), gradient + pull
        return Evaluation(loss, terms, gradient, tuple(gradients[1:]))

    def _pass(
        self, x: Tensor, targets: Tensor, extra: tuple[Tensor, ...]
    ) -> tuple[Tensor, dict[int, Tensor], list[Tensor]]:
        """Value of the objective, potentials that this pass tells besides, and the gradients of their sum.

        Potentials go by their prior's place in ``priors``; gradients are with respect to the pictures, then to each of
        ``extra``.
        """
        with self._attention(), statistics_kept(self.observation.victim), contextlib.ExitStack() as stack:
            victim = self.watched
            watches = [prior.watch(self.observation, victim) for prior in self.priors] if victim else []
            potentials = {i: stack.enter_context(watch) for i, watch in enumerate(watches) if watch}
            guess = self.backend.simulate(x, targets)
            in_pass = {i: potential() for i, potential in potentials.items()}
            value, cotangent, scale = self.backend.distance([g.detach() for g in guess])
            pairs = [(g, v) for g, v in zip(guess, cotangent, strict=True) if g.requires_grad]
            pairs += [(potential, torch.ones_like(potential) / scale) for potential in in_pass.values()]
            outputs, weights = zip(*pairs, strict=True)
            gradients = torch.autograd.grad(outputs, (x, *extra), weights, materialize_grads=True)
        return value, {i: v.detach() for i, v in in_pass.items()}, [g.mul_(scale) for g in gradients]


def _math_attention() -> contextlib.AbstractContextManager[None]:
    return sdpa_kernel(SDPBackend.MATH)
