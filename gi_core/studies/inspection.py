"""How often a client's inspection raises a false alarm, and what it sees of each manipulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from gi_core.components import option
from gi_core.data.arrays import load
from gi_core.data.samples import public_crops
from gi_core.defenses.inspect import Inspection, inspect
from gi_core.evaluation.inspection import inspect_sent
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.models.own import wrap
from gi_core.scenario import Scenario
from gi_core.seeds import seeded
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.torch_setup import make_torchvision_importable

FRESH = ("lenet", "lenet:activation=relu,init=default", "mlp", "convnet", "resnet18", "resnet18-preact", "vit-tiny",
         "convnext-atto")  # fmt: skip
LARGER = ("lenet", "mlp", "convnet", "resnet18", "vit-tiny")
"""Fresh victims at the size of photographs too."""
TRAINED = (("lenet", 1), ("lenet", 10), ("lenet", 50), ("resnet18:width=8", 1), ("resnet18:width=8", 10))
SERVERS = (
    "imprint", "imprint:units=cumulative", "imprint:connect=logit,gain=4", "trap", "fishing", "fishing:kind=feature",
    "inconsistent", "inconsistent:how=head",
)  # fmt: skip
VICTIMS = ("lenet", "mlp", "convnet", "resnet18", "vit-tiny")
TIMM = """
resnet18 resnet34 resnet26 resnet14t resnet10t resnext26ts seresnext26ts resnet26d resnet18d mobilenetv2_050
mobilenetv2_100 mobilenetv3_small_050 mobilenetv3_small_100 mobilenetv3_large_100 mobilenetv4_conv_small
efficientnet_lite0 efficientnet_b0 tf_efficientnetv2_b0 mnasnet_050 mnasnet_100 fbnetc_100 spnasnet_100 regnetx_002
regnetx_004 regnety_002 regnety_004 regnetz_005 densenet121 vgg11 vgg11_bn xcit_nano_12_p16_224
ghostnet_050 ghostnet_100 hardcorenas_a lcnet_050 lcnet_100 tinynet_e tinynet_d repvgg_a0 mobileone_s0 rexnet_100
rexnetr_100 hrnet_w18_small cspresnet50 darknet17 selecsls42 ese_vovnet19b_dw skresnet18
res2net50_14w_8s resnest14d nf_resnet26 nf_regnet_b0 eca_nfnet_l0 gernet_s convnext_atto convnext_femto convnext_pico
convnextv2_atto edgenext_xx_small mobilevit_xxs mobilevitv2_050 poolformer_s12 poolformerv2_s12 pvt_v2_b0 fastvit_t8
efficientvit_b0 starnet_s1 inception_next_atto vit_tiny_patch16_224
deit_tiny_patch16_224 mixer_s32_224 resmlp_12_224 gmlp_ti16_224 coat_lite_tiny
swin_tiny_patch4_window7_224 tnt_s_patch16_224 pit_ti_224 visformer_tiny xception41 inception_v3 ghostnetv2_100
semnasnet_075 caformer_s18 convformer_s18 test_vit test_resnet test_convnext test_byobnet test_efficientnet
"""
"""Small architectures of every family in timm, with random weights."""
HELD_OUT = (
    "lenet", "lenet:init=default", "lenet:activation=relu,init=default", "mlp:width=64", "mlp:width=512,depth=3",
    "mlp:activation=tanh", "convnet:width=16", "resnet18:width=8", "resnet18:width=16", "resnet18-preact:width=8",
    "vit-tiny", "convnext-atto",
)  # fmt: skip
"""Honest models on which no rule was made: fresh ones by draws of their weights that nobody had looked at, ..."""
HELD_OUT_SEEDS = range(101, 107)
BRIEFLY = ("lenet:activation=relu,init=default", "mlp:width=64", "convnet:width=16", "resnet18:width=8")
"""... trained here for some steps, ..."""
STEPS = (30, 150)
HELD_OUT_TIMM = """
mobilenetv2_035 mobilenetv3_small_075 efficientnet_lite1 regnetx_006 regnety_006 lcnet_075 tinynet_c ghostnet_130
resnext50_32x4d test_vit2 test_vit3 test_efficientnet_ln test_mambaout test_nfnet test_resnet2 convnextv2_femto
"""
"""... and architectures of timm that were not looked at."""
LARGE = 160
"""Picture side of networks that take any."""


@studies.register("inspection")
@dataclass(frozen=True, kw_only=True)
class InspectionStudy(Study):
    """The client's inspection of models that nobody touched, and of every server's.

    Weights and the gradients of a few own pictures alone: the architecture is taken as agreed on.
    """

    question: ClassVar[str] = "Does a look at the model tell a malicious server, and how often does it err?"
    keys: ClassVar[tuple[str, ...]] = ("kind", "model", "weights", "server")
    columns: ClassVar[tuple[str, ...]] = (
        "level", "findings", "repeated", "rank", "order", "paired", "negative", "dead", "zero", "signal", "loss",
    )  # fmt: skip

    seeds: int = option(3, "draws of the weights of our own victims", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        for model in VICTIMS:
            for server in SERVERS:
                yield {"kind": "malicious", "model": model, "weights": "init", "server": server}
        for model in FRESH:
            for seed in range(self.seeds):
                yield {"kind": "fresh", "model": model, "weights": f"init:seed={seed + 1}", "server": "honest"}
        for model in LARGER:
            yield {"kind": "fresh-224", "model": model, "weights": "init", "server": "honest"}
        for model, epoch in TRAINED:
            yield {"kind": "trained", "model": model, "weights": f"trained:epoch={epoch}", "server": "honest"}
        for name in TIMM.split():
            yield {"kind": "timm", "model": name, "weights": "random", "server": "honest"}
        for model in HELD_OUT:
            for seed in HELD_OUT_SEEDS:
                yield {"kind": "held-out", "model": model, "weights": f"init:seed={seed}", "server": "honest"}
        for model in BRIEFLY:
            for steps in STEPS:
                for seed in (1, 2):
                    weights = f"steps={steps},seed={seed}"
                    yield {"kind": "held-out-trained", "model": model, "weights": weights, "server": "honest"}
        for name in HELD_OUT_TIMM.split():
            yield {"kind": "held-out-timm", "model": name, "weights": "random", "server": "honest"}

    def measure(self, cell: Cell) -> Row:
        if cell["kind"] == "held-out-trained":
            steps, seed = (int(part.split("=")[1]) for part in cell["weights"].split(","))
            victim = trained_briefly(cell["model"], steps, seed)
            return row_of(inspect(victim, public_crops(8, 32, 3, seed), torch.arange(8)))
        if cell["kind"].endswith("timm"):
            victim = from_timm(cell["model"])
            return row_of(inspect(victim, public_crops(4, victim.image_shape[1], 3, 0), torch.arange(4)))
        side = 224 if cell["kind"] == "fresh-224" else 32
        scenario = Scenario(model=cell["model"], weights=cell["weights"], server=cell["server"], image_size=side)
        sight = inspect_sent(scenario, architecture=False)
        return row_of(sight.others or sight.target)


def trained_briefly(model: str, steps: int, seed: int) -> Victim:
    """An honest network after ``steps`` of SGD (momentum 0.9) over batches of 64 CIFAR-10 pictures."""
    pictures = load("cifar10")[0]
    victim = build(model, image_shape=(3, 32, 32), num_classes=10, source=f"init:seed={seed}")
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(victim.parameters(), lr=0.02, momentum=0.9)
    victim.train()
    for _ in range(steps):
        chosen = torch.randint(len(pictures), (64,), generator=generator)
        optimiser.zero_grad()
        victim.loss(pictures.floats(chosen), pictures.labels[chosen]).backward()
        optimiser.step()
    return victim.eval()


def from_timm(name: str) -> Victim:
    """A network of timm with ten classes and random weights, at its own picture side where it takes no other."""
    make_torchvision_importable()
    import timm

    with seeded(0):
        net = timm.create_model(name, num_classes=10)
    given: dict[str, Any] = net.default_cfg  # type: ignore[assignment]
    side = given["input_size"][1] if given.get("fixed_input_size") else min(LARGE, given["input_size"][1])
    return wrap(net.eval(), (3, side, side))


def row_of(found: Inspection) -> Row:
    """The extreme of each statistic over the layers."""

    def extreme(name: str, pick: Callable[[list[float]], float] = max) -> float | None:
        values = [layer[name] for layer in found.statistics.values() if name in layer]
        return pick(values) if values else None

    return {
        "level": found.level,
        "findings": "; ".join(f"{f.check} ({f.level})" for f in found.findings),
        "repeated": extreme("repeated rows"),
        "rank": extreme("effective rank", min),
        "order": extreme("bias order"),
        "paired": extreme("paired rows"),
        "negative": extreme("negative rows"),
        "dead": extreme("dead channels"),
        "zero": extreme("zero rows"),
        "signal": extreme("signal to noise"),
        "loss": found.loss,
    }
