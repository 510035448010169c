"""What is looked for in one field, and what a value of it means.

A value's meaning is a whole number: the bits of the clauses that it fulfils, and above them, in a stretch of its own, those of the
rules that it rules out by what they ask of this field alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ahocorasick_rs import BytesAhoCorasick

from sigma_xdr.evaluator import Event
from sigma_xdr.evaluator.events import Found, event_of, number_of
from sigma_xdr.scan.choosing import MOST_CHOSEN
from sigma_xdr.scan.functions import Function, TooLarge, View, coded, function_of
from sigma_xdr.scan.literals import Literal, searched
from sigma_xdr.scan.rarity import END
from sigma_xdr.scan.trees import All, Tree

__all__ = ["LONGEST_AT_ONCE", "Alone", "Field"]

#: How many values a field remembers, and of how many characters together; when there are more it begins anew.
_REMEMBERED, _CHARACTERS = 8192, 2**20
#: How much of a text is searched at a time, in characters: in a long one each place may be found many times over.
LONGEST_AT_ONCE = 8192


class Alone:
    """What a rule (its ``bit``) asks of a field alone; in vain where the field doesn't set all of the ``needed`` bits."""

    def __init__(self, bit: int, needed: int, trees: Sequence[Tree]) -> None:
        self.bit = bit
        self.needed = needed
        self._trees = trees

    @cached_property
    def holds(self) -> Function:
        """Whether a view of the field fulfils it."""
        try:
            return function_of(All(tuple(self._trees)))
        except TooLarge:
            return lambda _: True


class Field:
    """What is looked for in one field (None: every text): ``bits`` of the texts that ``find`` finds by their indices, and
    ``numbers`` with theirs.

    ``memo`` has what a value means; ``has_ends`` says whether a text stands at the beginning or the end of a value.
    """

    def __init__(self, name: str | None, bits: Mapping[Literal, int], alone: Sequence[Alone], width: int) -> None:
        self.name = name
        texts = {literal.value: found for literal, found in bits.items() if isinstance(literal.value, str)}
        self.bits = list(texts.values())
        self.find = BytesAhoCorasick(map(coded, texts)).find_matches_as_indexes
        self.numbers = {literal.value: found for literal, found in bits.items() if not isinstance(literal.value, str)}
        self.has_ends = any(END in text for text in texts)
        self._longest = max(map(len, texts), default=0)
        self._alone = alone
        self._width = width
        self.memo: dict[str | int, int] = {}
        self._room = _CHARACTERS

    def remember(self, value: str | int) -> int:
        """What a value means that the memo doesn't know. It does then, unless the value is very long."""
        text = str(value)
        bits = self.text(text)
        if isinstance(value, int):
            bits |= self.numbers.get(value, 0)
        meaning = self._ruled_out(value, bits) << MOST_CHOSEN * self._width | bits
        if len(text) <= LONGEST_AT_ONCE:
            self._room -= len(text)
            if self._room < 0 or len(self.memo) >= _REMEMBERED:
                self.memo.clear()
                self._room = _CHARACTERS
            self.memo[value] = meaning
        return meaning

    def _ruled_out(self, value: str | int, bits: int) -> int:
        """The rules that a value, which sets some bits, rules out. The empty text may be nothing: it rules out none."""
        if value == "" or not self._alone:
            return 0
        view = View({str(self.name): value})
        return sum(rule.bit for rule in self._alone if bits & rule.needed == rule.needed and not rule.holds(view))

    def text(self, text: str) -> int:
        """The bits of a text."""
        found, bits = 0, self.bits
        if len(text) <= LONGEST_AT_ONCE and text.isascii():  # nearly always; searched() would say the same
            for index, _, _ in self.find(f"{END}{text.lower()}{END}".encode(), True):
                found |= bits[index]
        else:
            for index in self._in_pieces(f"{END}{searched(text)}{END}"):
                found |= bits[index]
        if self.numbers and text[:2] in ("0x", "0X") and (number := number_of(text)) is not None:
            found |= self.numbers.get(number, 0)
        return found

    def _in_pieces(self, text: str) -> set[int]:
        indices: set[int] = set()
        for start in range(0, len(text), LONGEST_AT_ONCE):
            piece = text[start : start + LONGEST_AT_ONCE + self._longest]
            indices.update(index for index, _, _ in self.find(coded(piece), True))
        return indices

    def otherwise(self, value: Any, event: Event | Mapping[str, Any]) -> int:
        """The meaning of what an event holds that is no text, or of nothing at this name."""
        if type(value) is int:
            known = self.memo.get(value)
            return self.remember(value) if known is None else known
        return self.anything(event_of(event).look(str(self.name)))

    def anything(self, found: Found) -> int:
        """The bits of whatever a field may hold: lists, numbers, spellings that are asked for whole."""
        bits = 0
        for text in (*found.texts, *found.spellings):
            bits |= self.text(text)
        for value in found.values if self.numbers else ():
            if isinstance(value, int | float):
                bits |= self.numbers.get(value, 0)
        return bits
