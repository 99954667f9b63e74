"""What a row of the operation log says, column by column."""

import json
from collections.abc import Sequence
from typing import Any


def side(text: str | None, names: Sequence[str]) -> dict[str, Any] | None:
    """One side of a logged row by column: the whole row, or the columns that changed; dates stay ISO text."""
    if text is None:
        return None
    found = json.loads(text)
    return found if isinstance(found, dict) else dict(zip(names, found, strict=True))
