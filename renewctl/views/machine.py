"""JSON on stdout: one document a command, with its schema named."""

import json
import sys
from typing import Any

from renewctl.core.text import plain_json


def emit(document: dict[str, Any]) -> None:
    """Write one JSON document: letters as they are, whatever steers a terminal escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write(plain_json(text) + "\n")
