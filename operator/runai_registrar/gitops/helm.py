"""The Helm command that installs Run:ai on a cluster, written for a POSIX shell: every word is quoted."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from shlex import join, quote

CHART = "runai-cluster"
RELEASE_NAMESPACE = "runai"
VALUES = "values.yaml"
"""The key of the install Secret that Helm reads."""


@dataclass(frozen=True)
class Install:
    """What the command is made of.

    Attributes:
        secret: The install Secret, as kubectl finds it.
        chart_repo: The URL of the chart's repository.
        version: The version to install.
        kubectl: Options of kubectl that find the cluster with the Secret.
        helm: Options of Helm that find the cluster to install on.
        chart: Another chart than that of the repository: a file, or one of a repository that Helm knows.
        more: Options of `helm upgrade` that somebody needs besides; they win, because they come last.
    """

    namespace: str
    secret: str
    chart_repo: str
    version: str
    kubectl: tuple[str, ...] = ()
    helm: tuple[str, ...] = ()
    chart: str | None = None
    more: tuple[str, ...] = ()

    def hidden(self) -> str:
        """The command that reads the values out of the Secret when it runs, and shows none of them.

        Where kubectl fails, Helm is not run: with nothing on its input it would upgrade to empty values. All of it is
        in a shell of its own, so that the values do not stay behind in a variable.
        """
        template = f'{{{{index .data "{VALUES}" | base64decode}}}}'
        read = ("kubectl", *self.kubectl, "get", "secret", self.secret, f"--namespace={self.namespace}")
        values = f'values="$({join(read)} -o go-template={quote(template)})"'
        return f"({values} &&\n  printf '%s\\n' \"$values\" |\n  {self._helm()})"

    def shown(self, values: str) -> str:
        """The command with the values, secrets and all: on standard input, so that no list of programs has them."""
        lines = values.rstrip().split("\n")
        end = next(word for number in count(1) if (word := f"VALUES_{number}") not in lines)
        return "\n".join((f"{self._helm()} <<'{end}'", *lines, end))

    def _helm(self) -> str:
        chart = (CHART, f"--repo={self.chart_repo}") if self.chart is None else (self.chart,)
        where = (f"--version={self.version}", f"--namespace={RELEASE_NAMESPACE}", "--create-namespace")
        return join(("helm", *self.helm, "upgrade", "--install", CHART, *chart, *where, "--values=-", *self.more))


def unusable(texts: Mapping[str, str]) -> str | None:
    """The first of some texts, by its key, that is empty or would upset a terminal; None where all are fit to print."""
    return next((key for key, text in texts.items() if not text or not text.replace("\n", "").isprintable()), None)
