r"""A file's text to plain data, bounded: whatever a rule file holds, reading it runs nothing and ends soon.

YAML is read by libyaml with the plain types of YAML's core schema: null, booleans, numbers, text. What YAML 1.1 and 1.2
read differently (``yes``, ``0777``, ``12:30``) is refused, so that every reader of a rule sees the same values; dates
stay text. Keys that stand twice, merge keys and tags that build objects are refused too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules.places import Place, RuleSource, SourceFile

__all__ = ["MAX_BYTES", "read_documents", "source_file"]

#: Largest rule file, in bytes. SigmaHQ's largest has 27 kB.
MAX_BYTES = 1_000_000
#: Most levels of nesting. libyaml and PyYAML recurse: at 100,000 levels they crash the process.
_MAX_DEPTH = 64
#: Most nodes of a document whose aliases are written out; without aliases the size of the file is the bound.
_MAX_ALIASED_NODES = 20_000
#: Most documents in a file.
_MAX_DOCUMENTS = 500
#: Problems of a file's YAML that are shown.
_MAX_PROBLEMS = 20

#: What YAML doesn't allow in a file, and line breaks that editors and diffs don't show as such.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|\r(?!\n)")
#: Characters that a reader doesn't see, or that turn the order of the text around; no joiners between emoji, though.
_INVISIBLE = re.compile(
    "[\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e001f]"
    "|(?<=[\x00-\x7f])\u200d|\u200d(?=[\x00-\x7f])"
)
#: Without such a line no block begins further right; a column holds two levels at most, a key and a list under it.
_DEEP_LINE = re.compile(r"^[ ?:\t-]{24}", re.MULTILINE)
_FEW_BRACKETS = _MAX_DEPTH - 2 * 24


# -------------------------------------------------------------------------------------------------------- bytes to text


def source_file(path: Path, data: bytes) -> SourceFile:
    """The file with its text, read as UTF-8; RuleError if it is too large or holds other bytes."""
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes, the limit for a file of rules"
        raise RuleError(Diagnostic("too-large", message, "split it: a file a rule", file=path.as_posix()))
    try:
        return SourceFile(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        file = SourceFile(path, data.decode("utf-8-sig", "replace"))
        message = f"the byte 0x{error.object[error.start]:02x} isn't UTF-8"
        place = file.place_at(len(error.object[: error.start].decode()))
        raise RuleError(file.diagnostic("not-utf8", message, "save the file as UTF-8", place)) from None


# --------------------------------------------------------------------------------------------------------- text to data


def read_documents(file: SourceFile) -> tuple[list[tuple[RuleSource, dict[str, Any]]], list[Diagnostic]]:
    """The documents of a file that are mappings, each with the source of its places, and the file's problems.

    Nothing is read from a file whose YAML is wrong: its problems are errors then, and the list is empty. An invisible
    character is a warning. An empty document, as after a last ``---``, is skipped.
    """
    if found := _FORBIDDEN.search(file.text):
        return [], [_control_character(file, found.start())]
    if problem := _too_deep(file) or _too_many_aliases(file):
        return [], [problem]
    loader = _Loader(file.text)
    try:
        data = list(_data(loader))
    except yaml.YAMLError as error:
        if not loader.problems:
            return [], [_not_yaml(file, error)]
    finally:
        loader.dispose()
    if loader.problems:
        return [], [
            file.diagnostic(code, message, hint, _at(file, node)) for code, message, hint, node in loader.problems
        ]
    return _mappings(file, data)


def _mappings(file: SourceFile, data: list[Any]) -> tuple[list[tuple[RuleSource, dict[str, Any]]], list[Diagnostic]]:
    if len(data) > _MAX_DOCUMENTS:
        message = f"the file holds {len(data):,} documents, the limit is {_MAX_DOCUMENTS}"
        return [], [file.diagnostic("too-many-documents", message, "split the file")]
    if all(document is None for document in data):
        return [], [file.diagnostic("empty-file", "the file holds no rule", "fill it or delete it", file.place(0, 0))]
    documents, problems = [], []
    for index, document in enumerate(data):
        source = RuleSource(file, index)
        if isinstance(document, dict):
            documents.append((source, document))
        elif document is not None:
            message = "a rule is a mapping of keys to values, this is " + _kind(document)
            problems.append(source.diagnostic("not-a-mapping", message, "begin with 'title: …'"))
    if not file.text.isascii() and (found := _INVISIBLE.search(file.text)):
        message = f"the invisible character U+{ord(found[0]):04X}"
        hint = f'a reviewer can\'t see it: write "{_escape(found[0])}" between double quotes'
        place = file.place_at(found.start())
        problems.append(file.diagnostic("invisible-character", message, hint, place, severity="warning"))
    return documents, problems


def _data(loader: _Loader) -> Iterator[Any]:
    while loader.check_data():  # type: ignore[no-untyped-call]
        yield loader.get_data()


class _Loader(yaml.CSafeLoader):
    """libyaml's loader with the core types only. Problems that have a place are collected in ``problems``."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {}
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it for each object
        first: [(tag, form) for tag, form in rows if tag.rpartition(":")[2] in ("null", "bool", "int", "float")]
        for first, rows in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        #: Code, message, hint, node.
        self.problems: list[tuple[str, str, str | None, yaml.Node]] = []

    def problem(self, code: str, message: str, hint: str, node: yaml.Node) -> None:
        """Note a problem, and go on to find others, up to a number."""
        self.problems.append((code, message, hint, node))
        if len(self.problems) == _MAX_PROBLEMS:
            raise yaml.YAMLError("too many problems")

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem("complex-key", "a key has to be a single value", "quote it", key_node)
                continue
            key = self.construct_object(key_node)
            if key in mapping:
                first = next(other for other, _ in node.value if other.value == key_node.value)
                message = f"the key '{key_node.value[:60]}' stands twice, first in line {first.start_mark.line + 1}"
                self.problem("duplicate-key", message, "YAML would drop the first: merge the two", key_node)
            if key == "<<" and not key_node.style:
                hint = "write the keys out: not every reader of Sigma rules knows merge keys"
                self.problem("merge-key", "'<<' merges another mapping into this one", hint, key_node)
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _construct_scalar(loader: _Loader, node: yaml.ScalarNode) -> Any:
    """A boolean or a number, if every YAML reader sees the same in it and its text can be told from it."""
    text, kind = node.value, node.tag.rpartition(":")[2]
    match kind:
        case "bool" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "int" if re.fullmatch(r"[-+]?(?:0|[1-9][0-9]{0,99})", text):
            return int(text)
        case "int" if re.fullmatch(r"0x[0-9A-Fa-f]{1,32}", text):
            return int(text, 16)
        case "float" if re.fullmatch(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}", text) and repr(float(text)) == text:
            return float(text)
    message = f"'{text[:60]}' is {_AMBIGUOUS[kind]}"
    loader.problem("ambiguous-scalar", message, f"quote it if it is text: '{text[:60]}'", node)
    return None


def _construct_unknown(loader: _Loader, node: yaml.Node) -> None:
    hint = "leave the tag out; a value that begins with '!' needs quotes"
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    loader.problem("forbidden-tag", f"the tag '{tag[:60]}' isn't allowed in a rule", hint, node)


_AMBIGUOUS = {
    "bool": "a boolean to some YAML readers and text to others",
    "int": "not the same number to all YAML readers",
    "float": "a number, which doesn't keep how it is written",
}
for _tag in ("null", "str", "seq", "map"):
    _name = f"tag:yaml.org,2002:{_tag}"
    _Loader.add_constructor(_name, yaml.CSafeLoader.yaml_constructors[_name])
for _tag in _AMBIGUOUS:
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _construct_scalar)
_Loader.add_constructor(None, _construct_unknown)


# --------------------------------------------------------------------------------------------------------------- bounds


def _too_deep(file: SourceFile) -> Diagnostic | None:
    """Refuse deep nesting before libyaml recurses into it: by a cheap bound, else event by event."""
    if file.text.count("[") + file.text.count("{") <= _FEW_BRACKETS and not _DEEP_LINE.search(file.text):
        return None
    depth = 0
    try:
        for event in yaml.parse(file.text, yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                message = f"the YAML nests deeper than {_MAX_DEPTH} levels"
                return file.diagnostic("nested-too-deep", message, None, _at(file, event))
    except yaml.YAMLError as error:
        return _not_yaml(file, error)
    return None


def _too_many_aliases(file: SourceFile) -> Diagnostic | None:
    """Refuse a document that aliases blow up, or that contains itself. Small ones are fine."""
    if "&" not in file.text:
        return None
    try:
        if not any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(file.text, yaml.CSafeLoader)):
            return None
        sizes: dict[int, tuple[int, int]] = {}
        for root in file.documents:
            nodes, depth = _written_out(root, sizes)
            if nodes > _MAX_ALIASED_NODES or depth > _MAX_DEPTH:
                message = f"with its aliases written out the document has more than {_MAX_ALIASED_NODES:,} values"
                if depth > _MAX_DEPTH:
                    message = f"with its aliases written out the YAML nests deeper than {_MAX_DEPTH} levels"
                return file.diagnostic("alias-bomb", message, "write the values without aliases", file.place(0, 0))
    except yaml.YAMLError as error:
        return _not_yaml(file, error)
    return None


def _written_out(node: yaml.Node | None, sizes: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many nodes a tree has when each alias counts as what it stands for, and its depth; too many for a cycle."""
    if not isinstance(node, yaml.CollectionNode):
        return 1, 1
    if id(node) not in sizes:
        sizes[id(node)] = (_MAX_ALIASED_NODES + 1, _MAX_DEPTH + 1)  # what an alias inside it to itself would find
        mapping = isinstance(node, yaml.MappingNode)
        children = [each for pair in node.value for each in pair] if mapping else node.value
        inner = [_written_out(child, sizes) for child in children]
        sizes[id(node)] = (1 + sum(nodes for nodes, _ in inner), 1 + max((depth for _, depth in inner), default=0))
    return sizes[id(node)]


# ------------------------------------------------------------------------------------------------------------- messages

#: What libyaml says, what the author may have meant.
_YAML_HINTS = {
    "found character that cannot start any token": "indent with blanks, not tabs; quote what begins with %, @ or `",
    "did not find expected alphabetic or numeric character": "quote the value: * and & begin an alias in YAML",
    "found undefined alias": "quote the value: * begins an alias in YAML",
    "mapping values are not allowed in this context": "quote the value if it holds ': ', else look at the indentation",
    "could not find expected ':'": "each line needs 'key: value', or '- ' for a list item, at the right indentation",
}


def _not_yaml(file: SourceFile, error: yaml.YAMLError) -> Diagnostic:
    problem, mark = getattr(error, "problem", None) or "it can't be read", getattr(error, "problem_mark", None)
    hint = next((hint for start, hint in _YAML_HINTS.items() if problem.startswith(start)), None)
    place = None if mark is None else file.place(mark.line, mark.column)
    return file.diagnostic("not-yaml", f"the file is no YAML: {problem}", hint, place)


def _control_character(file: SourceFile, offset: int) -> Diagnostic:
    char = file.text[offset]
    message = f"the character U+{ord(char):04X} can't stand in a rule file"
    hint = f'write "{_escape(char)}" between double quotes if a value needs it'
    return file.diagnostic("control-character", message, hint, file.place_at(offset))


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _at(file: SourceFile, part: yaml.Node | yaml.Event) -> Place:
    start, end = part.start_mark, part.end_mark
    if start is None or end is None:  # libyaml marks everything; only its types don't say so
        return file.place(0, 0)
    return file.place(start.line, start.column, end.column - start.column if start.line == end.line else MAX_BYTES)


def _kind(value: object) -> str:
    return {list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}[type(value)]
