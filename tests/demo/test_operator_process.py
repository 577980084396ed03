"""The operator's process: what it inherits, and what is read of it."""

from pathlib import Path

from runai_registrar.demo.operator_process import environment

KUBECONFIG = Path("/demo/kubeconfig")


def test_the_operator_talks_to_the_demo_only() -> None:
    """Neither the user's kubeconfig, nor a cluster around the demo, nor a proxy reaches the operator."""
    environ = {
        "KUBECONFIG": "/home/user/.kube/config",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "*",
        "PATH": "/bin",
    }

    seen = environment(environ, KUBECONFIG)

    assert seen["KUBECONFIG"] == str(KUBECONFIG)
    assert seen.keys() & environ.keys() == {"KUBECONFIG", "PATH"}


def test_settings_of_the_user() -> None:
    """What the story relies on is the demo's; other settings of the operator are the user's."""
    environ = {"RUNAI_REGISTRAR_SETTLE": "1h", "RUNAI_REGISTRAR_LOG_LEVEL": "debug"}

    seen = environment(environ, KUBECONFIG)

    assert (seen["RUNAI_REGISTRAR_SETTLE"], seen["RUNAI_REGISTRAR_LOG_LEVEL"]) == ("8s", "debug")
