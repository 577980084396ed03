"""Every value of the chart, set to something else than its default."""

from typing import Any

EVERYTHING: dict[str, Any] = {
    "global": {"imageRegistry": "mirror.example.com", "imagePullSecrets": [{"name": "of-all-charts"}]},
    "nameOverride": "registrar",
    "fullnameOverride": "everything",
    "commonLabels": {"team": "gpu"},
    "commonAnnotations": {"note": "ours"},
    "image": {"repository": "mirror/it", "tag": "1.2.3", "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "registry"}],
    "crds": {"annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}},
    "operator": {"workers": 4, "settle": "2m", "freshness": "5s", "requestTimeout": "20s", "listLag": "20s"},
    "log": {"level": "debug", "format": "text"},
    "healthPort": 9999,
    "controlPlanes": [
        {"name": "everything", "spec": {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "credentials"}}}
    ],
    "serviceAccount": {"name": "runner", "annotations": {"role": "registrar"}, "automount": False},
    "rbac": {"installSecrets": {"namespaces": ["default"]}, "aggregateToEdit": True},
    "networkPolicy": {
        "enabled": True,
        "ingress": [{"ports": [{"protocol": "TCP", "port": "health"}], "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
        "egress": [{"ports": [{"protocol": "TCP", "port": 3128}]}],
    },
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
    "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 1000},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "procMount": "Default",
    },
    "resources": {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    "livenessProbe": {"initialDelaySeconds": 1, "periodSeconds": 11, "timeoutSeconds": 6, "failureThreshold": 7},
    "readinessProbe": {"initialDelaySeconds": 2, "periodSeconds": 12, "timeoutSeconds": 8, "failureThreshold": 9},
    "terminationGracePeriodSeconds": 90,
    "revisionHistoryLimit": 1,
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}]
            }
        }
    },
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}
    ],
    "priorityClassName": "system-cluster-critical",
    "runtimeClassName": "gvisor",
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["runai.internal"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["10.0.0.10"]},
    "extraArgs": ["--workers=8"],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "extraEnvFrom": [{"configMapRef": {"name": "more", "optional": True}}],
    "extraVolumes": [{"name": "scratch", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108  # a mount in a pod
    "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more", "namespace": "{{ .Release.Namespace }}"}}
    ],
}
"""All that go together, and that the API server takes in any namespace."""

ALONE: dict[str, Any] = {
    "namespaceOverride": "home",
    "image.registry": "registry.example.com",
    "image.digest": f"sha256:{'0' * 64}",
    "crds.enabled": False,
    "crds.keep": False,
    "policies.enabled": False,
    "watchNamespaces": ["a"],
    "serviceAccount.create": False,
    "rbac.create": False,
    "rbac.installSecrets.enabled": False,
    "rbac.aggregateToView": False,
}
"""The others, by path: each would hide one of those, or needs a namespace."""


def nested(path: str, value: Any) -> dict[str, Any]:
    """One value in the maps that its path says."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)
