"""Guesses side by side: value and picture-gradient of R independent guesses in one computation.

A matching step needs each guess's own gradient G, and d objective / d x through it. In a chain of layers
z_l = W_l x_(l-1) + b_l, x_l = s(z_l), four sweeps give both, and all guesses share them (V = d objective / d G):

    forward    z_l = W_l x_(l-1) + b_l
    backward   d_l = s'(z_l) W_(l+1)^T d_(l+1),  G_l = d_l x_(l-1)^T for each guess
    forward    t_l = V_l x_(l-1) + W_l (s'(z_(l-1)) t_(l-1))
    backward   p_l = W_(l+1)^T q_(l+1) + V_(l+1)^T d_(l+1),  q_l = s'(z_l) p_l + (s'' / s')(z_l) d_l t_l

p_0 is the gradient looked for: the third sweep is Pearlmutter's R-operator (1994) along V, the fourth its backward.

Compiling ``_match`` (torch.compile, inductor, one thread) takes 60 CPU seconds and saves 0.05 to 0.74 of 4 ms per step
of eight on ``lenet``: it pays after 80,000 steps at best, and ``ig`` makes 4,800. So nothing is compiled.
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor

from gi_core.inversion.backends.chain import Chain, Dense
from gi_core.inversion.frame import Evaluation
from gi_core.inversion.objectives import Objective
from gi_core.observation import Observation
from gi_core.priors.base import PriorContext
from gi_core.priors.tv import TotalVariation


class SideBySide:
    """Evaluates ``objective(update(x), observed) + total variation`` and its gradient for several guesses at once.

    Args:
        observation: what the attacker sees; its victim is ``chain``.
        labels: (B,) class indices of the pictures.
        objective: distance between updates.
        priors: total variation or nothing.
    """

    def __init__(
        self,
        observation: Observation,
        labels: Tensor,
        chain: Chain,
        objective: Objective,
        priors: tuple[TotalVariation, ...],
    ) -> None:
        self.observation = observation
        self.layers = [layer for layer, _ in chain]
        self.activations = [activation for _, activation in chain]
        self.objective_name = objective.name
        self.priors = priors
        self.generator = torch.Generator()
        self.wanted = self._wanted(labels)
        targets = iter(observation.targets)
        observed = [layer.matrix(*islice(targets, layer.tensors)).flatten() for layer in self.layers]
        flat = torch.cat((observed[0].new_zeros(1), *observed))
        self.distance = objective.rows(flat)
        places = self._matrices(torch.arange(len(flat), device=flat.device))
        self.turns = [layer.turn(place).contiguous() for layer, place in zip(self.layers, places, strict=True)]
        self.updates = flat.new_empty(0, len(flat))

    def evaluate(self, images: Tensor, progress: float = 0.0) -> Evaluation:
        """One evaluation at ``images`` (R,B,C,H,W) in [0,1], R guesses at B pictures.

        Loss and terms are (R,), the gradient (R,B,C,H,W).
        """
        loss, gradient = self._match(images)
        terms = {self.objective_name: loss}
        moment = PriorContext(self.observation, progress, self.generator, gradient)
        for prior in self.priors:
            potential, pull = prior.pull(images, moment)
            terms[prior.name] = potential
            loss, gradient = loss + potential, gradient + pull
        return Evaluation(loss, terms, gradient)

    def _match(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Distance of each guess (R,) and its gradient with respect to the guess, (R,B,C,H,W)."""
        guesses, batch = images.shape[:2]
        victim, layers, matrices = self.observation.victim, self.layers, self._room(guesses)

        x = ((images - victim.mean) / victim.std).movedim(2, 1).flatten(2)
        columns, slopes, bends = [], [], []
        for layer, activation in zip(layers, self.activations, strict=True):
            columns.append(layer.columns(x))
            x = activation.value(layer.push(layer.weight, columns[-1]))
            slopes.append(activation.slope(x))
            bends.append(activation.bend(x))

        share = x.softmax(1)
        deltas = [(share - self.wanted) / batch]
        spread = []
        for i in reversed(range(len(layers))):
            layer = layers[i]
            matrices[i].baddbmm_(deltas[-1], columns[i], beta=0)
            spread.append(layer.spread(deltas[-1]))
            if i:
                deltas.append(slopes[i - 1] * layer.assemble(layer.pull(layer.transposed, spread[-1])))

        value, scale = self.distance(self.updates)
        tangents: list[Tensor] = []
        for i, layer in enumerate(layers):
            t = layer.push(matrices[i], columns[i])
            if i:
                layer.push(layer.linear, layer.columns(slopes[i - 1] * tangents[-1]), onto=t)
            tangents.append(t)

        q = share * (t - (share * t).sum(1, keepdim=True)) / batch
        for i in reversed(range(len(layers))):
            layer = layers[i]
            p = layer.pull(self._turned(i, matrices[i]), spread[-1 - i])
            p = layer.assemble(layer.pull(layer.transposed, layer.spread(q), onto=p))
            if i:
                q = torch.addcmul(bends[i - 1] * deltas[-i] * tangents[i - 1], slopes[i - 1], p)
        return value, p.view(guesses, -1, batch, *images.shape[-2:]).movedim(1, 2) * (scale / victim.std)

    def _room(self, guesses: int) -> list[Tensor]:
        """The layers' matrices (R,O,K) in ``updates`` (R,D), which keeps its memory from one evaluation to the next."""
        if len(self.updates) != guesses:
            self.updates = self.updates.new_zeros(guesses, self.updates.shape[1])
            self.matrices = self._matrices(self.updates)
        return self.matrices

    def _matrices(self, updates: Tensor) -> list[Tensor]:
        """Flat updates (...,D) as matrices (...,O,K). Their first entry is none's, and zero."""
        parts = updates[..., 1:].split([layer.weight.numel() for layer in self.layers], -1)
        return [part.unflatten(-1, layer.weight.shape) for part, layer in zip(parts, self.layers, strict=True)]

    def _turned(self, i: int, matrices: Tensor) -> Tensor:
        """Layer i's matrices (R,O,K), turned: read from ``updates``, its first entry where the kernel has no tap."""
        if isinstance(self.layers[i], Dense):
            return matrices
        turn = self.turns[i]
        return self.updates.index_select(1, turn.view(-1)).view(-1, *turn.shape)

    def _wanted(self, labels: Tensor) -> Tensor:
        """(B,) class indices -> (K,B) probabilities, smoothed as the client's loss smooths them."""
        victim = self.observation.victim
        wanted = torch.eye(victim.num_classes).to(victim.mean).index_select(0, labels)
        return wanted.lerp(torch.full_like(wanted, 1 / victim.num_classes), victim.label_smoothing).mT
