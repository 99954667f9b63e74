"""Where things are kept on this machine unless told otherwise."""

import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """The folder in which the platform keeps this program's data of this user."""
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "renewctl"
