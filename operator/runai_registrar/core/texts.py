"""Texts that others wrote, made fit for a status and a log line."""


def plain(text: str) -> str:
    """Text without control characters: they would forge log lines, and upset the terminals it is shown on."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
