"""The flow prior in every first-order attack: it runs, it counts, it repeats."""

import pytest
import torch

import gi_core.client as client
from gi_core.attacks import attacks
from gi_core.models import build
from gi_core.observation import DefenseFacts, Observation, Training

TEXTS = {
    "ig": "ig:steps=3", "sme": "sme:steps=3", "fedavg-ig": "fedavg-ig:steps=3", "huang": "huang:steps=3",
    "bn-exact": "bn-exact:steps=3", "bn-proxy": "bn-proxy:steps=3,candidates=2,kept=1",
    "gradinversion": "gradinversion:steps=3,seeds=1", "dia": "dia:steps=3",
    "dlg": "dlg:steps=2", "idlg": "idlg:steps=2", "grnn": "grnn:steps=3",
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_flow_prior(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, 16, 16, generator=generator)
    labels = torch.tensor([1, 3])
    victim = build("convnet:width=4", image_shape=(3, 16, 16), num_classes=10, mode="train")
    training = Training(steps=1, epochs=1, batch=2, lr=0.1)
    kind = "delta" if name in ("sme", "fedavg-ig") else "gradient"
    released = client.release(victim, images, labels, training=training, kind=kind, share_buffers=True)  # type: ignore[arg-type]
    defense = None
    if name == "dia":
        victim.body.append(torch.nn.Dropout(0.3))
        defense = (DefenseFacts("dropout", {"p": 0.3}),)
    world = Observation(
        victim, released.defended, 2, labels=labels, training=training, defense=defense,
        auxiliary=torch.rand(4, 3, 16, 16, generator=generator),
    )  # fmt: skip

    def last(prior: str) -> torch.Tensor:
        *_, frame = attacks.parse(f"{TEXTS[name]},prior={prior}").run(world, 0)
        if prior != "none":
            assert "flow" in frame.terms
        return frame.images.clone()

    pulled = last("(flow:net=gaussian,weight=5)")
    assert torch.equal(pulled, last("(flow:net=gaussian,weight=5)"))
    assert not torch.allclose(pulled, last("none"))
