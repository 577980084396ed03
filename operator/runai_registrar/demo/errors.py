"""What can go wrong in a demo that has started; what keeps it from starting are errors of the parts themselves."""


class DemoFailedError(Exception):
    """The story did not go as told: what was expected, what was seen, and the operator's last lines."""


class RefusedError(Exception):
    """The API server refused a request; the text is its own sentence."""
