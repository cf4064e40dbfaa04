import sys

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from gi_core.errors import BadInput
from gi_core.metrics import lpips, score, why_unavailable

module = sys.modules["gi_core.metrics.lpips"]


@pytest.fixture
def no_backbone(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "absent.safetensors")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.delenv(module.WEIGHTS_VARIABLE, raising=False)


def test_the_value_that_torchmetrics_documents(capsys):
    with torch.random.fork_rng():
        torch.manual_seed(42)
        a, b = torch.rand(10, 3, 100, 100), torch.rand(10, 3, 100, 100)
    values = lpips(a, b)
    assert values.shape == (10,)
    assert values.mean().item() == pytest.approx(0.1005, abs=5e-4)
    assert capsys.readouterr().out == ""


def test_loading_leaves_the_random_state_alone():
    module._network.cache_clear()
    before = torch.random.get_rng_state()
    x = torch.zeros(1, 3, 32, 32)
    assert lpips(x, x).item() == 0
    assert torch.equal(before, torch.random.get_rng_state())


def test_small_grey_pictures_are_enlarged_and_repeated():
    a, b = torch.rand(2, 2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    enlarged = [F.interpolate(x, (32, 32), mode="bilinear").repeat(1, 3, 1, 1) for x in (a, b)]
    assert torch.allclose(lpips(a, b), lpips(*enlarged))
    assert lpips(a, b).min() > 0.01


def test_without_a_backbone_it_is_none_and_says_how_to_get_it(no_backbone):
    x = torch.zeros(1, 3, 32, 32)
    assert lpips(x, x) is None
    assert "squeezenet1_1" in why_unavailable()
    assert score(x, x)[0]["lpips"] is None


def test_a_file_in_the_hub_folder_is_used(no_backbone, monkeypatch, tmp_path):
    trunk = module.load_file(module.Path(__file__).parents[2] / "assets/weights/lpips-squeeze.safetensors")
    (tmp_path / "checkpoints").mkdir()
    torch.save(trunk, tmp_path / "checkpoints" / module.HUB_FILES["squeeze"])
    a, b = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = lpips(a, b)
    monkeypatch.undo()
    assert torch.equal(found, lpips(a, b))


def test_a_file_that_does_not_hold_the_features_is_refused(monkeypatch, tmp_path):
    save_file({"something": torch.zeros(1)}, tmp_path / "wrong.safetensors")
    monkeypatch.setenv(module.WEIGHTS_VARIABLE, str(tmp_path / "wrong.safetensors"))
    with pytest.raises(BadInput, match="is missing"):
        lpips(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32))
    monkeypatch.setenv(module.WEIGHTS_VARIABLE, str(tmp_path / "absent.safetensors"))
    with pytest.raises(BadInput, match="no such file"):
        lpips(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32))


def test_a_damaged_shipped_file_is_refused(monkeypatch, tmp_path):
    trunk = module.load_file(module.SHIPPED)
    trunk["features.0.bias"] += 1e-3
    save_file(trunk, tmp_path / "damaged.safetensors")
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "damaged.safetensors")
    with pytest.raises(BadInput, match="sha256"):
        lpips(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32))
