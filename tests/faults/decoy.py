"""A server that nobody should ever talk to, and that remembers everybody who does."""

import socket
import threading
from types import TracebackType
from typing import Self


class Decoy:
    """Listens on loopback in a thread of its own; `heard` is what each connection sent first.

    It answers nothing: whoever connects finds the connection closed.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, name="decoy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:  # closed
                return
            with caller:
                caller.settimeout(1)
                try:
                    self.heard.append(caller.recv(65_536))
                except OSError as error:
                    self.heard.append(str(error).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
