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
from collections.abc import Callable, Iterator, Sequence
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
)

from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem
from sigma_xdr.pipeline.fields.hives import (
    found_by_hive,
    in_control_sets,
    may_begin_in_hive,
    misspelt_hive,
    stored_keys,
)
from sigma_xdr.pipeline.items import Expression, Mapped, NegatedDetection, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = ["RegistryData", "RegistryPath", "RegistryRows"]

_QUIET = re2.Options()
_QUIET.log_errors = False
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
        asked = [pattern for pattern in patterns if pattern.parts]
        for pattern in asked:
            _check_beginning(pattern, context)
        stored: list[Pattern] = []
        spelt: list[Pattern] = []
        regexes: list[SigmaType] = []
        for pattern in asked:
            if (regex := found_by_hive(pattern)) is not None:
                regexes.append(regex)
            elif may_begin_in_hive(pattern):
                spelt += in_control_sets(pattern)
            else:
                stored += stored_keys(pattern)

        def in_rows(rows: RegistryRows) -> Mapped:
            parts = list(_path(rows, list(dict.fromkeys(stored)), context)) if stored else []
            parts += [item(_joined(rows), regexes, context.source)] if regexes else []
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


def _check_beginning(pattern: Pattern, context: Context) -> None:
    """Refuse what no path is: a name alone, a hive alone, and a hive in lower case where the pattern minds that."""
    if pattern.shape is Shape.EQUALS and "\\" not in stored_keys(pattern)[0].literal:
        raise FieldProblem(
            "never-matches",
            f"'{context.field}' is a whole path; '{pattern.to_sigma()}' alone never equals it",
            f"write '*\\{pattern.literal}', or |endswith: '\\{pattern.literal}'",
        )
    if (hive := misspelt_hive(pattern)) is not None:
        raise FieldProblem(
            "never-matches",
            f"no path of '{context.field}' begins with '{hive}': hives are written in upper case",
            f"write {hive.upper()}, or leave cased out",
        )


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
    key = rows.key
    for hive, short in (("HKEY_LOCAL_MACHINE", "HKLM"), ("HKEY_(?:CURRENT_USER|USERS)", "HKU")):
        key = f'replace_regex({key}, "(?i)^{hive}", "{short}")'
    return Expression(key if rows.name is None else f'strcat({key}, "\\\\", {_value_name(rows.name)})')


def _value_name(column: str) -> str:
    return f'iff(isempty({column}), "{_UNNAMED}", {column})'


def _named(rows: RegistryRows) -> Expression:
    """Key and name of a value that has a name."""
    return Expression(f'strcat({rows.key}, "\\\\", {rows.name})')


#: What a regular expression can't ask of a path: it isn't translated.
_SPELT_OTHERWISE = re.compile(r"HKCU|HKCR|HKEY|REGISTRY\\|ControlSet", re.IGNORECASE)


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
