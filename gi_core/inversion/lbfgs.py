"""Limited-memory BFGS on pictures and, where wanted, label logits, with early ends for hopeless and finished starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from gi_core.inversion.frame import Evaluation, Frame


def minimise(
    evaluate: Callable[[list[Tensor]], Evaluation],
    variables: list[Tensor],
    *,
    steps: int,
    lr: float = 1.0,
    inner: int = 20,
    line_search: bool = False,
    box: bool = False,
    patience: int = 0,
    done_below: float = 0.0,
) -> Iterator[Frame]:
    """torch.optim.LBFGS (history 100; 20 inner iterations without a line search: the published setting of DLG).

    Args:
        evaluate: variables -> Evaluation; ``gradient`` belongs to the first one, ``extra`` to the others.
        variables: start values; the first is the picture batch (B,C,H,W).
        inner: iterations per outer step, of one evaluation each, or a few where ``line_search`` (strong Wolfe) is on.
        box: clamp the pictures to [0,1] after each outer step.
        patience: end a start whose loss did not halve within this many outer steps, or that became NaN
            (a diverged start is recognised by its loss alone); 0 never ends one early.
        done_below: end once the loss is below this value.

    Yields:
        ``steps + 1`` frames at most, one per outer step; images are the lowest-loss iterate, clamped to [0,1].
        Comparing needs the loss on the host: L-BFGS itself reads it there.
    """
    leaves = [v.detach().clone().requires_grad_() for v in variables]
    search = "strong_wolfe" if line_search else None
    optimiser = torch.optim.LBFGS(leaves, lr=lr, max_iter=inner, history_size=100, line_search_fn=search)
    now = evaluate([v.detach() for v in leaves])
    best, best_extra, best_loss = leaves[0].detach().clone(), [v.detach().clone() for v in leaves[1:]], float(now.loss)
    milestone, waited = best_loss, 0

    def closure() -> Tensor:
        result = evaluate([v.detach() for v in leaves])
        for leaf, gradient in zip(leaves, (result.gradient, *result.extra), strict=True):
            leaf.grad = gradient.contiguous()
        return result.loss

    for i in range(steps + 1):
        yield Frame(i, best.clamp(0, 1), now.loss, now.terms, report={"variables": best_extra})
        stuck = patience > 0 and (waited >= patience or not torch.isfinite(now.loss))
        if i == steps or best_loss < done_below or stuck:
            return
        optimiser.step(closure)
        if box:
            with torch.no_grad():
                leaves[0].clamp_(0, 1)
        now = evaluate([v.detach() for v in leaves])
        loss = float(now.loss)
        if loss < best_loss:
            best, best_extra, best_loss = leaves[0].detach().clone(), [v.detach().clone() for v in leaves[1:]], loss
        waited += 1
        if best_loss < 0.5 * milestone:
            milestone, waited = best_loss, 0
