"""How an answer reaches the caller, or does not: what a fault decides and the socket carries out."""

from dataclasses import dataclass
from typing import Literal

from runai_registrar.simulator.answers import Answer

Cut = Literal["close", "reset"]
"""How a connection ends: in order (FIN) or at once (RST)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What happens on the wire, in this order.

    Attributes:
        hang: Keep silent for so many real seconds, then close; infinity: until the caller leaves.
        delay: Wait so many real seconds.
        answer: Send this; None: nothing is sent and the connection is cut.
        padding: Put so many blanks before the body, without holding them in memory.
        chunked: Send the body without a Content-Length.
        trickle: Send the body byte by byte, so many real seconds apart.
        truncate: Stop in the middle of the body and cut.
        cut: How the connection is cut.
    """

    answer: Answer | None = None
    hang: float = 0
    delay: float = 0
    padding: int = 0
    chunked: bool = False
    trickle: float = 0
    truncate: bool = False
    cut: Cut = "close"

    @property
    def status(self) -> int | None:
        """The status the caller gets to see, or None when it gets none."""
        return self.answer.status if self.answer else None
