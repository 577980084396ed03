"""Rules that say which requests a fault strikes."""

import itertools
import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, PrivateAttr, model_validator

from runai_registrar.simulator.answers import Call
from runai_registrar.simulator.effects import FAULT, Fault
from runai_registrar.simulator.settings import WireModel


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"it is not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class Rule(WireModel):
    """A fault and the requests it strikes.

    Attributes:
        method: HTTP method; None: any.
        path: Regular expression searched in the path (without the query); None: any.
        operation: operationId of the API file, `token_v1` or `token_v2`; None: any.
        body: Regular expression searched in the request body; None: any.
        times: How often the fault strikes; None: always.
        after: How many requests that fit are let through first.
        fault: The fault's name.
        params: The fault's parameters.
        id: Given by the simulator when absent.
    """

    id: str | None = None
    method: str | None = None
    path: Pattern | None = None
    operation: str | None = None
    body: Pattern | None = None
    times: Annotated[int, Field(ge=1)] | None = 1
    after: Annotated[int, Field(ge=0)] = 0
    fault: str
    params: dict[str, JsonValue] = Field(default_factory=dict)
    _effect: Fault = PrivateAttr()

    @model_validator(mode="after")
    def _read_fault(self) -> "Rule":
        self._effect = FAULT.validate_python({**self.params, "fault": self.fault})
        return self

    @property
    def effect(self) -> Fault:
        """The fault with its parameters."""
        return self._effect

    def fits(self, call: Call) -> bool:
        """Tell whether the rule is about this request."""
        return (
            (self.method is None or self.method.upper() == call.method)
            and (self.operation is None or self.operation == call.operation)
            and (self.path is None or re.search(self.path, call.path) is not None)
            and (self.body is None or re.search(self.body, call.body.decode(errors="replace")) is not None)
        )


class _Counted:
    """A rule with how many requests fitted it and how often it struck."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fitted = 0
        self.struck = 0

    def due(self) -> bool:
        return self.fitted > self.rule.after and (self.rule.times is None or self.struck < self.rule.times)


class Faults:
    """The rules in force, in the order they were made; the first that is due strikes, the others only count."""

    def __init__(self) -> None:
        self._rules: dict[str, _Counted] = {}
        self._ids = itertools.count(1)

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force and return it with its id; one of the same id is replaced."""
        if rule.id is None:
            rule = rule.model_copy(update={"id": f"fault-{next(self._ids)}"})
        self._rules[str(rule.id)] = _Counted(rule)
        return rule

    def remove(self, rule_id: str) -> bool:
        """Take a rule out of force; return False when there is none of that id."""
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Take every rule out of force."""
        self._rules.clear()

    def strike(self, call: Call) -> Rule | None:
        """Count a request and return the rule that strikes it, if any."""
        fitting = [counted for counted in self._rules.values() if counted.rule.fits(call)]
        for counted in fitting:
            counted.fitted += 1
        chosen = next((counted for counted in fitting if counted.due()), None)
        if chosen is None:
            return None
        chosen.struck += 1
        return chosen.rule

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rules with their counts, for the admin API."""
        return [
            counted.rule.model_dump(by_alias=True, mode="json") | {"fitted": counted.fitted, "struck": counted.struck}
            for counted in self._rules.values()
        ]
