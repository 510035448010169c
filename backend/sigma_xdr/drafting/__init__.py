"""Drafts of new rules: a rule, its test file and what its playbook says, with TODO where only a person knows.

``redaction`` takes the names of people, hosts and networks out of an event, ``fixtures`` makes a test case of one, ``drafts``
writes the texts, ``additions`` puts an entry into a YAML file that people wrote and ``writing`` writes all files or none.
"""

from __future__ import annotations

from sigma_xdr.drafting.drafts import Draft, DraftRequest, draft_rule
from sigma_xdr.drafting.fixtures import Fixture, read_fixture
from sigma_xdr.drafting.redaction import Redacted, redacted
from sigma_xdr.drafting.writing import write_all

__all__ = ["Draft", "DraftRequest", "Fixture", "Redacted", "draft_rule", "read_fixture", "redacted", "write_all"]
