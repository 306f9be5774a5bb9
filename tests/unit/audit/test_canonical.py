"""The canonical JSON of entries is that of the standard library, however it is made."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from calibrify_core.audit.digest import canonical

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_both_ways_write_the_same(columns: dict[str, Any]) -> None:
    expected = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(columns) == expected.encode()
