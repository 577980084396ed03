"""A stand-in for the chart runai-cluster, and for a repository that gives it only to those who log in."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSION = "2.24.18"
USER, KEY = "$oauthtoken", "key-canary"

_META = f"apiVersion: v2\nname: runai-cluster\nversion: {VERSION}\n"
_DEFAULTS = """controlPlane: {url: "", clientSecret: ""}
cluster: {uid: "", url: ""}
global: {customCA: {enabled: false}}
"""
_TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: "{{ .Release.Namespace }}"}
data:
  secret: {{ .Values.controlPlane.clientSecret | b64enc | quote }}
  uid: {{ .Values.cluster.uid | quote }}
  all: {{ toYaml .Values | quote }}
"""


def chart_in(folder: Path) -> Path:
    """Write the chart: it shows all values that it is given."""
    chart = folder / "runai-cluster"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(_META)
    (chart / "values.yaml").write_text(_DEFAULTS)
    (chart / "templates" / "values.yaml").write_text(_TEMPLATE)
    return chart


class _Guarded(SimpleHTTPRequestHandler):
    """Files for whoever logs in."""

    def do_GET(self) -> None:
        """Serve a file, or say that a login is needed."""
        wanted = base64.b64encode(f"{USER}:{KEY}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {wanted}":
            super().do_GET()
        else:
            self.send_error(401)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a repository with the files of a folder."""

    def handler(*arguments: Any) -> _Guarded:
        return _Guarded(*arguments, directory=str(folder))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
