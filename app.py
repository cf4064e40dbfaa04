"""Entry for people and for Hugging Face Spaces: ``python app.py``."""

import os

if os.environ.get("SPACES_ZERO_GPU"):
    import spaces  # type: ignore[import-not-found] # noqa: F401 - comes before anything that touches CUDA

    os.environ.setdefault("GI_DEVICE", "cpu")  # outside of its tasks a ZeroGPU Space has no GPU

from gi_core.errors import BadInput
from gi_core.web import build, launch_settings

try:
    demo, settings = build(), launch_settings()
except BadInput as error:
    raise SystemExit(f"error: {error}") from None

if __name__ == "__main__":
    demo.launch(**settings)
