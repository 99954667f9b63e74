"""A line to a server that can be cut at a COMMIT: before the server got it, or before its answer came."""

import contextlib
import socket
import threading
from typing import Any


class Cutter:
    """A proxy on the loopback; use it as a context manager."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self._way = ""
        self._stay = False
        self._open: list[socket.socket] = []

    def __enter__(self) -> "Cutter":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.close()

    def at_commit(self, way: str, *, and_stay_cut: bool = False) -> None:
        """Cut at the next COMMIT, once.

        `before`: the server gets nothing of it and sees the line end; `silent`: it gets nothing and
        sees no end; `after`: it gets it, and its answer is lost. `and_stay_cut`: nobody comes through again.
        """
        self._way, self._stay = way, and_stay_cut

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.cuts and self._stay:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._server))
            self._open += [client, server]
            state: dict[str, Any] = {"deaf": False}
            for source, target, commits in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pass, args=(source, target, commits, state), daemon=True
                ).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, commits: bool, state: dict[str, Any]
    ) -> None:
        """Pass on what one side says to the other, until the cut."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if commits and self._way and b"COMMIT\0" in data:
                    way, self._way = self._way, ""
                    self.cuts += 1
                    if way == "after":
                        state["deaf"] = True  # the answer is waited for, and kept back
                        target.sendall(data)
                        continue
                    _end(source)
                    if way == "before":
                        _end(target)
                    return
                if state["deaf"] and not commits:
                    _end(target)
                    _end(source)
                    return
                target.sendall(data)
            _end(target)


def _end(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
