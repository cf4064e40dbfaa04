"""Gradient inversion: what does a federated client's update tell about its pictures?"""

from gi_core import _torch

_torch.use_one_thread()
