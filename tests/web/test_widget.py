"""Server functions take objects."""

from __future__ import annotations

import pytest

from gi_core.web.widget import checked


@pytest.mark.parametrize("given", [None, [], "text", 3, True])
def test_what_is_no_object_is_one_sentence(given):
    def told(request):
        """Says it."""
        return {"id": request["id"]}

    assert "an object is needed" in checked(told)(given)["error"]
    assert checked(told)({"name": 7}) == {"error": "A request without id: it is needed."}
    assert checked(told)({"id": 7}) == {"id": 7} and checked(told).__name__ == "told"
