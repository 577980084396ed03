"""Free TCP ports on the loopback address."""

import secrets
import socket

_LOWEST, _HIGHEST = 20_000, 30_000
# Below the range of outgoing connections: while a server is down, no client of it can be given its port, or even
# connect to itself.
_TRIES = 200


def free_port() -> int:
    """A port on 127.0.0.1 that was free a moment ago; whoever binds it must be ready to lose it and to ask again.

    Raises:
        OSError: no free one was found.
    """
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if _is_free(port):
            return port
    raise OSError(f"no free port between {_LOWEST} and {_HIGHEST} on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
