"""JSON on stdout: one document a command, with its schema named."""

import json
import re
import sys
from typing import Any

# What a terminal or a reader could take for more than a letter: C1 controls, zero-width and
# bidirectional marks, line separators, tags. JSON itself escapes only what is below a blank.
_DECEPTIVE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def emit(document: dict[str, Any]) -> None:
    """Write one JSON document: letters as they are, whatever steers a terminal escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write(_DECEPTIVE.sub(_escaped, text) + "\n")


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
