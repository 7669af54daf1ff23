"""Pages that the program and the module say themselves: `reference.py FOLDER`.

Commands from `--help`, keys of a config from `icefold schema config`, functions of the module from their signatures and
docstrings. Nothing is written by hand, so nothing can differ from what is there.
"""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAM = os.environ["ICEFOLD"]
MADE = "<!-- Made by site/reference.py. -->\n\n"


def said(*arguments):
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "100"}
    for name in [name for name in environment if name.startswith("ICEFOLD_")]:
        # Values of the environment are shown in the help.
        del environment[name]
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True, env=environment).stdout


def commands():
    """A section for each verb, with all that `--help` says."""
    whole = said("--help")
    listed = re.search(r"^Commands:\n(.*?)\n\n", whole, re.M | re.S)[1]
    verbs = [name for name in re.findall(r"^  (\w[\w-]*) ", listed, re.M) if name != "help"]
    yield f"# Commands\n\n{MADE}What `icefold VERB --help` says, verb by verb. "
    yield "What they mean together is in [the command line](../format/COMMANDS.md).\n\n"
    yield f"```text\n{whole.rstrip()}\n```\n"
    for verb in verbs:
        yield f"\n## {verb}\n\n```text\n{said(verb, '--help').rstrip()}\n```\n"


class Schema:
    """Keys of a JSON Schema, as rows of tables."""

    def __init__(self, schema):
        self.schema, self.named = schema, schema.get("$defs", {})

    def target(self, node):
        """The definition behind a reference, also where null may stand in its place."""
        name = node.get("$ref", "").removeprefix("#/$defs/")
        if name:
            return name
        options = [option for option in node.get("anyOf", []) + node.get("oneOf", []) if option.get("type") != "null"]
        return self.target(options[0]) if len(options) == 1 else None

    def kind(self, node):
        """What a value may be, in words."""
        if "const" in node:
            return f"`{json.dumps(node['const'])}`"
        if "enum" in node:
            return ", ".join(f"`{value}`" for value in node["enum"] if value is not None)
        name = node.get("$ref", "").removeprefix("#/$defs/")
        if name:
            there = self.named[name]
            if there.get("properties"):
                return f"[{plain(name)}](#{anchor(name)})"
            return self.kind(there)
        options = node.get("anyOf") or node.get("oneOf")
        if options:
            kinds = [self.kind(option) for option in options if option.get("type") != "null"]
            return " or ".join(dict.fromkeys(kind for kind in kinds if kind)) or "any"
        kinds = node.get("type", "any")
        kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        if kinds == ["array"]:
            return f"list of {self.kind(node.get('items', {}))}"
        if kinds == ["object"] and isinstance(node.get("additionalProperties"), dict):
            return f"names, each with {self.kind(node['additionalProperties'])}"
        return " or ".join(kinds)

    def table(self, name, node):
        required = node.get("required", [])
        yield f"\n## {plain(name)}\n\n"
        if node.get("description"):
            yield cell(node["description"]) + "\n\n"
        yield "| key | value | meaning |\n| --- | --- | --- |\n"
        for key, value in node.get("properties", {}).items():
            must = ", required" if key in required else ""
            yield f"| `{key}`{must} | {cell(self.kind(value))} | {cell(value.get('description', ''))} |\n"

    def pages(self):
        yield from self.table("The file", self.schema)
        for name, node in self.named.items():
            if node.get("properties"):
                yield from self.table(name, node)


def plain(name):
    """`RawDataSource` as words."""
    words = re.findall(r"[A-Z]+[a-z]*|[a-z]+|\d+", name.removeprefix("Raw"))
    return " ".join(words).capitalize() if words else name


def anchor(name):
    return plain(name).lower().replace(" ", "-")


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def config_keys():
    yield f"# Keys of a config\n\n{MADE}What `icefold schema config` says, as tables. "
    yield "[CONFIG.md](../format/CONFIG.md) explains them, with examples, defaults and what is refused; "
    yield "`icefold schema config > config.schema.json` is the same for an editor.\n"
    yield from Schema(json.loads(said("schema", "config"))).pages()


def python():
    """Every public name of the module."""
    sys.path.insert(0, os.environ["ICEFOLD_PACKAGES"])
    import icefold

    yield f"# Python functions\n\n{MADE}What `help(icefold.NAME)` says. [icefold in Python](../PYTHON.md) is the way in.\n"
    names = sorted(icefold.__all__, key=lambda name: (inspect.isclass(getattr(icefold, name)), name.lower()))
    for name in names:
        thing = getattr(icefold, name)
        doc = inspect.getdoc(thing)
        if name.startswith("__") or not doc:
            continue
        if inspect.isclass(thing):
            yield f"\n## icefold.{name}\n\n```text\n{doc}\n```\n"
            continue
        yield f"\n## icefold.{name}\n\n```python\n{signature(name, thing)}\n```\n\n```text\n{doc}\n```\n"


def signature(name, thing):
    """How a function is called, a parameter a line; those behind the star go by name only."""
    lines, starred = [], False
    for parameter in inspect.signature(thing).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines, starred = [*lines, "*"], True
        lines.append(str(parameter) if parameter.annotation is parameter.empty else annotated(parameter))
    return f"icefold.{name}(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def annotated(parameter):
    kind = parameter.annotation if isinstance(parameter.annotation, str) else inspect.formatannotation(parameter.annotation)
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {kind}{default}"


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in (("commands", commands()), ("config-keys", config_keys()), ("python", python())):
        (folder / f"{name}.md").write_text("".join(parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
