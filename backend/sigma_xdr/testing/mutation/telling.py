"""The search for an event that tells a mutant from its rule: one of them matches it, the other doesn't."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, Protocol

from sigma_xdr.evaluator import Event, Matcher
from sigma_xdr.testing.candidates import Site, candidates, distinct
from sigma_xdr.testing.mutation.mutant import Document

__all__ = ["EventSearch"]

Fields = Mapping[str, Any]

#: Most events that are made from the rule, from the mutant, and from the given ones.
_MOST_OF_RULE, _MOST_OF_MUTANT, _MOST_MIXED = 2_000, 500, 500
#: Most text of each of them, in characters: a rule may ask for much in one field.
_MOST_TEXT = 2_000_000


class Judge(Protocol):
    """Says whether a rule matches an event."""

    def matches(self, event: Event | Fields) -> bool:
        """The verdict on one event."""


class EventSearch:
    """Looks for events that tell the mutants of a rule, a plain document, from it.

    Tried are the ``events`` given, those of the rule's cases; events made from the values of the rule and of the mutant; and
    the given ones with one field from those: 3,000 at most beside the given ones. ``view`` turns fields into what is judged:
    an event as a row shows it, or None if no row can be like that. ``matcher`` makes a document's judge: for a filter, the one
    of a rule that it is put on. ``site`` holds the values of placeholders.
    """

    def __init__(
        self,
        original: Document,
        events: Iterable[Fields] = (),
        *,
        view: Callable[[Fields], Event | Fields | None] | None = None,
        matcher: Callable[[Document], Judge] | None = None,
        site: Site | None = None,
    ) -> None:
        self._original = original
        self._given = [dict(event) for event in events]
        self._view = view
        self._matcher = matcher or (lambda document: Matcher(document, site=site))
        self._site = site

    def event_for(self, mutant: Document) -> dict[str, Any] | None:
        """An event, in Sigma's field names, on which the verdicts differ; None if none was found. A correlation is about no
        single event: None. Raises EvaluatorError and RuleError for a document that is no Sigma.
        """
        if "correlation" in self._original:
            return None
        judge = self._matcher(mutant)
        for event, seen, verdict in self._judged:
            if judge.matches(seen) != verdict:
                return event
        for event in self._others(mutant):
            seen_event = self._seen(event)
            if seen_event is not None and judge.matches(seen_event) != self._judge.matches(seen_event):
                return event
        return None

    @cached_property
    def _judge(self) -> Judge:
        return self._matcher(self._original)

    @cached_property
    def _made(self) -> list[dict[str, Any]]:
        return list(_first(candidates(self._original, self._site), _MOST_OF_RULE))

    @cached_property
    def _judged(self) -> list[tuple[dict[str, Any], Event | Fields, bool]]:
        """The events given and those made from the rule, as they are judged, with the rule's own verdicts."""
        events = ((event, self._seen(event)) for event in distinct([*self._given, *self._made]))
        return [(event, seen, self._judge.matches(seen)) for event, seen in events if seen is not None]

    def _others(self, mutant: Document) -> Iterator[dict[str, Any]]:
        """Events made from the mutant, and the given ones with one field of those that were made."""
        made = list(_first(candidates(mutant, self._site), _MOST_OF_MUTANT))
        yield from made
        mixed = (
            {**each, name: value}
            for event in (*made, *self._made)
            for name, value in event.items()
            for each in self._given
        )
        yield from _first(mixed, _MOST_MIXED)

    def _seen(self, event: dict[str, Any]) -> Event | Fields | None:
        return event if self._view is None else self._view(event)


def _first(events: Iterable[dict[str, Any]], most: int) -> Iterator[dict[str, Any]]:
    """The first events, up to a number of them, and of characters in them."""
    text = 0
    for event in islice(events, most):
        text += sum(len(value) for value in event.values() if isinstance(value, str))
        if text > _MOST_TEXT:
            return
        yield event
