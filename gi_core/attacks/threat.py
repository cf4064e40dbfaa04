"""The threat model of every attack: what the server may change, what it knows, and how much mixing the attack stands.

Letters A to H are the threat models of Carletti, Foggia, Mazzocca, Parrella, Vento, "SoK: Gradient Inversion Attacks in
Federated Learning", USENIX Security 2025: eavesdroppers A (updates alone), B (and the model), C (and the training's
details), D (and pictures of its own), E (and statistics of the client's data); manipulators F, G (with pictures of its
own), H (which chooses the clients too). A sum over clients is to an eavesdropper one larger batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Batch = Literal["one", "few", "many"]


@dataclass(frozen=True)
class Threat:
    """One attack's threat model.

    Attributes:
        sok: letter of the systematisation.
        server: "curious" only watches; "malicious" sends a model of its own making, and ``changes`` a part of it.
        knows: besides the update and the weights it sent: labels, buffers (BatchNorm's, after the step), pictures
            (public ones of the same kind), recipe (learning rate, steps, batch), drops (the client's dropout).
        batch: pictures behind one update up to which it still reads any: one, few (up to 8), many.
        aggregation: "diluted": a sum over clients counts as one larger batch; "through": it reads all of them.
    """

    sok: Literal["A", "B", "C", "D", "E", "F", "G", "H"] = "B"
    server: Literal["curious", "malicious"] = "curious"
    changes: Literal["nothing", "architecture"] = "nothing"
    knows: tuple[str, ...] = ()
    batch: Batch = "few"
    aggregation: Literal["diluted", "through"] = "diluted"


LABELS, BUFFERS, PICTURES, RECIPE = "labels", "buffers", "pictures", "recipe"

THREATS: dict[str, Threat] = {
    "analytic": Threat(),
    "april": Threat(batch="one"),
    "bn-exact": Threat("E", knows=(LABELS, BUFFERS)),
    "bn-proxy": Threat("D", knows=(LABELS, PICTURES)),
    "dia": Threat("C", knows=(LABELS, "drops")),
    "dlg": Threat(),
    "fedavg-ig": Threat("C", knows=(LABELS, RECIPE)),
    "fgla": Threat("D", knows=(PICTURES,)),
    "fm": Threat("D", knows=(LABELS, PICTURES)),
    "git": Threat("D", knows=(PICTURES,), batch="one"),
    "git-exact": Threat(batch="one"),
    "gradinversion": Threat("E", knows=(LABELS,)),
    "grnn": Threat(),
    "huang": Threat("E", knows=(LABELS, BUFFERS)),
    "idlg": Threat(batch="one"),
    "ig": Threat(knows=(LABELS,)),
    "imprint": Threat("F", "malicious", "architecture", batch="many", aggregation="through"),
    "lti": Threat("D", knows=(PICTURES,), batch="one"),
    "mjolnir": Threat("D", knows=(PICTURES,), batch="one"),
    "pnp-flow": Threat("D", knows=(LABELS, PICTURES)),
    "rgap": Threat(batch="one"),
    "sme": Threat("C", knows=(LABELS, RECIPE)),
    "span": Threat(knows=(LABELS,)),
    "tune": Threat(),
    "venom": Threat("D", knows=(PICTURES,), batch="one"),
    "venom-diff": Threat("D", knows=(PICTURES,), batch="one"),
}
"""By attack; ``knows`` holds labels also where they can be inferred, as for one picture or a fresh network."""


def threat_of(name: str) -> Threat | None:
    """The named attack's threat model; None for an attack of a plug-in, which states none."""
    return THREATS.get(name)
