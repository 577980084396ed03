"""Log lines: text for people, or one JSON object a line; never a request body, a header or a secret."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

QUIET = ("aiohttp.access", "asyncio", "httpcore", "httpx", "kopf", "kopf.activities", "kopf.objects")
"""Loggers of libraries that would write a line per request or dump whole objects: only their warnings count."""

SILENT = ("kopf._core.reactor.running", "kubernetes.aio.config.kube_config")
"""These warn of what is as it should be, or of what our own error says better: only their errors count."""

_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configure(*, json_lines: bool, level: str) -> None:
    """Send all log lines to standard error in one form; `level` is debug, info, warning or error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_json() if json_lines else logging.Formatter(_TEXT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)


def _json() -> logging.Formatter:
    names = {"asctime": "timestamp", "levelname": "severity", "name": "logger"}
    return JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names)
