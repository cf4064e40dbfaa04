"""Pretrained models: the conversion is checked on a known Gaussian, loading on a tiny pipeline made here."""

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.networks.flow import per_image
from gi_core.networks.gaussian_flow import GaussianFlow
from gi_core.networks.hub_flow import NoisePredictor, from_hub
from gi_core.priors.flow import FlowPrior


def test_a_noise_predictor_is_read_as_a_velocity() -> None:
    """The exact noise predictor of N(mu, s^2 I) under a DDPM schedule against the analytic flow."""
    mean, variance = torch.full((3, 2, 2), 0.2).double(), 0.3
    kept = torch.cumprod(1 - torch.linspace(1e-5, 2e-3, 10_000).double(), 0)

    class Exact(nn.Module):
        def forward(self, y: Tensor, step: Tensor) -> Tensor:
            a = kept[step].view(-1, 1, 1, 1)
            return (1 - a).sqrt() * (y - a.sqrt() * mean) / (a * variance + 1 - a)

    flow = NoisePredictor(Exact(), kept, (3, 2, 2))
    exact = GaussianFlow(mean, torch.eye(12).double()[:, :1], torch.full((1,), variance).double(),
                         torch.tensor(variance).double())  # fmt: skip
    z_t = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for t in (0.2, 0.5, 0.9):
        time = per_image(t, z_t)
        torch.testing.assert_close(flow.velocity(z_t, time), exact.velocity(z_t, time), rtol=0, atol=5e-3)


def test_only_what_the_deployment_lists_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GI_FLOW_MODELS", raising=False)
    with pytest.raises(BadInput, match="GI_FLOW_MODELS"):
        FlowPrior(net="someone/model")
    monkeypatch.setenv("GI_FLOW_MODELS", "other/model, someone/model")
    assert FlowPrior(net="someone/model").net == "someone/model"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(BadInput, match="pip install diffusers"):
        from_hub("someone/model", (3, 16, 16))


@pytest.mark.parametrize("scheduler", ["DDPMScheduler", "FlowMatchEulerDiscreteScheduler"])
def test_a_tiny_pipeline_of_diffusers(tmp_path: Path, scheduler: str) -> None:
    diffusers = pytest.importorskip("diffusers", reason="diffusers is optional and not installed")
    net = diffusers.UNet2DModel(
        sample_size=16, in_channels=3, out_channels=3, block_out_channels=(8, 16), layers_per_block=1,
        norm_num_groups=4, down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2,
    )  # fmt: skip
    diffusers.DDPMPipeline(net, getattr(diffusers, scheduler)()).save_pretrained(tmp_path)
    flow = from_hub(str(tmp_path), (3, 16, 16)).eval()
    z = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    t = per_image(0.25, z)
    got = flow.velocity(z, t)
    if scheduler == "FlowMatchEulerDiscreteScheduler":
        torch.testing.assert_close(got, -net(z, torch.full((2,), 750.0)).sample)
    else:
        assert got.shape == z.shape
        assert got.isfinite().all()
    with pytest.raises(BadInput, match="3x16x16"):
        from_hub(str(tmp_path), (3, 32, 32))
    with pytest.raises(BadInput, match="cannot be loaded"):
        from_hub(str(tmp_path / "nothing"), (3, 16, 16))
