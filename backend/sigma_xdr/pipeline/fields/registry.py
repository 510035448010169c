r"""The registry: TargetObject over RegistryKey and RegistryValueName, Details over RegistryValueData.

Sysmon's TargetObject is the key, and for values the key, a backslash and the value's name (``(Default)`` for the
unnamed one). Defender keeps key and name apart, and for deletions in the Previous… columns with RegistryKey empty. A
pattern over the joined text is put over the columns: it lies in the key, or in the name, or its last backslash is the one
between them. Only where a value's name itself holds a backslash (a path under ``Exclusions\Paths``) is the text joined.

How Defender spells keys (rows and queries in public write-ups): hives in full; the control set that is in use by its number,
mostly ControlSet001; a user's hive as HKEY_CURRENT_USER\<SID>; classes under SOFTWARE\Classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import re2
from sigma.conditions import ConditionAND
from sigma.types import (
    SigmaExists,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem
from sigma_xdr.pipeline.items import Expression, Mapped, NegatedDetection, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = ["RegistryData", "RegistryPath", "RegistryRows"]

_QUIET = re2.Options()
_QUIET.log_errors = False
_MANY = SpecialChars.WILDCARD_MULTI
_UNNAMED = "(Default)"


@dataclass(frozen=True)
class RegistryRows:
    """Rows that hold a registry path in the same columns: their ActionTypes, the key's column, the name's if any."""

    action_types: tuple[str, ...]
    key: str
    name: str | None


@dataclass(frozen=True)
class RegistryPath(ColumnsMapping):
    """TargetObject, in one or several kinds of rows; ``grouped``: a correlation may group by its key."""

    rows: tuple[RegistryRows, ...]
    grouped: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys' and the names' columns."""
        return tuple(dict.fromkeys(c for rows in self.rows for c in (rows.key, rows.name) if c is not None))

    def key(self, context: Context) -> str:
        """The key's column."""
        return self.rows[0].key if self.grouped else super().key(context)

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """The patterns in each kind of rows, told apart by ActionType."""
        for pattern in patterns:
            if pattern.shape is Shape.EQUALS and pattern.parts and "\\" not in pattern.literal:
                raise FieldProblem(
                    "never-matches",
                    f"'{context.field}' is a whole path; '{pattern.to_sigma()}' alone never equals it",
                    f"write '*\\{pattern.literal}', or |endswith: '\\{pattern.literal}'",
                )
        asked = [pattern for pattern in patterns if pattern.parts]
        owned = [regex for pattern in asked if (regex := _in_own_hive(pattern)) is not None]
        rest = [pattern for pattern in asked if _in_own_hive(pattern) is None]
        spelt = [each for pattern in rest for each in _in_control_sets(pattern) if _may_begin_in_hive(pattern)]
        stored = [each for pattern in rest for each in _stored_keys(pattern) if not _may_begin_in_hive(pattern)]

        def in_rows(rows: RegistryRows) -> Mapped:
            parts = list(_path(rows, list(dict.fromkeys(stored)), context)) if stored else []
            parts += [item(_joined(rows), owned, context.source)] if owned else []
            return any_of([*parts, text_item(_by_sysmon(rows), spelt, context.source)] if spelt else parts)

        parts = [self._each(in_rows, context)] if asked else []
        return any_of(parts if len(asked) == len(patterns) else [self.empty(context), *parts])

    def _each(self, condition: Callable[[RegistryRows], Mapped], context: Context) -> Mapped:
        conditions = [(rows, condition(rows)) for rows in self.rows]
        if len(conditions) == 1:
            return conditions[0][1]
        return any_of(
            [
                all_of([text_item("ActionType", rows.action_types, context.source), in_rows])
                for rows, in_rows in conditions
            ]
        )

    def empty(self, context: Context) -> Mapped:
        """No key."""
        return self._each(lambda rows: item(rows.key, [SigmaNull()], context.source), context)

    def present(self, context: Context) -> Mapped:
        """A key."""
        return self._each(lambda rows: item(rows.key, [SigmaExists(True)], context.source), context)

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """A regex runs on key and name joined, with Sysmon's name of the hive; other names, and control sets, aren't translated."""
        if not isinstance(value, SigmaRegularExpression):
            return super().other(value, context)
        if _SPELT_OTHERWISE.search(str(value.regexp)):
            raise FieldProblem(
                "value-form",
                f"the regular expression on '{context.field}' names a hive or control set that Defender spells otherwise",
                "use contains or endswith for that part: their hives and control sets are translated",
            )
        return self._each(lambda rows: item(_by_sysmon(rows), [value], context.source), context)


def _path(rows: RegistryRows, patterns: Sequence[Pattern], context: Context) -> Iterator[Mapped]:
    """The patterns over key and name."""
    if rows.name is None:
        yield text_item(rows.key, patterns, context.source)
        return
    in_key: list[Pattern] = []
    in_name: list[Pattern] = []
    across: dict[Pattern, list[Pattern]] = {}
    joined: list[Pattern] = []
    for pattern in patterns:
        if pattern.shape is Shape.WILDCARD:
            joined.append(pattern)
            continue
        if pattern.shape in (Shape.CONTAINS, Shape.STARTSWITH, Shape.ANY):
            in_key.append(pattern)
        if "\\" not in pattern.literal:
            in_name += [pattern] if pattern.shape in (Shape.CONTAINS, Shape.ENDSWITH) else []
        elif (parts := _cut(pattern)) is not None:
            across.setdefault(parts[1], []).append(parts[0])
    if in_key:
        yield text_item(rows.key, in_key, context.source)
    for name, keys in across.items():
        yield _across(rows.key, rows.name, keys, name, context)
    if in_name:
        yield _name(rows.name, in_name, context)
    if split := [pattern for pattern in patterns if pattern.shape in _CUT_SHAPES and "\\" in pattern.literal]:
        has_backslash = Pattern.literal_of(Shape.CONTAINS, "\\")
        yield all_of(
            [text_item(rows.name, [has_backslash], context.source), text_item(_named(rows), split, context.source)]
        )
    if joined:
        yield text_item(_joined(rows), joined, context.source)


_CUT_SHAPES = (Shape.EQUALS, Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS)


def _cut(pattern: Pattern) -> tuple[Pattern, Pattern] | None:
    """The pattern cut at its last backslash: what the key must be, what the name; None if one would have to be empty."""
    key, _, name = pattern.literal.rpartition("\\")
    open_left = pattern.shape in (Shape.CONTAINS, Shape.ENDSWITH)
    open_right = pattern.shape in (Shape.CONTAINS, Shape.STARTSWITH)
    if (not key and not open_left) or (not name and not open_right):
        return None
    return (
        Pattern.literal_of(Shape.ENDSWITH if open_left else Shape.EQUALS, key, pattern.cased),
        Pattern.literal_of(Shape.STARTSWITH if open_right else Shape.EQUALS, name, pattern.cased),
    )


def _across(key_column: str, name_column: str, keys: list[Pattern], name: Pattern, context: Context) -> Mapped:
    """One of the keys with a value of that name in it."""
    if name.shape is Shape.ANY:
        return text_item(key_column, keys, context.source)
    of_name = _name(name_column, [name], context)
    if any(key.shape is Shape.ANY for key in keys):
        return of_name
    return all_of([of_name, text_item(key_column, keys, context.source)])


def _name(column: str, patterns: Sequence[Pattern], context: Context) -> Mapped:
    """The value's name; Defender leaves the unnamed value's empty."""
    condition = text_item(column, patterns, context.source)
    if any(pattern.matches(_UNNAMED) for pattern in patterns):
        return any_of([condition, item(column, [SigmaNull()], context.source)])
    return condition


def _joined(rows: RegistryRows) -> Expression | str:
    """Key and name as Sysmon writes them."""
    if rows.name is None:
        return rows.key
    return Expression(f'strcat({rows.key}, "\\\\", {_value_name(rows.name)})')


def _by_sysmon(rows: RegistryRows) -> Expression:
    """Key and name with Sysmon's name of the hive: for what may begin in the middle of it."""
    hives = "".join(
        f'{rows.key} startswith "{hive}", strcat("{short}", substring({rows.key}, {len(hive)})), '
        for hive, short in (("HKEY_LOCAL_MACHINE", "HKLM"), ("HKEY_CURRENT_USER", "HKU"), ("HKEY_USERS", "HKU"))
    )
    key = f"case({hives}{rows.key})"
    return Expression(key if rows.name is None else f'strcat({key}, "\\\\", {_value_name(rows.name)})')


def _value_name(column: str) -> str:
    return f'iff(isempty({column}), "{_UNNAMED}", {column})'


def _named(rows: RegistryRows) -> Expression:
    """Key and name of a value that has a name."""
    return Expression(f'strcat({rows.key}, "\\\\", {rows.name})')


#: What a regular expression can't ask of a path: it isn't translated.
_SPELT_OTHERWISE = re.compile(r"HKCU|HKCR|HKEY|REGISTRY\\|ControlSet", re.IGNORECASE)
_HIVE = re.compile(
    r"(?P<machine>HKLM|HKEY_LOCAL_MACHINE|\\REGISTRY\\MACHINE)"
    r"|(?P<users>HKU|HKEY_USERS|\\REGISTRY\\USER)"
    r"|(?P<user>HKCU|HKEY_CURRENT_USER)"
    r"|(?P<classes>HKCR|HKEY_CLASSES_ROOT)",
    re.IGNORECASE,
)
#: The set in use by its name; ``ControlSet`` with more text to come, as in ``*ControlSet*``, finds every spelling as it is.
_CONTROL_SET = re.compile(r"(?:(?<=\\)|^)CurrentControlSet(?=\\|$)|^ControlSet(?=\\)", re.IGNORECASE)
_CONTROL_SETS = ("ControlSet001", "ControlSet002", "CurrentControlSet")


#: Names of hives, Sysmon's and Defender's.
_HIVES = ("hklm", "hku", "hkey_local_machine", "hkey_current_user", "hkey_users")


def _may_begin_in_hive(pattern: Pattern) -> bool:
    """Whether what a pattern looks for may begin in the middle of a hive's name, which Sysmon and Defender write differently."""
    open_left = pattern.parts[0] is _MANY
    first = pattern.parts[1] if open_left and len(pattern.parts) > 1 else pattern.parts[0]
    if not isinstance(first, str):
        return not open_left
    if _whole_hive(first):
        return False
    head, backslash, _ = first.lower().partition("\\")
    if not open_left:
        return head.startswith("h")
    if backslash:
        return head != "" and any(hive.endswith(head) for hive in _HIVES)
    return pattern.shape is not Shape.ENDSWITH and any(head in hive for hive in _HIVES)


def _whole_hive(first: str) -> re.Match[str] | None:
    """A hive's whole name at the beginning of a literal."""
    hive = _HIVE.match(first)
    return hive if hive and first[hive.end() : hive.end() + 1] in ("", "\\") else None


def _stored_keys(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern over Sysmon's spelling of a registry path, as patterns over Defender's.

    A hive's name is translated where it begins the first literal and is whole: it begins every path, so it also
    anchors a pattern that is open to the left.
    """
    return tuple(dict.fromkeys(spelt for in_hive in _in_hive(pattern) for spelt in _in_control_sets(in_hive)))


def _in_hive(pattern: Pattern) -> Iterable[Pattern]:
    parts = pattern.parts[1:] if pattern.parts[:1] == (_MANY,) else pattern.parts
    first = parts[0] if parts and isinstance(parts[0], str) else ""
    hive = _whole_hive(first)
    if hive is None or (hive.end() == len(first) and len(parts) == 1):
        return (pattern,)
    anchored = Pattern(tuple(parts), pattern.cased)
    rest = first[hive.end() :]
    if hive["machine"]:
        return (anchored.with_first("HKEY_LOCAL_MACHINE" + rest),)
    if hive["users"]:
        return (anchored.with_first("HKEY_CURRENT_USER" + rest), anchored.with_first("HKEY_USERS" + rest))
    if hive["user"]:
        return (anchored.with_first("HKEY_CURRENT_USER" + rest),)
    return (
        anchored.with_first(_MANY, "\\SOFTWARE\\Classes" + rest),
        anchored.with_first(_MANY, "_Classes" + rest),
    )


def _in_own_hive(pattern: Pattern) -> SigmaRegularExpression | None:
    """A path in the current user's hive, which Defender shows under the user's SID; None for any other, and where the SID is
    named.
    """
    parts = pattern.parts[1:] if pattern.parts[0] is _MANY else pattern.parts
    first = parts[0] if parts and isinstance(parts[0], str) else ""
    hive = _whole_hive(first)
    rest = first[hive.end() :] if hive else ""
    is_bare_end = pattern.shape is Shape.ENDSWITH and not rest
    if hive is None or not hive["user"] or rest.upper().startswith("\\S-1-") or is_bare_end:
        return None
    open_right = parts[-1] is _MANY
    inner = "".join(
        _REGEX_OF[part] if isinstance(part, SpecialChars) else _escaped(part)
        for part in parts[1 : len(parts) - open_right]
    )
    behind = _escaped(rest) if rest or parts[1:2] == (SpecialChars.WILDCARD_SINGLE,) else r"(?:\\|$)"
    end = "" if open_right else "$"
    flags = "(?s)" if pattern.cased else "(?is)"
    return SigmaRegularExpression(rf"{flags}^HKEY_CURRENT_USER\\S-1-[0-9-]+{behind}{inner}{end}")


_REGEX_OF = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}


def _escaped(text: str) -> str:
    """A regular expression that finds a text itself."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _in_control_sets(pattern: Pattern) -> Iterable[Pattern]:
    if not any(_CONTROL_SET.search(literal) for literal in pattern.literals):
        return (pattern,)
    return (
        pattern.map_literals(lambda literal, control_set=name: _CONTROL_SET.sub(control_set, literal))  # type: ignore[misc]
        for name in _CONTROL_SETS
    )


_DWORD = re.compile(r"DWORD \(0x(?P<number>[0-9a-f]{8})\)", re.IGNORECASE)
_QWORD = re.compile(r"QWORD \(0x(?P<high>[0-9a-f]{8})-0x(?P<low>[0-9a-f]{8})\)", re.IGNORECASE)
_HEX = re.compile(r"\(?0x(?P<number>[0-9a-f]{8})\)?", re.IGNORECASE)
#: What Sysmon shows of any binary data; Defender shows its type.
_BINARY_DATA = "Binary Data"
_INTEGER = re.compile(r"[DQ]WORD\b|\(0x|^0x[0-9a-f]{8}", re.IGNORECASE)


@dataclass(frozen=True)
class RegistryData(ColumnsMapping):
    """Details: numbers as Defender stores them (decimal text), ``Binary Data`` by the value's type, text as it is."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The data and its type."""
        return ("RegistryValueData", "RegistryValueType")

    def key(self, context: Context) -> str:
        """The data."""
        return "RegistryValueData"

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """Whole numbers are translated; a piece of one can't be."""
        data: list[Pattern | str] = []
        parts: list[Mapped] = []
        for pattern in patterns:
            literal = "" if pattern.shape is Shape.WILDCARD else pattern.literal
            if pattern.shape is not Shape.ANY and pattern.matches(_BINARY_DATA):
                parts.append(text_item("RegistryValueType", ["Binary"], context.source))
            if number := _DWORD.fullmatch(literal):
                data.append(str(int(number["number"], 16)))
            elif number := _QWORD.fullmatch(literal):
                data.append(str((int(number["high"], 16) << 32) + int(number["low"], 16)))
            elif (number := _HEX.fullmatch(literal)) and pattern.shape in (Shape.CONTAINS, Shape.ENDSWITH):
                data += [str(int(number["number"], 16)), pattern]
            elif pattern.shape is Shape.STARTSWITH and literal.upper() in ("DWORD", "QWORD"):
                parts.append(text_item("RegistryValueType", [literal], context.source))
            elif literal.lower() == _BINARY_DATA.lower():
                pass  # no other data says so
            elif literal.lower() == "(empty)" or not pattern.parts:
                parts.append(self.empty(context))
            elif pattern.shape is Shape.ANY:
                parts.append(self.present(context))
            elif any(_INTEGER.search(part) for part in pattern.literals):
                raise FieldProblem(
                    "value-form",
                    f"'{pattern.to_sigma()}' is a piece of how Sysmon shows a number; "
                    "Defender stores numbers as decimal text",
                    "name the whole number: DWORD (0x00000001)",
                )
            else:
                data.append(pattern)
        if data:
            parts.insert(0, text_item("RegistryValueData", data, context.source))
        return any_of(parts)

    def empty(self, context: Context) -> Mapped:
        """No data. Of binary data only the type is kept, so a row without text may still have some."""
        binary = text_item("RegistryValueType", ["Binary"], context.source)
        return all_of(
            [
                item("RegistryValueData", [SigmaNull()], context.source),
                NegatedDetection([binary], context.source, ConditionAND),
            ]
        )

    def present(self, context: Context) -> Mapped:
        """Some data."""
        return any_of(
            [
                item("RegistryValueData", [SigmaExists(True)], context.source),
                text_item("RegistryValueType", ["Binary"], context.source),
            ]
        )

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """A number's text; a regex on text, that doesn't read numbers as Sysmon shows them."""
        if isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart):
            return self.text([Pattern((str(value),))], context)
        if isinstance(value, SigmaRegularExpression):
            if _INTEGER.search(str(value.regexp).replace("\\", "")):
                raise FieldProblem(
                    "value-form",
                    f"the regular expression on '{context.field}' reads numbers as Sysmon shows them; "
                    "Defender stores decimal text",
                )
            data = item("RegistryValueData", [value], context.source)
            if _finds(value, _BINARY_DATA):
                return any_of([data, text_item("RegistryValueType", ["Binary"], context.source)])
            return data
        return super().other(value, context)


def _finds(regex: SigmaRegularExpression, text: str) -> bool:
    """Whether a regex is found in a known text; of one that RE2 can't run the compiler says so later."""
    try:
        return re2.compile(regex.escape(escape_escape_char=False), _QUIET).search(text) is not None
    except re2.error:
        return False
