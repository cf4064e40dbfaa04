"""Every word that the web app shows: one table per language, ``locales/<language>.json``, with the same flat keys.

A key names its screen, then its meaning (``compare.story``); {name} is filled in, {name%} as a share in percent. A text
may hold HTML, never from a user.
"""

from __future__ import annotations

import json
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
LANGUAGES: dict[str, dict[str, str]] = {
    name: json.loads((LOCALES / f"{name}.json").read_text("utf-8")) for name in ("en", "de")
}
ENGLISH = LANGUAGES["en"]
