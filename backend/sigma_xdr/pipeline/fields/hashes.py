"""Hashes: Sysmon joins them in one field (``SHA1=…,MD5=…,SHA256=…,IMPHASH=…``), Defender has a column for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sigma.types import SigmaExists, SigmaNull

from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem
from sigma_xdr.pipeline.items import Mapped, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = ["Hashes"]

_LENGTHS = {"MD5": 32, "SHA1": 40, "SHA256": 64}
_JOINED = ("SHA1", "MD5", "SHA256")
_BY_LENGTH = {length: name for name, length in _LENGTHS.items()}
_HASH = re.compile(r"(?:(?P<kind>[A-Za-z0-9]+)=)?(?P<hex>[0-9A-Fa-f]+)")


@dataclass(frozen=True)
class Hashes(ColumnsMapping):
    """The joined field: whole hashes, with or without their kind, become comparisons of the kind's column."""

    @property
    def columns(self) -> tuple[str, ...]:
        """One a kind."""
        return tuple(_LENGTHS)

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """One list a kind; a value that joins several asks for all of them."""
        lists: dict[str, dict[str, None]] = {}
        joined: list[Mapped] = []
        for pattern in patterns:
            if pattern.shape is Shape.ANY or not pattern.parts:
                joined.append(self.present(context) if pattern.parts else self.empty(context))
                continue
            hashes = [self._hash(part, pattern, context) for part in pattern.literal.split(",")]
            if pattern.shape is Shape.WILDCARD:
                raise self._refusal(pattern, context)
            self._check_spelling(pattern, [kind for kind, _ in hashes], context)
            if len(hashes) == 1:
                lists.setdefault(hashes[0][0], {})[hashes[0][1]] = None
            else:
                joined.append(all_of([text_item(kind, [text], context.source) for kind, text in hashes]))
        return any_of([*(text_item(kind, texts, context.source) for kind, texts in lists.items()), *joined])

    def _hash(self, text: str, pattern: Pattern, context: Context) -> tuple[str, str]:
        found = _HASH.fullmatch(text)
        kind = (found["kind"] or _BY_LENGTH.get(len(found["hex"]), "")).upper() if found else ""
        if kind == "IMPHASH":
            raise FieldProblem("lost-field", f"Defender records no import hash: '{text}'", "use SHA256, SHA1 or MD5")
        if not found or _LENGTHS.get(kind) != len(found["hex"]):
            raise self._refusal(pattern, context)
        return kind, found["hex"].lower()

    def _check_spelling(self, pattern: Pattern, kinds: list[str], context: Context) -> None:
        """Refuse what Sysmon never writes: lower case, and joined hashes in another order or without their kinds."""
        if pattern.cased and pattern.literal != pattern.literal.upper():
            message = f"'{context.field}' holds hashes in upper case; '{pattern.to_sigma()}' minds case"
            raise FieldProblem("never-matches", message, "leave cased out")
        parts = pattern.literal.split(",")
        cut = pattern.shape in (Shape.CONTAINS, Shape.ENDSWITH)  # what stands before the first hash may be its kind
        if any("=" not in part for part in parts[cut:]) and len(parts) > 1:
            message = f"joined hashes have their kinds before them; '{pattern.to_sigma()}' never matches"
            raise FieldProblem("never-matches", message, "write KIND=hash for each")
        if sorted(set(kinds), key=_JOINED.index) != kinds:
            message = f"hashes are joined in the order {', '.join(_JOINED)}; '{pattern.to_sigma()}' never matches"
            raise FieldProblem("never-matches", message, "ask for each hash by itself: |contains|all")

    def _refusal(self, pattern: Pattern, context: Context) -> FieldProblem:
        return FieldProblem(
            "value-form",
            f"'{pattern.to_sigma()}' is no whole hash: Defender's {context.table.name} has a column for each kind",
            "write KIND=hash with KIND one of MD5, SHA1, SHA256",
        )

    def empty(self, context: Context) -> Mapped:
        """No hash of any kind."""
        return all_of([item(kind, [SigmaNull()], context.source) for kind in _LENGTHS])

    def present(self, context: Context) -> Mapped:
        """A hash of some kind."""
        return any_of([item(kind, [SigmaExists(True)], context.source) for kind in _LENGTHS])
