"""Sigma on events: what an untouched rule means, with the reason.

The second judge. It is written from Sigma's specification (2.1: rules, modifiers, correlations, filters) and shares nothing with
the compiler but pySigma's condition grammar: a rule's values are read, modified and compared here anew, on one event, or for a
correlation on a list of events with their times. What can't be judged exactly is an EvaluatorError, never a guess.
"""

from __future__ import annotations

from sigma_xdr.evaluator.correlations import Alert, CorrelationMatcher, TimedEvent
from sigma_xdr.evaluator.events import Event, Spelling, Whole
from sigma_xdr.evaluator.explanation import Explanation
from sigma_xdr.evaluator.matcher import Matcher, explain
from sigma_xdr.evaluator.problems import EvaluatorError

__all__ = [
    "Alert",
    "CorrelationMatcher",
    "EvaluatorError",
    "Event",
    "Explanation",
    "Matcher",
    "Spelling",
    "TimedEvent",
    "Whole",
    "explain",
]
