r"""A value's modifiers, as pySigma applies them, but never to a wrong value and never without bound.

pySigma 1.5.1 encodes the backslash that escapes a literal ``*`` or ``?``, counts characters where Base64 counts bytes,
drops ``cased`` when a later modifier rebuilds the string, and writes every combination of dashes out before anybody can
look. Here these are right, or refused. The item keeps pySigma's own modifier classes.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any

from sigma.exceptions import SigmaError, SigmaRegularExpressionError
from sigma.modifiers import (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCaseSensitiveModifier,
    SigmaCIDRModifier,
    SigmaCompareModifier,
    SigmaExistsModifier,
    SigmaExpandModifier,
    SigmaListModifier,
    SigmaModifier,
    SigmaRegularExpressionFlagModifier,
    SigmaRegularExpressionModifier,
    SigmaTimestampModifier,
    SigmaUTF16Modifier,
    SigmaWindowsDashModifier,
    modifier_mapping,
)
from sigma.rule import SigmaDetectionItem
from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
)

__all__ = ["MAX_VALUES", "ModifierProblem", "apply_modifiers", "modifier_classes"]

#: Most values of an item, and of a rule, with what its modifiers expand them to.
MAX_VALUES = 50_000
#: Most dashes of a value that ``windash`` expands, to five forms each.
_MAX_DASHES = 4
#: Longest regular expression, in characters. Python's compiler takes 15 µs for each.
_MAX_REGEX = 10_000
#: Wrong values of an item that are shown.
_SHOWN = 5
#: What ``windash`` expands, as pySigma's SigmaWindowsDashModifier finds it.
_DASH = re.compile(r"\B[-/]\b")
#: What pySigma applies to unmodified values alone.
_FIRST = frozenset(("re", "cidr", "exists"))
#: What may follow ``re``.
_AFTER_RE = frozenset(("i", "ignorecase", "m", "multiline", "s", "dotall", "all", "neq", "expand"))
_ENCODINGS = frozenset(("wide", "utf16", "utf16be", "base64", "base64offset"))


class ModifierProblem(SigmaError):
    """What is wrong with an item's modifiers, or with one of its values under them.

    ``index`` is the 0-based number of the value in its list, or None for the modifiers; ``modifier`` the one to blame.
    """

    def __init__(self, code: str, message: str, hint: str | None, modifier: str, index: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.modifier = modifier
        self.index = index


def modifier_classes(names: list[str]) -> list[type[SigmaModifier[Any, Any]]]:
    """pySigma's classes of the modifiers, in order; ModifierProblem for an unknown one and a senseless combination."""
    for position, name in enumerate(names):
        if name not in modifier_mapping:
            nearest = get_close_matches(name[:20].strip().lower(), modifier_mapping, 1)
            hint = f"did you mean {nearest[0]}?" if nearest else "the Sigma specification lists the modifiers"
            raise ModifierProblem("unknown-modifier", f"there is no modifier '{name[:60]}'", hint, name)
        before = names[:position]
        if name in before:  # each base64 is a third longer, each wide twice as long
            raise ModifierProblem("modifier-order", f"'{name}' stands twice", "leave one out", name)
        if before and name in _FIRST:
            hint = f"write it before '{before[0][:20]}', or leave that out"
            raise ModifierProblem("modifier-order", f"'{name}' has to be the first modifier", hint, name)
        if "re" in before and name not in _AFTER_RE:
            hint = "a regular expression is searched anywhere; anchor it with ^ and $"
            raise ModifierProblem("modifier-order", f"'{name}' has no meaning after 're'", hint, name)
        if "expand" in before and name in _ENCODINGS:
            message = f"'{name}' would encode the placeholder that 'expand' fills in later"
            raise ModifierProblem("modifier-order", message, None, name)
        if "cased" in before and name == "fieldref":
            raise ModifierProblem("modifier-order", "'cased' is lost before 'fieldref'", None, name)
    return [modifier_mapping[name] for name in names]


def apply_modifiers(item: SigmaDetectionItem, names: list[str]) -> list[ModifierProblem]:
    """Apply the modifiers of an item that was made without applying them, in place.

    Returns the problems, of a long list the first few; the item's values are of no use then.
    """
    problems: list[ModifierProblem] = []
    applied: list[type[SigmaModifier[Any, Any]]] = []
    for name, modifier in zip(names, item.modifiers, strict=True):
        instance = _REPAIRED.get(modifier, modifier)(item, applied, item.source)
        if isinstance(instance, SigmaListModifier):
            item.value = instance.apply(item.value)
        else:
            item.value = _apply_to_each(instance, item.value, name, problems)
        if problems:
            return problems
        applied.append(modifier)
    if SigmaCaseSensitiveModifier in item.modifiers:
        item.value = [_cased(value) for value in item.value]
    return problems


def _apply_to_each(
    instance: SigmaModifier[Any, Any], values: list[SigmaType], name: str, problems: list[ModifierProblem]
) -> list[SigmaType]:
    """Each value modified. pySigma's modifiers give one value for one, so the index stays that of the rule's list."""
    modified: list[SigmaType] = []
    for index, value in enumerate(values):
        try:
            if isinstance(instance, SigmaTimestampModifier) and isinstance(getattr(value, "number", None), float):
                raise ModifierProblem("modifier-type", f"'{name}' takes a whole number, not {value}", None, name)
            modified += instance.apply(value)
        except (SigmaError, OverflowError, RecursionError) as error:
            problems.append(_explained(error, instance, name, value, index))
            if len(problems) == _SHOWN or problems[-1].code == "too-many-values":
                break
    return modified


# ----------------------------------------------------------------------------------------------------- pySigma's, right


def _literal_bytes(value: SigmaString, applied: list[Any], name: str) -> bytes:
    """The bytes that an encoding modifier encodes."""
    if not all(isinstance(part, str) for part in value.s):
        message = f"'{name}' can't encode wildcards"
        raise ModifierProblem("not-encodable", message, r"escape a * or ? that is meant: \* or \?", name)
    data = "".join(part for part in value.s if isinstance(part, str)).encode()
    if SigmaUTF16Modifier in applied:  # pySigma's byte order mark is a character, which UTF-8 writes in three bytes
        data = b"\xff\xfe" + data[3:]
    if len(data) < 2:
        message = f"'{name}' of less than two bytes is in nearly every text"
        raise ModifierProblem("not-encodable", message, "give it at least two characters", name)
    return data


def _bounded(count: int, forms: int, value: SigmaString, name: str) -> int:
    """How much a modifier has written so far, with these forms of a value; one of many characters counts as several."""
    count += forms * (1 + len(value) // 100)
    if count > MAX_VALUES:
        message = f"'{name}' expands the values to more than {MAX_VALUES:,}, or to too much text"
        raise ModifierProblem("too-many-values", message, "split the rule", name)
    return count


class _Base64(SigmaBase64Modifier):
    def modify(self, val: SigmaString) -> SigmaString:
        return SigmaString(b64encode(_literal_bytes(val, self.applied_modifiers, "base64")).decode())


class _Base64Offset(SigmaBase64OffsetModifier):
    count = 0

    def modify(self, val: SigmaString) -> SigmaExpansion:
        data = _literal_bytes(val, self.applied_modifiers, "base64offset")
        self.count = _bounded(self.count, 3, val, "base64offset")
        shifted = (b64encode(b" " * offset + data).decode() for offset in range(3))
        cuts = [slice(self.start_offsets[i], self.end_offsets[(len(data) + i) % 3]) for i in range(3)]
        return SigmaExpansion([SigmaString(text[cut]) for text, cut in zip(shifted, cuts, strict=True)])


class _Windash(SigmaWindowsDashModifier):
    count = 0

    def modify(self, val: SigmaString) -> SigmaExpansion:
        marked = val.replace_with_placeholder(_DASH, "_windash")  # 'expand' may have left a %_windash% too
        dashes = sum(part == Placeholder("_windash") for part in marked.s)
        if dashes > _MAX_DASHES:
            message = f"'windash' on {dashes} dashes stands for 5^{dashes} values; the limit is {_MAX_DASHES} dashes"
            hint = "split the value into several, with 'all' if each has to be there"
            raise ModifierProblem("windash-expansion", message, hint, "windash")
        self.count = _bounded(self.count, 5**dashes, val, "windash")
        return super().modify(val)


class _Expand(SigmaExpandModifier):
    def modify(self, val: SigmaString | SigmaRegularExpression) -> Any:
        expanded = super().modify(val)
        if isinstance(val, SigmaString) and "%" in str(val) and not val.contains_placeholder():
            message = f"'expand' finds no placeholder in '{str(val)[:60]}'"
            hint = r"write %name%; a backslash before it, doubled or not, makes the % a plain one"
            raise ModifierProblem("no-placeholder", message, hint, "expand")
        return expanded


class _RegularExpression(SigmaRegularExpressionModifier):
    def modify(self, val: SigmaString) -> SigmaRegularExpression:
        if len(val.original) > _MAX_REGEX:
            message = f"the regular expression is longer than {_MAX_REGEX:,} characters"
            raise ModifierProblem("invalid-regex", message, "split it", "re")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Python's of nested sets; what Kusto reads is checked later
            return super().modify(val)


class _CIDR(SigmaCIDRModifier):
    def modify(self, val: SigmaString) -> SigmaCIDRExpression:
        text = str(val)
        try:
            if "%" in text:  # ip_network takes fe80::%eth0/64, and anything after the %
                raise ValueError
            ip_network(text)
        except ValueError:
            raise ModifierProblem("invalid-cidr", f"'{text[:60]}' is no network", _network_hint(text), "cidr") from None
        return super().modify(val)


def _network_hint(text: str) -> str:
    try:
        return (
            f"did you mean {ip_network(text.partition('%')[0], strict=False)}? The bits after the prefix have to be 0"
        )
    except ValueError:
        return "write a network such as 10.0.0.0/8 or fe80::/10"


def _cased(value: SigmaType) -> SigmaType:
    match value:
        case SigmaExpansion():
            return SigmaExpansion([_cased(each) for each in value.values])
        case SigmaString() if not isinstance(value, SigmaCasedString):
            return SigmaCasedString.from_sigma_string(value)
    return value


_REPAIRED: dict[type[SigmaModifier[Any, Any]], type[SigmaModifier[Any, Any]]] = {
    SigmaBase64Modifier: _Base64,
    SigmaBase64OffsetModifier: _Base64Offset,
    SigmaExpandModifier: _Expand,
    SigmaWindowsDashModifier: _Windash,
    SigmaCIDRModifier: _CIDR,
    SigmaRegularExpressionModifier: _RegularExpression,
}


# ------------------------------------------------------------------------------------------------------------- messages


def _explained(
    error: Exception, instance: SigmaModifier[Any, Any], name: str, value: SigmaType, index: int
) -> ModifierProblem:
    if isinstance(error, ModifierProblem):
        error.index = index
        return error
    if not instance.type_check(value):
        message, hint = _wrong_type(instance, name, value)
        return ModifierProblem("modifier-type", message, hint, name, index)
    if isinstance(error, SigmaRegularExpressionError | OverflowError | RecursionError):
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error.__cause__ or error)
        return ModifierProblem("invalid-regex", f"the regular expression can't be read: {reason}", None, name, index)
    if name in _ENCODINGS:
        message = f"'{name}' takes ASCII alone, not '{str(value)[:60]}'"
        return ModifierProblem("not-encodable", message, None, name, index)
    return ModifierProblem("modifier", f"'{name}' doesn't fit here: {error.args[0]}", None, name, index)


def _wrong_type(instance: SigmaModifier[Any, Any], name: str, value: SigmaType) -> tuple[str, str | None]:
    wants_number = isinstance(instance, SigmaCompareModifier | SigmaTimestampModifier)
    hint = None
    match value:
        case SigmaNumber():
            given, hint = f"the number {value}", f"quote it: '{value}'"
        case SigmaString():
            given = f"the text '{str(value)[:60]}'"
            if wants_number and re.fullmatch(r"-?[0-9]{1,18}", str(value)):
                hint = f"leave the quotes out: {value}"
        case SigmaBool():
            given, hint = "a boolean", f"quote it: '{str(value).lower()}'"
        case SigmaNull():
            given, hint = "null", "without a modifier, null stands for an empty field"
        case _:
            given = "what the modifiers before it make"
    if isinstance(instance, SigmaRegularExpressionFlagModifier):
        return f"'{name}' is a flag of 're' and takes no plain value", f"write re|{name}"
    takes = "a number" if wants_number else "true or false" if isinstance(instance, SigmaExistsModifier) else "text"
    return f"'{name}' takes {takes}, not {given}", None if takes == "true or false" else hint
