"""What Kubernetes itself defines (API group meta/v1), as far as the two resources use it."""

from collections.abc import Mapping

from pydantic import Field

from runai_registrar.values import Timestamp, Value


class Metadata(Value):
    """What is used of `metadata` (meta/v1 ObjectMeta); `namespace` is empty for a cluster-scoped object."""

    name: str
    uid: str
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None
    finalizers: tuple[str, ...] = ()
    annotations: Mapping[str, str] = Field(default_factory=dict)
    labels: Mapping[str, str] = Field(default_factory=dict)


class Condition(Value):
    """One condition (meta/v1 Condition); `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str
    message: str
    observed_generation: int = 0
    last_transition_time: Timestamp


class LabelExpression(Value):
    """One requirement of a label selector (meta/v1 LabelSelectorRequirement)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet this requirement (In, NotIn, Exists, DoesNotExist); an unknown operator never does."""
        there = self.key in labels
        match self.operator:
            case "In":
                return there and labels[self.key] in self.values
            case "NotIn":
                return not there or labels[self.key] not in self.values
            case "Exists":
                return there
            case "DoesNotExist":
                return not there
            case _:
                return False


class LabelSelector(Value):
    """A label selector (meta/v1 LabelSelector)."""

    match_labels: Mapping[str, str] = Field(default_factory=dict)
    match_expressions: tuple[LabelExpression, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet every requirement; an empty selector selects everything (meta/v1 LabelSelector)."""
        plain = all(labels.get(key) == value for key, value in self.match_labels.items())
        return plain and all(expression.matches(labels) for expression in self.match_expressions)
