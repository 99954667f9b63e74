"""JSON on stdout: one document a command, with its schema named."""

import json
import sys
from typing import Any


def emit(document: dict[str, Any]) -> None:
    """Write one JSON document, UTF-8 letters as they are, control characters escaped."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write("\n")
