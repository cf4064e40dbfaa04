"""Filters by a framework's name equal that framework's own output, draw for draw, on three updates each."""

import logging

import numpy as np
import pytest
import torch

from gi_core.client import per_example_gradients
from gi_core.defenses import parse_stack
from gi_core.defenses.base import Batch
from gi_core.models import build
from gi_core.seeds import seeded

SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


def update(seed, size=0.01):
    """Arrays of several shapes, a scalar among them, many of them zero."""
    random = np.random.RandomState(seed)
    shapes = {"conv.weight": (6, 3, 5, 5), "conv.bias": (6,), "fc.weight": (40, 30), "fc.bias": (40,), "gain": ()}
    arrays = {n: np.asarray(size * random.standard_t(3, s), dtype=np.float32) for n, s in shapes.items()}
    arrays["fc.weight"][:20] = 0
    return arrays


def ours(text, arrays, seed):
    (defense,) = parse_stack(text)
    return defense.filtered({n: a.copy() for n, a in arrays.items()}, np.random.RandomState(seed))


def flares(kind, arrays, seed, **options):
    """What NVIDIA FLARE's filter makes of a difference."""
    filters = pytest.importorskip("nvflare.app_common.filters", reason="NVIDIA FLARE is not installed")
    from nvflare.apis.dxo import DXO, DataKind, MetaKey
    from nvflare.apis.fl_context import FLContext
    from nvflare.apis.shareable import Shareable

    assert filters
    module, name = kind
    made = getattr(__import__(f"nvflare.app_common.filters.{module}", fromlist=[name]), name)(**options)
    steps = options.get("steps", 1)
    dxo = DXO(DataKind.WEIGHT_DIFF, {n: a.copy() for n, a in arrays.items()}, {MetaKey.NUM_STEPS_CURRENT_ROUND: steps})
    np.random.seed(seed)  # noqa: NPY002 - the framework draws from NumPy's global state
    found = made.process_dxo(dxo, Shareable(), FLContext())
    return (found or dxo).data


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("percentile", "gamma"), [(10, 0.01), (80, 0.005), (0, 1.0)])
def test_percentile_privacy(seed, percentile, gamma):
    arrays = update(seed)
    expected = flares(("percentile_privacy", "PercentilePrivacy"), arrays, seed, percentile=percentile, gamma=gamma)
    found = ours(f"nvflare-percentile:percentile={percentile},gamma={gamma}", arrays, seed)
    assert all(np.array_equal(found[n], expected[n]) for n in arrays)


@pytest.mark.parametrize("seed", SEEDS)
def test_svt_privacy(seed):
    arrays = update(seed)
    expected = flares(("svt_privacy", "SVTPrivacy"), arrays, seed)
    found = ours("nvflare-svt", arrays, seed)
    assert all(np.array_equal(found[n], expected[n]) for n in arrays)


@pytest.mark.parametrize("seed", SEEDS)
def test_exclude_vars(seed):
    arrays = update(seed)
    expected = flares(("exclude_vars", "ExcludeVars"), arrays, seed, exclude_vars="^fc")
    found = ours("nvflare-exclude:exclude_vars=^fc", arrays, seed)
    assert all(np.array_equal(found[n], expected.get(n, np.zeros_like(arrays[n]))) for n in arrays)
    assert set(arrays) - set(expected) == {"fc.weight", "fc.bias"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [0.05, 100.0])
def test_flowers_clipping(seed, limit):
    dp = pytest.importorskip("flwr.supercore.differential_privacy", reason="Flower is not installed")
    arrays = update(seed)
    expected = [a.copy() for a in arrays.values()]
    dp.clip_inputs_inplace(expected[:-1], limit)
    whole = {n: a for n, a in arrays.items() if n != "gain"}  # in place, a scalar stays as it was
    for name in ("flower-fixed-clipping:clipping_norm", "flower-adaptive-clipping:initial_clipping_norm"):
        found = ours(f"{name}={limit}", whole, seed)
        assert all(np.array_equal(a, e) for a, e in zip(found.values(), expected[:-1], strict=True))


def through_flowers_mod(name, before, after, limit):
    """(arrays, norm_bit) that leave a client whose outermost mod is Flower's own."""
    pytest.importorskip("flwr.client.mod", reason="Flower is not installed")
    from flwr.app import Message
    from flwr.client import mod
    from flwr.common import Code, FitIns, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
    from flwr.compat.common import recorddict_compat as compat
    from flwr.supercore.task_identity import TaskIdentity

    TaskIdentity.run_id = TaskIdentity.task_id = TaskIdentity.node_id = 1  # of the process that a message comes from
    received = FitIns(ndarrays_to_parameters(before), {"clipping_norm": limit})
    ask = Message(compat.fitins_to_recorddict(received, keep_input=True), dst_node_id=1, message_type="train")

    def client(message, _context):
        trained = FitRes(Status(Code.OK, ""), ndarrays_to_parameters(after), 1, {})
        return Message(compat.fitres_to_recorddict(trained, keep_input=True), reply_to=message)

    left = compat.recorddict_to_fitres(getattr(mod, name)(ask, None, client).content, keep_input=True)
    return parameters_to_ndarrays(left.parameters), left.metrics.get("norm_bit")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [0.05, 100.0])
@pytest.mark.parametrize("kind", ["fixed", "adaptive"])
def test_flowers_clipping_mods_with_real_messages(seed, limit, kind):
    arrays = {n: a for n, a in update(seed).items() if a.ndim}
    before = [np.zeros_like(a) for a in arrays.values()]  # so that adding the difference back rounds nothing
    expected, bit = through_flowers_mod(f"{kind}clipping_mod", before, [a.copy() for a in arrays.values()], limit)
    option = {"fixed": "clipping_norm", "adaptive": "initial_clipping_norm"}[kind]
    found = ours(f"flower-{kind}-clipping:{option}={limit}", arrays, seed)
    assert all(np.array_equal(a, e) for a, e in zip(found.values(), expected, strict=True))
    clipped = sum(float(np.square(a, dtype=np.float64).sum()) for a in arrays.values()) ** 0.5 > limit
    assert bit is None if kind == "fixed" else bool(bit) == clipped


@pytest.mark.parametrize("seed", SEEDS)
def test_flowers_local_dp(seed):
    dp = pytest.importorskip("flwr.supercore.differential_privacy", reason="Flower is not installed")
    arrays = {n: a for n, a in update(seed).items() if a.ndim}
    zeros = [np.zeros_like(a) for a in arrays.values()]
    expected = [a.copy() for a in arrays.values()]
    np.random.seed(seed)  # noqa: NPY002 - the framework draws from NumPy's global state
    dp.compute_clip_model_update(expected, zeros, 0.5)
    dp.add_gaussian_noise_inplace(expected, 0.5 * np.sqrt(2 * np.log(1.25 / 1e-5)) / 3.0)
    found = ours("flower-local-dp:clipping_norm=0.5,sensitivity=0.5,epsilon=3", arrays, seed)
    assert all(np.array_equal(a, e) for a, e in zip(found.values(), expected, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_opacus_step(seed):
    """Clipped mean to float tolerance 1e-5; the noise has the same size."""
    pytest.importorskip("opacus", reason="Opacus is not installed")
    from opacus import GradSampleModule
    from opacus.optimizers import DPOptimizer

    victim = build("mlp:width=16", image_shape=(3, 8, 8), num_classes=10, source=f"init:seed={seed}")
    generator = torch.Generator().manual_seed(seed)
    images, labels = torch.rand(6, 3, 8, 8, generator=generator), torch.randint(10, (6,), generator=generator)
    (defense,) = parse_stack("opacus-dp-sgd:max_grad_norm=0.7,noise_multiplier=0")
    batch = Batch(victim, images, labels, generator)
    mean = {n: t.mean(0) for n, t in defense.on_example(per_example_gradients(victim, images, labels), batch).items()}
    net = GradSampleModule(victim.train())
    plain = torch.optim.SGD(net.parameters(), lr=1.0)
    step = DPOptimizer(plain, noise_multiplier=0.0, max_grad_norm=0.7, expected_batch_size=6)
    torch.nn.functional.cross_entropy(net(images), labels).backward()
    step.pre_step()
    theirs = {n.removeprefix("_module."): p.grad for n, p in net.named_parameters()}
    assert all(torch.allclose(mean[n], theirs[n], rtol=1e-4, atol=1e-6) for n in mean)
    with seeded(seed):
        noisy = DPOptimizer(plain, noise_multiplier=2.0, max_grad_norm=0.7, expected_batch_size=6)
        noisy.attach_step_hook(lambda _: None)
        step.zero_grad()
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        noisy.pre_step()
    drawn = torch.cat([(p.grad - mean[n.removeprefix("_module.")]).flatten() for n, p in net.named_parameters()])
    (loud,) = parse_stack("opacus-dp-sgd:max_grad_norm=0.7,noise_multiplier=2")
    assert float(drawn.std()) == pytest.approx(loud.noise(6).sigma, rel=0.05)
