"""An entry more in a YAML file that people wrote: their comments, quotes and layout stay as they are.

The text is changed in one place and read again: if it doesn't say what it said before and the addition, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sigma_xdr.drafting.layout import block
from sigma_xdr.errors import Diagnostic, RuleError, UsageError
from sigma_xdr.rules.documents import read_documents, source_file

__all__ = ["with_entry", "with_item"]


def with_entry(path: Path, text: str, keys: tuple[str, ...], name: str, value: Any) -> str:
    """A file's text with ``name: value`` as the last entry of the mapping that ``keys`` lead to.

    The last of the keys may be missing, or be empty. Raises UsageError: the entry is there already, or the file's form doesn't
    allow to add it.
    """
    before = _data(path, text)
    wanted = _copy(before)
    mapping = wanted
    for key in keys:
        if mapping.get(key) is None:
            mapping[key] = {}
        mapping = mapping[key]
        if not isinstance(mapping, dict):
            raise _problem(path, f"'{key}' is no mapping, '{name}' can't be added to it", "mend the file first")
    if name in mapping:
        raise _problem(path, f"'{name}' has an entry already", "choose another name, or delete the entry")
    mapping[name] = value
    return _checked(path, wanted, name, lambda: _entry_added(text, keys, name, value))


def with_item(path: Path, text: str, keys: tuple[str, ...], item: str) -> str:
    """A file's text with ``item`` as the last of the list in brackets that ``keys`` lead to. Raises UsageError."""
    wanted = _copy(_data(path, text))
    listed = wanted
    for key in keys:
        listed = listed.get(key) if isinstance(listed, Mapping) else None
    if not isinstance(listed, list):
        raise _problem(path, f"there is no list {'.'.join(keys)}", "write it first")
    listed.append(item)
    return _checked(path, wanted, item, lambda: _item_added(text, keys, item))


# -------------------------------------------------------------------------------------------------------------------- text


def _entry_added(text: str, keys: tuple[str, ...], name: str, value: Any) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    node = _node(text, keys[:-1])
    found = next((pair for pair in node.value if pair[0].value == keys[-1]), None)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += newline
    if found is None:
        depth = node.value[0][0].start_mark.column if node.value else 0
        at = _end(lines, node)
        added = [" " * depth + f"{keys[-1]}:", *block({name: value}, depth + 4)]
    elif isinstance(found[1], yaml.MappingNode) and found[1].value and not found[1].flow_style:
        at = _end(lines, found[1])
        added = list(block({name: value}, found[1].value[0][0].start_mark.column))
    else:  # empty: 'rules:' or 'rules: {}'
        line = found[0].start_mark.line
        depth = found[0].start_mark.column
        lines[line] = lines[line].replace("{}", "", 1).rstrip() + newline
        at, added = line + 1, list(block({name: value}, depth + 4))
    lines[at:at] = [line + newline for line in added]
    return "".join(lines)


def _item_added(text: str, keys: tuple[str, ...], item: str) -> str:
    node = _node(text, keys)
    at = node.end_mark.index - 1
    return f"{text[:at]}{', ' if node.value else ''}{item}{text[at:]}"


def _node(text: str, keys: tuple[str, ...]) -> Any:
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in keys:
        node = next(value for found, value in node.value if found.value == key)
    return node


def _end(lines: list[str], node: Any) -> int:
    """The line behind a block's last one: before the empty lines and the comments at the margin that follow it."""
    at = int(node.end_mark.line) + (1 if node.end_mark.column else 0)
    while at and (not lines[at - 1].strip() or lines[at - 1].startswith("#")):
        at -= 1
    return at


# ---------------------------------------------------------------------------------------------------------------- checking


def _checked(path: Path, wanted: Any, what: str, change: Callable[[], str]) -> str:
    try:
        changed = change()
        if _data(path, changed) == wanted:
            return changed
    except (yaml.YAMLError, AttributeError, StopIteration, IndexError, TypeError, UsageError):
        pass
    raise _problem(
        path, f"'{what}' can't be added to a file of this form", "add it by hand, as its other entries are written"
    )


def _data(path: Path, text: str) -> Any:
    try:
        documents, problems = read_documents(source_file(path, text.encode()))
    except RuleError as error:
        raise UsageError(*error.diagnostics) from None
    if any(problem.severity == "error" for problem in problems) or len(documents) != 1:
        raise UsageError(*problems or [Diagnostic("draft", "it holds no single document", file=path.as_posix())])
    return documents[0][1]


def _copy(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data


def _problem(path: Path, message: str, hint: str) -> UsageError:
    return UsageError(Diagnostic("draft", message, hint, file=path.as_posix()))
