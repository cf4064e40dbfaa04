"""Imported before anything else: a benchmark measures this repository, on ``GI_THREADS`` threads (default 1)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gi_core.torch_setup import thread_count, torch

torch.set_num_threads(thread_count())
