"""The page `docs/security.md`: it answers every case of security, names what is there, and grants what is granted."""

import re

import yaml

from faults.catalogue import CASES
from kube import REPOSITORY

PAGE = (REPOSITORY / "docs" / "security.md").read_text()


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins so."""
    lines = PAGE[PAGE.index(head) :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_case_is_answered() -> None:
    """There is a row for each case of security, in order, with an answer and what enforces it."""
    rows = table("| case | answer |")
    cases = [case for case in CASES if case.startswith("S-")]

    assert [re.findall(r"S-\d\d", row[0])[0] for row in rows] == cases
    assert all(row[1] and row[2] for row in rows)


def test_what_enforces_it_is_there() -> None:
    """Each file that is named exists."""
    named = set(re.findall(r"`([\w./-]+(?:\.py|\.yaml|/|Dockerfile))`", PAGE))
    places = [REPOSITORY, REPOSITORY / "operator" / "runai_registrar"]

    assert len(named) >= 10
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_the_rights_are_those_that_are_granted() -> None:
    """The verbs on Secrets and namespaces are those of the shipped Roles; there is no list of Secrets."""
    manifests = list(yaml.safe_load_all((REPOSITORY / "deploy" / "rbac.yaml").read_text()))
    rules = [(each["kind"], rule) for each in manifests for rule in each.get("rules", [])]
    granted = {
        (kind, resource): rule["verbs"]
        for kind, rule in rules
        for resource in rule["resources"]
        if rule["apiGroups"] == [""]
    }
    told = {(row[0], row[1].startswith("its own")): re.findall(r"\w+", row[2]) for row in table("| object | where |")}

    assert told["namespaces", False] == granted["ClusterRole", "namespaces"]
    assert told["Secrets", True] == granted["Role", "secrets"]
    assert told["Secrets", False] == granted["ClusterRole", "secrets"]
