"""A review for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.reviewing import Review, ReviewedRule

__all__ = ["ascii_json", "json_review"]


def json_review(review: Review) -> str:
    """The review as JSON, in ASCII, with a line break at the end."""
    return ascii_json(_as_data(review))


def ascii_json(data: Any) -> str:
    """Plain data as JSON that may stand in a workflow's log: no text in it looks like a command to the runner."""
    return json.dumps(data, indent=2, default=str).replace("##[", "##\\u005b") + "\n"


def _as_data(review: Review) -> dict[str, Any]:
    return {
        "base": review.base,
        "head": review.head,
        "counts": {colour: review.counted(colour) for colour in ("red", "yellow", "white")},
        "remarks": [asdict(remark) for remark in review.remarks],
        "rules": [_rule(rule) for rule in review.rules],
        "coverage": [asdict(each) for each in review.coverage],
        "problems": [_problem(problem) for problem in review.problems],
        "notes": list(review.notes),
        "records": {
            name: None if each is None else {"read": each.records, "unreadable": each.unread}
            for name, each in (("corpus", review.corpus), ("benign", review.benign))
        },
    }


def _rule(rule: ReviewedRule) -> dict[str, Any]:
    change, evidence = rule.change, rule.evidence
    return {
        "id": change.state.rule.id,
        "title": change.title,
        "kind": change.kind,
        "type": change.state.rule.kind,
        "colour": rule.colour,
        "file": {
            "before": change.base.path if change.base else None,
            "after": change.head.path if change.head else None,
        },
        "remarks": [asdict(remark) for remark in rule.remarks],
        "differences": [asdict(each) for each in change.differences],
        "causes": list(change.causes),
        "same_query": change.same_query,
        "query": {
            "before": change.base.kql if change.base else None,
            "after": change.head.kql if change.head else None,
        },
        "sigma_diff": change.sigma_diff,
        "kql_diff": change.kql_diff,
        "events": asdict(evidence.effect),
        "tests": asdict(evidence.tests),
        "corpus": asdict(evidence.corpus) if evidence.corpus else None,
        "benign": asdict(evidence.benign) if evidence.benign else None,
        "touched": list(evidence.touched),
        "lints": [finding.as_data() for finding in evidence.lints],
    }


def _problem(problem: Diagnostic) -> dict[str, Any]:
    names = ("code", "severity", "message", "hint", "file", "line", "column")
    return {name: getattr(problem, name) for name in names}
