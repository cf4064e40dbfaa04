"""Guesses side by side: value and picture-gradient of R independent guesses in one computation.

A matching step needs each guess's own gradient G, and d objective / d x through it. In a chain of layers
z_l = W_l x_(l-1) + b_l, x_l = s(z_l), four sweeps give both, and all guesses share them (V = d objective / d G):

    forward    z_l = W_l x_(l-1) + b_l
    backward   e_l = W_(l+1)^T d_(l+1),  d_l = s'(z_l) e_l,  G_l = d_l x_(l-1)^T for each guess
    forward    t_l = V_l x_(l-1) + W_l (s'(z_(l-1)) t_(l-1))
    backward   p_l = W_(l+1)^T q_(l+1) + V_(l+1)^T d_(l+1),  q_l = s'(z_l) p_l + s''(z_l) e_l t_l

p_0 is the gradient looked for: the third sweep is Pearlmutter's R-operator (1994) along V, the fourth its backward.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from gi_core.chain import Chain, chain_of
from gi_core.matching import Evaluation
from gi_core.objectives import Objective
from gi_core.observation import Observation
from gi_core.priors.base import Moment
from gi_core.priors.tv import TotalVariation

PARAMETERS = 30_000
"""From here on, and for guesses of more than PIXELS, restarts one after another are as fast or faster: each guess's
gradient is written out here, and takes more than the work it shares. Eight cost, against one (benchmarks/restarts.py,
one CPU thread): on ``lenet`` (15,826 parameters) 2.5x for one picture of 32 x 32 pixels, 3.8x for 4, 5.8x for 8, 8.3x
for 16; on ``mlp:width=8`` (24,746) 1.6x, on ``mlp:width=64`` (201,482) 9.7x. On a GPU nothing was measured."""
PIXELS = 8 * 32 * 32


class SideBySide:
    """Evaluates ``objective(update(x), observed) + total variation`` and its gradient for several guesses at once.

    Args:
        observation: what the attacker sees; its victim is ``chain``.
        objective: distance between updates.
        priors: total variation or nothing.
    """

    def __init__(
        self, observation: Observation, chain: Chain, objective: Objective, priors: tuple[TotalVariation, ...]
    ) -> None:
        self.observation = observation
        self.layers = [layer for layer, _ in chain]
        self.activations = [activation for _, activation in chain]
        self.objective_name = objective.name
        self.priors = priors
        self.generator = torch.Generator()
        targets = iter(observation.targets)
        flat = []
        for layer in self.layers:
            flat += [layer.matrix(next(targets)).flatten(), *([next(targets)] if layer.has_bias else [])]
        self.nothing = flat[0].new_zeros(1)
        self.sizes = [len(part) for part in flat]
        self.distance = objective.rows(torch.cat([*flat, self.nothing]))
        self.turns = self._turns()

    def evaluate(self, images: Tensor, labels: Tensor, progress: float = 0.0) -> Evaluation:
        """One evaluation at ``images`` (R,B,C,H,W) in [0,1], R guesses at the pictures with ``labels`` (B,).

        Loss and terms are (R,), the gradient (R,B,C,H,W).
        """
        loss, gradient = self._match(images, labels)
        terms = {self.objective_name: loss}
        moment = Moment(self.observation, progress, self.generator, gradient)
        for prior in self.priors:
            potential, pull = prior.pull(images, moment)
            terms[prior.name] = potential
            loss, gradient = loss + potential, gradient + pull
        return Evaluation(loss, terms, gradient)

    def _turns(self) -> list[Tensor | None]:
        """Where each layer's turned matrix stands in the flat update, None where turning changes nothing."""
        places = iter(torch.arange(sum(self.sizes), device=self.nothing.device).split(self.sizes))
        turns: list[Tensor | None] = []
        for layer in self.layers:
            place = next(places).view_as(layer.weight)
            turned = layer.turn(place, beyond=sum(self.sizes))
            turns.append(None if turned is place else turned)
            if layer.has_bias:
                next(places)
        return turns

    def _match(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Distance of each guess (R,) and its gradient with respect to the guess, (R,B,C,H,W)."""
        guesses, batch = images.shape[:2]
        victim, layers = self.observation.victim, self.layers

        x = ((images - victim.mean) / victim.std).movedim(2, 1).flatten(2)
        columns, slopes, bends = [], [], []
        for layer, activation in zip(layers, self.activations, strict=True):
            columns.append(layer.columns(x))
            x = activation.value(layer.push(layer.weight, columns[-1]).add_(layer.bias))
            slopes.append(activation.slope(x))
            bends.append(activation.bend(x))

        share = x.softmax(1)
        deltas = [(share - self._wanted(labels)) / batch]
        spread, errors, flat = [], [], [self.nothing.expand(guesses, 1)]
        for layer, u, slope in zip(layers[::-1], columns[::-1], [*slopes[-2::-1], None], strict=True):
            flat += [deltas[-1].sum(2)] if layer.has_bias else []
            flat.append(torch.bmm(deltas[-1], u).flatten(1))
            spread.append(layer.spread(deltas[-1]))
            if slope is not None:
                errors.append(layer.assemble(layer.pull(layer.transposed, spread[-1])))
                deltas.append(slope * errors[-1])

        value, cotangent = self.distance(torch.cat(flat[::-1], 1))
        pulls = iter(cotangent.split([*self.sizes, 1], 1))
        weights: list[Tensor] = []
        moved: list[Tensor] = []
        for i, layer in enumerate(layers):
            weights.append(next(pulls).unflatten(1, layer.weight.shape))
            t = layer.push(weights[-1], columns[i])
            if layer.has_bias:
                t += next(pulls).unsqueeze(-1)
            if i:
                layer.push(layer.weight, layer.columns(moved[-1]), onto=t)
            moved.append(slopes[i] * t)

        q = share * (t - (share * t).sum(1, keepdim=True)) / batch
        for i in reversed(range(len(layers))):
            layer, turn = layers[i], self.turns[i]
            turned = weights[i] if turn is None else cotangent.index_select(1, turn.flatten()).unflatten(1, turn.shape)
            p = layer.pull(turned, spread[-1 - i])
            p = layer.assemble(layer.pull(layer.transposed, layer.spread(q), onto=p))
            if i:
                q = torch.addcmul(bends[i - 1] * errors[-i] * moved[i - 1], slopes[i - 1], p)
        return value, p.unflatten(-1, (batch, *images.shape[-2:])).movedim(1, 2) / victim.std

    def _wanted(self, labels: Tensor) -> Tensor:
        """(B,) class indices -> (K,B) probabilities, smoothed as the client's loss smooths them."""
        victim = self.observation.victim
        wanted = torch.eye(victim.num_classes).to(victim.mean).index_select(0, labels)
        return wanted.lerp(torch.full_like(wanted, 1 / victim.num_classes), victim.label_smoothing).mT


def side_by_side(
    observation: Observation, objective: Objective, priors: tuple[TotalVariation, ...]
) -> SideBySide | None:
    """The evaluation of many guesses at once where that pays: the victim is a small chain of layers; else None."""
    pixels = observation.batch_size * prod(observation.image_shape[1:])
    parameters = sum(p.numel() for p in observation.parameters)
    if observation.defense or parameters >= PARAMETERS or pixels > PIXELS:
        return None
    chain = chain_of(observation.victim)
    return SideBySide(observation, chain, objective, priors) if chain else None
