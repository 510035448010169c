"""A condition as one Python function that judges an event at once.

The function's source is generated, and holds no text of the rule: what a rule says stands in constants that the source names
by number (``c3 in v[c2]``). What it asks of an event it asks of a :class:`View`, which folds each field once for all rules. Plain
text, whole numbers and nothing are judged in the source; a comparison of another kind is the evaluator's own object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ahocorasick_rs import BytesAhoCorasick

from sigma_xdr.evaluator import Event
from sigma_xdr.evaluator.comparisons import Empty, Null, Test
from sigma_xdr.evaluator.events import fold
from sigma_xdr.scan.regexes import required_texts
from sigma_xdr.scan.trees import All, Either, Leaf, Negated, Tree, Writing, expression_of, writing_of

__all__ = ["Function", "NotPlain", "TooLarge", "View", "coded", "function_of"]

#: Most comparisons of a function, and how deep they nest; Python's own parser ends at 200 brackets.
_MOST, _DEEPEST = 50_000, 40
#: From how many texts on a field is searched for all at once, and until what length in characters.
_MANY, _LONG = 12, 8192


class NotPlain(Exception):
    """A field holds something else than text, a whole number or nothing."""


class View(dict[str, str]):
    """An event's fields without case, each folded when it is first asked for; nothing is the empty text.

    Raises NotPlain for a field that holds anything else than text, a whole number or nothing.
    """

    __slots__ = ("_event", "_fields", "_one_nothing")

    def __init__(self, event: Event | Mapping[str, Any]) -> None:
        """Take an event, or a raw event's fields."""
        self._event: Event | None = event if isinstance(event, Event) else None
        self._fields = event.fields if isinstance(event, Event) else event
        self._one_nothing = isinstance(event, Event) and event.one_nothing

    def __missing__(self, name: str) -> str:
        text = fold(self.exact(name))
        self[name] = text
        return text

    def exact(self, name: str) -> str:
        """A field as it stands."""
        value = self._fields.get(name)
        if type(value) is str:
            return value
        if type(value) is int:
            return str(value)
        if value is None and "." not in name:
            return ""
        raise NotPlain

    def coded(self, name: str) -> bytes | None:
        """A field as it stands, in UTF-8; None for nothing."""
        if self.is_nothing(name):
            return None
        return coded(self.exact(name))

    def is_nothing(self, name: str) -> bool:
        """Whether a field is missing or null; on a row, whether it is empty."""
        return not self.exact(name) and (self._fields.get(name) is None or self._one_nothing)

    def is_empty(self, name: str) -> bool:
        """Whether a field is there and empty; on a row, whether it is nothing."""
        return not self.exact(name) and (self._fields.get(name) is not None or self._one_nothing)

    def has(self, test: Test, name: str | None) -> bool:
        """What the evaluator's comparison says of a field, or of all texts (None)."""
        event = self.event
        return test.holds(event.everywhere if name is None else event.look(name), event)

    @property
    def event(self) -> Event:
        """The event as the evaluator takes it."""
        if self._event is None:
            self._event = Event(self._fields)
        return self._event


def coded(text: str) -> bytes:
    """Text in UTF-8, half a character too."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


#: Whether a condition holds of an event.
Function = Callable[[View], bool]


class TooLarge(Exception):
    """The function would be too large."""


def function_of(tree: Tree) -> Function:
    """A condition as a function, which raises NotPlain for an event that it can't judge. Raises TooLarge."""
    source = _Source()
    expression = source.of(tree)
    constants = {f"c{number}": value for number, value in enumerate(source.constants)}
    function: Function = eval(f"lambda v: {expression}", {"__builtins__": {}, **constants})
    return function


class _Source:
    """Writes an expression and collects its constants."""

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self._left = _MOST
        self._names: dict[str, str] = {}

    def of(self, tree: Tree, depth: int = 0) -> str:
        """A tree as Python over ``v``, the view."""
        if depth > _DEEPEST:
            raise TooLarge
        match tree:
            case Leaf():
                return self._leaf(tree)
            case Negated(part=part):
                return f"(not {self.of(part, depth + 1)})"
            case All(parts=parts):
                return f"({' and '.join(self._conjuncts(parts, depth + 1))})"
            case Either(parts=parts):
                return f"({' or '.join(self._alternatives(parts, depth + 1))})"

    def _conjuncts(self, parts: tuple[Tree, ...], depth: int) -> Iterator[str]:
        """All parts in their order, but what asks the evaluator comes last."""
        written = [self.of(part, depth) for part in parts]
        yield from sorted(written, key=lambda text: "v.has(" in text)

    def _alternatives(self, parts: tuple[Tree, ...], depth: int) -> Iterator[str]:
        """The parts, of which those that ask for the beginning, the end or the whole of one field are asked at once."""
        groups: dict[tuple[str, bool, str], list[str]] = {}
        others = []
        for part in parts:
            self._count()
            if isinstance(part, Leaf) and (kind := _plain_kind(part)):
                groups.setdefault(kind[:3], []).extend(kind[3])
            else:
                others.append(self.of(part, depth))
        for (field, cased, way), texts in groups.items():
            yield self._texts(field, cased, way, texts)
        yield from sorted(others, key=lambda text: "v.has(" in text)

    def _texts(self, field: str, cased: bool, way: str, texts: Sequence[str]) -> str:
        """Whether a field is, begins or ends with, or contains one of some texts."""
        text = f"v.exact({self._field(field)})" if cased else f"v[{self._field(field)}]"
        if way == "equals":
            return f"({text} in {self._constant(frozenset(texts))})"
        if way in ("startswith", "endswith"):
            return f"{text}.{way}({self._constant(tuple(texts))})"
        if len(texts) >= _MANY:
            return f"{self._constant(_AnyOfMany(texts))}({text})"
        first, *rest = map(self._constant, texts)
        if not rest:
            return f"({first} in {text})"
        return f"({first} in (t := {text}) or {' or '.join(f'{each} in t' for each in rest)})"

    def _leaf(self, leaf: Leaf) -> str:
        self._count()
        if kind := _plain_kind(leaf):
            return self._texts(*kind)
        if leaf.field is None:
            return f"v.has({self._constant(leaf.test)}, None)"
        field = self._field(leaf.field)
        if expression := expression_of(leaf.test):
            search = f"(b := v.coded({field})) is not None and {self._constant(expression[1])}(b) is not None"
            return f"({self._guard(field, required_texts(expression[0]))}{search})"
        if isinstance(leaf.test, Null | Empty):
            return f"v.is_{'nothing' if isinstance(leaf.test, Null) else 'empty'}({field})"
        writing = writing_of(leaf.test)
        if writing is None or not _is_plain(writing):
            return f"v.has({self._constant(leaf.test)}, {field})"
        if writing.cased:
            return f"{self._constant(writing.matches)}(v.exact({field}))"
        single = [texts[0] for piece in writing.pieces for texts in piece if len(texts) == 1]
        guard = f"{self._constant(max(single, key=len))} in v[{field}] and " if single else ""
        return f"({guard}{self._constant(writing.matches)}(v[{field}]))"

    def _guard(self, field: str, required: Sequence[frozenset[str]]) -> str:
        """Whether a field holds the texts that a regular expression needs, which is seen much sooner. Of other characters than
        ASCII's RE2 takes some for ASCII's.
        """
        texts = [text for texts in required if len(texts) == 1 for text in texts]
        if not texts:
            return ""
        held = " and ".join(f"{self._constant(text)} in v[{field}]" for text in texts)
        return f"({held} or not v[{field}].isascii()) and "

    def _field(self, field: str) -> str:
        if field not in self._names:
            self._names[field] = self._constant(field)
        return self._names[field]

    def _constant(self, value: Any) -> str:
        self.constants.append(value)
        return f"c{len(self.constants) - 1}"

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLarge


def _is_plain(writing: Writing) -> bool:
    """Whether a pattern says the same of nothing and of the empty text, and of a number what it says of its digits."""
    return not writing.matches("") and (writing.number is None or writing.cores == (str(writing.number),))


def _plain_kind(leaf: Leaf) -> tuple[str, bool, str, tuple[str, ...]] | None:
    """The field, whether case counts, the way and the texts of a comparison that methods of ``str`` make; None for another."""
    writing = writing_of(leaf.test)
    if leaf.field is None or writing is None or not writing.cores or not _is_plain(writing):
        return None
    ends = (writing.open_start, writing.open_end)
    return leaf.field, writing.cased, _WAYS[ends], writing.cores


_WAYS = {
    (False, False): "equals",
    (False, True): "startswith",
    (True, False): "endswith",
    (True, True): "contains",
}


class _AnyOfMany:
    """Whether a text contains one of many."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._find = BytesAhoCorasick(map(coded, texts)).find_matches_as_indexes

    def __call__(self, text: str) -> bool:
        if len(text) > _LONG:  # it would find very many
            return any(each in text for each in self._texts)
        return bool(self._find(coded(text)))
