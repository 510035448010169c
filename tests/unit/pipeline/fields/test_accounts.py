r"""Accounts: ``DOMAIN\name`` over Defender's two columns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.compiling import (
    Case,
    CaseRows,
    Rows,
    by_name,
    compiled,
    compiled_if_it_can_match,
    refused,
    warned,
    where,
)
from tests.unit.patterns import Part, fits, patterns, source

# ---------------------------------------------------------------------------------------------- any pattern, both columns

ACCOUNTS = [
    r"NT AUTHORITY\SYSTEM",
    r"NT AUTHORITY\NETWORK SERVICE",
    r"CONTOSO\anna",
    r"CONTOSO\svc_wmi$",
    r"WS01\admin",
    r"ADMIN\contoso",
    r"x\x",
]


def stored(account: str) -> dict[str, str]:
    domain, _, name = account.lower().partition("\\")
    return {"ActionType": "ProcessCreated", "AccountDomain": domain, "AccountName": name}


@pytest.fixture(scope="module")
def accounts() -> Rows:
    return Rows("DeviceProcessEvents", map(stored, ACCOUNTS))


@settings(max_examples=60, deadline=None)
@given(patterns(ACCOUNTS, ["\\", "SYSTEM", "authori", "\\adm", "o\\", "x"]), st.sampled_from(["", "not "]))
def test_a_pattern_means_what_it_means_on_domain_and_name(accounts: Rows, pattern: list[Part], negation: str) -> None:
    expected = {number for number, account in enumerate(ACCOUNTS) if fits(pattern, account) == (negation == "")}
    query = compiled_if_it_can_match({"User": source(pattern)}, f"{negation}selection")
    if query is None:
        assert not any(fits(pattern, account) for account in ACCOUNTS)
    else:
        assert accounts.selected(query) == expected, where(query)


# ---------------------------------------------------------------------------------------------------- how it is written

SYSTEM = {"AccountDomain": "nt authority", "AccountName": "system", "AccountSid": "S-1-5-18"}
ANNA = {
    "AccountDomain": "contoso",
    "AccountName": "anna",
    "AccountSid": "S-1-5-21-1004336348-1177238915-682003330-1001",
}
AUTHOR = {"AccountDomain": "ws01", "AccountName": "authority"}

CASES = [
    Case(
        "domain and name",
        {"User": [r"NT AUTHORITY\SYSTEM", r"CONTOSO\anna"]},
        """
        AccountName =~ "SYSTEM" and AccountDomain =~ "NT AUTHORITY"
            or AccountName =~ "anna" and AccountDomain =~ "CONTOSO"
        """,
        [SYSTEM, ANNA],
        [{"AccountDomain": "contoso", "AccountName": "system"}],
    ),
    Case(
        "a piece of either",
        {"User|contains": "AUTHORI"},
        'AccountDomain contains "AUTHORI" or AccountName contains "AUTHORI"',
        [SYSTEM, AUTHOR],
        [ANNA],
    ),
    Case(
        "an end of the name",
        {"User|endswith": "tem"},
        'AccountName endswith "tem"',
        [SYSTEM],
        [{"AccountDomain": "system", "AccountName": "x"}],
    ),
    Case(
        "a start of the domain",
        {"User|startswith": "CONTO"},
        'AccountDomain startswith "CONTO"',
        [ANNA],
        [{"AccountDomain": "ws01", "AccountName": "conto"}],
    ),
    Case(
        "a whole name in any domain",
        {"User|endswith": r"\anna"},
        'AccountName =~ "anna"',
        [ANNA, {"AccountDomain": "ws01", "AccountName": "anna"}],
        [{"AccountName": "joanna"}],
    ),
    Case(
        "a whole domain",
        {"User|startswith": "CONTOSO\\"},
        'AccountDomain =~ "CONTOSO"',
        [ANNA],
        [SYSTEM, {"AccountDomain": "contoso.local", "AccountName": "x"}],
    ),
    Case(
        "a start of the name",
        {"User|contains": r"\an"},
        'AccountName startswith "an"',
        [ANNA],
        [{"AccountDomain": "an", "AccountName": "joan"}],
    ),
    Case(
        "both in part",
        {"User|contains": r"SO\an"},
        """
        AccountName startswith "an"
        AccountDomain endswith "SO"
        """,
        [ANNA],
        [{"AccountDomain": "contoso.x", "AccountName": "anna"}],
    ),
    Case(
        "a wildcard",
        {"User": r"NT*\SYS?EM"},
        r"""
        strcat(AccountDomain, "\\", AccountName) matches regex @"(?is)^NT.*\\SYS.EM$"
        isnotempty(AccountName)
        """,
        [SYSTEM],
        [ANNA],
    ),
    Case(
        "a regex",
        {"User|re|i": r"^contoso\\[a-z]+$"},
        r"""
        strcat(AccountDomain, "\\", AccountName) matches regex @"(?i)^contoso\\[a-z]+$"
        isnotempty(AccountName)
        """,
        [ANNA],
        [SYSTEM],
    ),
    Case(
        "a regex that takes in the backslash alone",
        {"User|re": r"\\"},
        r"""
        strcat(AccountDomain, "\\", AccountName) matches regex @"\\"
        isnotempty(AccountName)
        """,
        [SYSTEM],
        [{}],
    ),
    Case(
        "a dash somewhere, or nobody",
        {"User|contains": "-"},
        """
        isempty(AccountName) or AccountDomain contains "-" or AccountName contains "-"
        """,
        [{}, {"AccountDomain": "nt-autorität", "AccountName": "system"}],
        [SYSTEM],
    ),
    Case("nobody", {"User": None}, "isempty(AccountName)", [{}], [SYSTEM]),
    Case("an empty text is nobody", {"User": ""}, "isempty(AccountName)", [{}], [SYSTEM]),
    Case("a dash is nobody", {"User": ["-", ""]}, "isempty(AccountName)", [{}], [SYSTEM]),
    Case("somebody", {"User": "*"}, "isnotempty(AccountName)", [SYSTEM], [{}]),
    Case("somebody who is there", {"User|exists": True}, "isnotempty(AccountName)", [SYSTEM], [{}]),
    Case(
        "a parent's account",
        {"ParentUser": r"NT AUTHORITY\SYSTEM"},
        """
        InitiatingProcessAccountName =~ "SYSTEM"
        InitiatingProcessAccountDomain =~ "NT AUTHORITY"
        """,
        [{"InitiatingProcessAccountDomain": "nt authority", "InitiatingProcessAccountName": "system"}],
        [SYSTEM],
    ),
    Case(
        "another account than the parent's",
        {"User|fieldref": "ParentUser"},
        """
        not(
                AccountName =~ InitiatingProcessAccountName
                and AccountDomain =~ InitiatingProcessAccountDomain
                and isnotempty(AccountName)
            )
        """,
        [{**ANNA, "InitiatingProcessAccountDomain": "contoso", "InitiatingProcessAccountName": "system"}, ANNA],
        [
            {**ANNA, "InitiatingProcessAccountDomain": "CONTOSO", "InitiatingProcessAccountName": "Anna"},
            {"AccountName": "anna", "InitiatingProcessAccountName": "anna"},
        ],
        condition="not selection",
    ),
    Case(
        "who writes a file is the one who initiates",
        {"User|endswith": r"\anna"},
        'InitiatingProcessAccountName =~ "anna"',
        [{"InitiatingProcessAccountName": "anna"}],
        [{"RequestAccountName": "anna"}],
        category="file_event",
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ----------------------------------------------------------------------------------------------------- what can't be said


@pytest.mark.parametrize(
    ("detection", "problem"),
    [
        (
            {"User": "SYSTEM"},
            (
                "never-matches",
                r"'User' is DOMAIN\name; 'SYSTEM' alone never equals it",
                r"write '*\SYSTEM', or |endswith: '\SYSTEM'",
            ),
        ),
        (
            {"User": "S-1-5-18"},
            (
                "never-matches",
                r"'User' is DOMAIN\name; 'S-1-5-18' alone never equals it",
                "ask AccountSid: 'S-1-5-18'",
            ),
        ),
        (
            {"User|contains": "\\adm\\"},
            ("never-matches", r"'User' is DOMAIN\name with one backslash; '*\adm\*' never fits", None),
        ),
        (
            {"User|endswith": "CONTOSO\\"},
            ("never-matches", "'User' is DOMAIN\\name with one backslash; '*CONTOSO\\' never fits", None),
        ),
        (
            {"User|contains|cased": "ANNA"},
            ("lost-case", "'User' can't be cased: Defender stores accounts in lower case", None),
        ),
        ({"User": 7}, ("type-mismatch", "'User' can't be compared with a number", None)),
        (
            {"User|fieldref|startswith": "ParentUser"},
            ("fieldref", "'User' can't be compared with 'ParentUser': it is no single column", None),
        ),
        (
            {"User|fieldref": "CommandLine"},
            ("fieldref", "'User' can't be compared with 'CommandLine': it is no single column", None),
        ),
    ],
)
def test_refusals(detection: dict[str, object], problem: tuple[str, str, str | None]) -> None:
    assert refused(detection) == [problem]


def test_a_regex_that_minds_case_is_warned_of() -> None:
    assert warned(compiled({"User|re": "SYSTEM"})) == [
        (
            "lost-case",
            "Defender stores AccountName in lower case; the regular expression minds case",
            "add the modifier i (|re|i)",
            "warning",
        )
    ]
