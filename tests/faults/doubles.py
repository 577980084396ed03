"""I1: a registration never has two live clusters, whoever else asks for their name."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from faults.evidence import Evidence, attempt_of, parsed
from faults.vocabulary import DELETE, JOURNAL, POST, WRITE_1


@dataclass(frozen=True)
class Birth:
    """A cluster as its POST made it; `uuid` is empty where no answer tells it."""

    uuid: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.uuid or 'answer lost'})"


class Ledger:
    """Which registration (by its uid) has announced which creation, and which clusters live that were made for it."""

    def __init__(self, seen: Evidence) -> None:
        self._recorded: dict[str, str] = {}
        for held in seen.titles:
            self._recorded.setdefault(held.uuid, held.owner)
        answers = [parsed(call) for call in seen.calls if POST(call)]
        told = {each.get("uuid") for each in answers if isinstance(each, dict)}
        self._found = [(seen.names.get(uuid, ""), uuid) for uuid in self._recorded if uuid not in told]
        self._announced: dict[str, str] = {}
        self._alive: dict[str, list[Birth]] = {}

    def announce(self, owner: str, name: str) -> None:
        """Note an attempt that is durable; the latest one comes last."""
        self._announced.pop(owner, None)
        self._announced[owner] = name

    def bear(self, uuid: str, name: str) -> list[Birth]:
        """Add a cluster to those of its registration, and return these."""
        if not uuid:  # the answer was lost: perhaps it was found, and recorded, later
            uuid = next((known for given, known in self._found if given == name), "")
            self._found = [each for each in self._found if each[1] != uuid]
        owner = self._recorded.get(uuid) or self._asker(name)
        if self._announced.get(owner) == name:
            del self._announced[owner]
        self._alive.setdefault(owner, []).append(Birth(uuid, name))
        return self._alive[owner]

    def bury(self, uuid: str, name: str) -> None:
        """Take a deleted cluster away, by its name where its uuid was never told."""
        births = [(owner, each) for owner, mine in self._alive.items() for each in mine]
        exact = [found for found in births if found[1].uuid == uuid]
        for owner, each in (exact or [found for found in births if found[1] == Birth("", name)])[:1]:
            self._alive[owner].remove(each)

    def _asker(self, name: str) -> str:
        """Who has announced this name last, and not yet got it."""
        return next((owner for owner, wanted in reversed(self._announced.items()) if wanted == name), f"? {name}")


def doubled(seen: Evidence) -> Iterator[str]:
    """Each cluster that was carried out while another one of the same registration lived."""
    ledger, carried = Ledger(seen), _carried_out(seen)
    for call in seen.calls:
        if WRITE_1(call) and call.committed and (attempt := attempt_of(call)):
            ledger.announce(attempt["owner"], attempt["name"])
        elif POST(call) and call.seq in carried:
            name, answer = str(json.loads(call.body)["name"]), parsed(call)
            alive = ledger.bear(str(answer.get("uuid", "")) if isinstance(answer, dict) else "", name)
            if len(alive) - seen.taken_away.get(name, 0) > 1:
                yield f"I1: {len(alive)} clusters lived at once for one registration: {', '.join(map(str, alive))}"
        elif DELETE(call) and call.seq in carried:
            ledger.bury(call.name, seen.names.get(call.name, ""))


def _carried_out(seen: Evidence) -> set[int]:
    """The numbers of the requests that the control plane has carried out, whatever it answered."""
    return {int(entry.headers[JOURNAL]) for entry in seen.entries if entry.committed and JOURNAL in entry.headers}
