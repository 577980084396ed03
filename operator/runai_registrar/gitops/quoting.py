"""Texts of others in YAML, written so that no reader, old or new, takes them for anything but the same text.

PyYAML leaves plain what its own rules read as a text; YAML 1.2 and Go's readers see numbers in `0o17` and `1e+3`.
"""

import re

import yaml

_PLAIN = re.compile(r"[a-z]+(-[a-z0-9]+)+|https://[a-z]+([.-][a-z0-9]+)+|[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]+){3}")
"""Words that read as text in every YAML: names with a hyphen, addresses, uuids."""


class Text(str):
    """A text that may hold anything."""

    __slots__ = ()


class YamlDumper(yaml.SafeDumper):
    """Writes every `Text` in double quotes, unless it is beyond doubt."""


def _represent(dumper: yaml.SafeDumper, text: Text) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


YamlDumper.add_representer(Text, _represent)
