"""YAML files of a folder of the workspace: names, contents, and the line that each key stands at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from analytics_lib.workspace.complaints import yaml_complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from analytics_lib.errors import InputError

Keys = tuple[str | int, ...]

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")
_FIRST_KEYS: Final = {
    "report": "`title: …` and `notebook: …`",
    "model": "`owner: …`, `connection: …` and `table: …`",
    "source": "`owner: …` and `into: …`",
}
ENDINGS: Final = (".yml", ".yaml")


def documents(root: Path, folder: str, noun: str, kind: type[InputError]) -> dict[str, Path]:
    """Return name → file of a workspace's folder, sorted by name.

    Parameters
    ----------
    root, folder
        The workspace's folder, and the one within it.
    noun
        What a file stands for: report, experiment.
    kind
        The class of errors.

    Raises
    ------
    InputError
        Two files give the same name, or a name cannot stand in an address.
    """
    place = root / folder
    found: dict[str, Path] = {}
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if path.suffix not in ENDINGS or path.name.startswith("."):
            continue
        require_name(path.stem, noun, kind, where=f"{folder}/{path.name}")
        twin = next((other for other in found if other.lower() == path.stem.lower()), None)
        if twin is not None:
            raise kind(
                f"{noun} '{path.stem}' is defined twice: {found[twin].name} and {path.name}",
                where=f"{folder}/{path.name}",
                hint="rename or remove one of them",
            )
        found[path.stem] = path
    return found


def require_name(name: str, noun: str, kind: type[InputError], *, where: str | None = None) -> None:
    """Refuse a name that cannot stand in an address."""
    if not NAME.fullmatch(name):
        raise kind(
            f"'{name}' cannot be {'an' if noun[0] in 'aeiou' else 'a'} {noun}'s name",
            where=where,
            hint="use up to 200 letters, digits, - and _: the name stands in addresses",
        )


def read_document(path: Path, shown: str, noun: str, kind: type[InputError]) -> tuple[dict[str, Any], dict[Keys, int]]:
    """Return the keys of a YAML file, and the line of each.

    Parameters
    ----------
    path
        The file.
    shown
        The file as errors name it.
    noun, kind
        See `documents`.

    Raises
    ------
    InputError
        The file cannot be read, is no YAML, or holds no keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=_UniqueKeys)
        content = read_yaml(text)
    except UnicodeDecodeError:
        raise kind("the file is not UTF-8 text", where=shown, hint="save it as UTF-8") from None
    except OSError as error:
        raise kind(f"the file cannot be read: {error.strerror}", where=shown) from None
    except yaml.YAMLError as error:
        raise yaml_complaint(error, shown, kind) from None
    if not isinstance(content, dict):
        first = _FIRST_KEYS.get(noun, "`owner: …` and `hypothesis: …`")
        raise kind(f"the file holds no {noun}", where=shown, hint=f"write {first}")
    return content, dict(_node_lines(node)) if node else {}


def read_yaml(text: str) -> Any:
    """Return what YAML says; a key that stands twice and a day that no calendar has are mistakes.

    Raises
    ------
    yaml.YAMLError
        It is none, or holds one of these.
    """
    return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader


def line_of(shown: str, lines: Mapping[Keys, int], keys: Keys) -> str:
    """Return ``file:line`` of a key, or of the nearest one above it."""
    for length in range(len(keys), 0, -1):
        if keys[:length] in lines:
            return f"{shown}:{lines[keys[:length]]}"
    return shown


class _UniqueKeys(yaml.SafeLoader):
    """A SafeLoader that refuses a key given twice; YAML's last-one-wins hides mistakes."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key.value}' stands twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """Return a day or a time; one that no calendar has is a mistake with a line."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            problem = f"'{node.value}' is no day: {error}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


_UniqueKeys.add_constructor("tag:yaml.org,2002:timestamp", _UniqueKeys.construct_yaml_timestamp)


def _node_lines(node: yaml.Node, path: Keys = ()) -> Iterator[tuple[Keys, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), key.start_mark.line + 1
            yield from _node_lines(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*path, number), value.start_mark.line + 1
            yield from _node_lines(value, (*path, number))
