"""A live federation: Flower's simulation, two clients; the recorder writes, the audit reads, the picture comes back.

With the framework's own local differential privacy it does not.
"""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import gi_core as gi

pytest.importorskip("flwr", reason="Flower is not installed")

FEDERATION = '''
import sys
import numpy as np
import torch
from torch import nn
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.clientapp.mod import LocalDpMod
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation
from gi_core.data.pictures import read
from gi_core.recorders.flower import record

FOLDER, PRIVATE, DATA = sys.argv[1], sys.argv[2] == "private", sys.argv[3]


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 64), nn.ReLU(), nn.Linear(64, 10))


def pictures(client):
    """One picture each: of CIFAR-10's test split where it is at hand, else a sample."""
    if DATA == "cifar10":
        from gi_core.data.arrays import load
        held = load("cifar10")[2]
        return held.floats(slice(client, client + 1)), held.labels[client : client + 1]
    from gi_core.data.samples import sample
    return (sample("cat" if client == 0 else "coffee", 32, 3)[None] * 255).round() / 255, torch.tensor([3 + client])


TOLD = {
    "model": "mlp:width=64,depth=1",
    "input": {"channels": 3, "side": 32, "mean": [0.5], "std": [0.5], "augmentation": "none"},
    "training": {"pictures": 1, "batch": 1, "epochs": 1, "optimiser": "sgd", "lr": 0.1, "momentum": 0.0,
                 "mode": "train"}, "steps": 1,
}
mods = [record(FOLDER, TOLD, partition=0)] + ([LocalDpMod(1.0, 1.0, 10.0, 1e-5)] if PRIVATE else [])
client = ClientApp(mods=mods)


@client.train()
def train(message, context):
    net = network()
    net.load_state_dict(message.content["arrays"].to_torch_state_dict())
    images, labels = pictures(context.node_config["partition-id"])
    step = torch.optim.SGD(net.parameters(), lr=0.1)
    loss = nn.functional.cross_entropy(net((images - 0.5) / 0.5), labels)
    loss.backward()
    step.step()
    metrics = MetricRecord({"num-examples": 1, "train_loss": float(loss)})
    content = RecordDict({"arrays": ArrayRecord(net.state_dict()), "metrics": metrics})
    return Message(content=content, reply_to=message)


server = ServerApp()


@server.main()
def main(grid, context):
    strategy = FedAvg(fraction_train=1.0, fraction_evaluate=0.0, min_train_nodes=2, min_available_nodes=2)
    strategy.start(grid=grid, initial_arrays=ArrayRecord(network().state_dict()), num_rounds=1)


if __name__ == "__main__":
    if not PRIVATE:
        images, labels = pictures(0)
        np.savez(FOLDER + "-truth.npz", images=(images * 255).round().byte().movedim(1, -1).numpy(), labels=labels)
    run_simulation(server, client, 2, backend_config={"client_resources": {"num_cpus": 1, "num_gpus": 0.0}})
'''


DATA = "cifar10" if (Path(os.environ.get("GI_DATA") or "/dev/null") / "cifar10.npz").is_file() else "samples"


@pytest.mark.slow
def test_the_recorder_writes_the_audit_reads_and_the_picture_comes_back(tmp_path):
    script = tmp_path / "federation.py"
    script.write_text(FEDERATION)
    room = os.pathsep.join([p for p in sys.path if p])
    quiet = {"FLWR_TELEMETRY_ENABLED": "0", "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": room}
    levels = {}
    for kind in ("plain", "private"):
        folder = tmp_path / kind
        done = subprocess.run(
            [sys.executable, str(script), str(folder), kind, DATA], env=os.environ | quiet, capture_output=True,
            text=True, timeout=600, cwd=tmp_path,
        )  # fmt: skip
        assert (folder / "update.json").exists(), done.stderr[-2000:]
        assert stat.S_IMODE((folder / "update.json").stat().st_mode) == 0o600
        record = gi.audit.read(folder)
        report = gi.audit.run(record, truth=tmp_path / "plain-truth.npz", minutes=0.5)
        levels[kind] = report.level
        assert report.record.recipe.framework == "flwr" and report.record.recipe.metrics["num-examples"] == 1
        assert bool(report.sheet.facts["noise"]) == (kind == "private")
    assert levels == {"plain": 3, "private": 0}
