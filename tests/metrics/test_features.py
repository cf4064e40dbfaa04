import torch

from gi_core.metrics import fmse
from gi_core.models import build


def test_distance_of_the_head_inputs():
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    a, b = torch.rand(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = [(victim.features(a[i : i + 1]) - victim.features(b[i : i + 1])).pow(2).mean().item() for i in range(3)]
    assert torch.allclose(fmse(a, b, victim), torch.tensor(expected))
    assert fmse(a, a, victim).tolist() == [0, 0, 0]


def test_a_training_victim_is_read_in_evaluation_mode_and_left_as_it_was():
    victim = build("convnet:width=8", image_shape=(3, 32, 32), num_classes=10, mode="train")
    before = {k: v.clone() for k, v in victim.state_dict().items()}
    a, b = torch.rand(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    together = fmse(a, b, victim)
    alone = torch.cat([fmse(a[i : i + 1], b[i : i + 1], victim) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-6)
    assert victim.training
    assert all(torch.equal(before[k], v) for k, v in victim.state_dict().items())
