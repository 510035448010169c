"""Many rules over many events, fast.

Not each rule is tried on each event. What a rule needs (``literals``) is looked for in one pass over each field (``prefilter``),
and the few rules that have a chance then judge the event, each as one function (``predicates``); ``scanner`` puts the three
together.
The evaluator reads the rules and is the authority: a scanner says of every event what its matcher says, only sooner.
"""

from __future__ import annotations

from sigma_xdr.scan.scanner import Scanner

__all__ = ["Scanner"]
