"""Update to picture on one core: single-pass attacks against DLG, in one run.

    python benchmarks/single_pass.py [repeats]

Prints a CSV: attack, median process milliseconds per answer, PSNR in dB, times faster than DLG's 100 outer steps.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch

from gi_core.attacks import attacks
from gi_core.client import release
from gi_core.images import open_picture
from gi_core.metrics.controls import answer
from gi_core.metrics.image import psnr
from gi_core.models import build
from gi_core.observation import Observation

ATTACKS = ("venom", "venom-diff", "fgla", "lti", "git", "dlg:steps=100,patience=0")


def main(repeats: int) -> None:
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    truth = open_picture("cat", 32, 3).unsqueeze(0)
    update = release(victim, truth, torch.tensor([3])).defended
    observation = Observation(victim=victim, update=update, batch_size=1)
    rows = []
    for text in ATTACKS:
        attack, times = attacks.parse(text), []
        answer(attack, observation, 0) if attack.single_pass else None
        for _ in range(repeats if attack.single_pass else 1):
            started = time.process_time()
            picture = answer(attack, observation, 0)
            times.append(1000 * (time.process_time() - started))
        rows.append((text, statistics.median(times), float(psnr(picture, truth))))
    slowest = rows[-1][1]
    print("attack,milliseconds,psnr,faster_than_dlg")
    for text, milliseconds, quality in rows:
        print(f'"{text}",{milliseconds:.1f},{quality:.2f},{slowest / milliseconds:.0f}')


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
