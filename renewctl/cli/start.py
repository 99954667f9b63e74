"""`init`: an empty portfolio to fill."""

from pathlib import Path

from renewctl.cli.options import Env, command, say
from renewctl.store.portfolio import is_there
from renewctl.views.terminal import safe


@command(writes=True)
def init(env: Env) -> None:
    """Make an empty portfolio."""
    path = env.portfolio_path
    found = is_there(path) if "://" in path else (Path(path).exists() and not _blank(Path(path)))
    if found or not env.dry_run:
        with env.open(create=not found):
            pass
    if env.json:
        from renewctl.views.machine import emit

        emit({"schema": "renewctl/init/1", "portfolio": path, "created": not found and not env.dry_run})
    elif found:
        say(f"there is a portfolio at {safe(path)} already; nothing changed")
    elif env.dry_run:
        say(f"would make an empty portfolio at {safe(path)}")
    else:
        say(f"an empty portfolio is at {safe(path)}\nnext: renewctl import accounts.csv")


def _blank(file: Path) -> bool:
    return file.is_file() and file.stat().st_size == 0
