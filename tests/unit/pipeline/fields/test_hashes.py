"""Hashes: Sysmon's joined field over Defender's columns."""

from __future__ import annotations

import pytest

from tests.unit.compiling import Case, CaseRows, by_name, refused, where

MD5, SHA1, SHA256, IMPHASH = "0cc175b9" * 4, "86f7e437" * 5, "ca978112" * 8, "f34d5f2d" * 4

CASES = [
    Case(
        "a list of one kind",
        {"Hashes|contains": [f"SHA256={SHA256}", f"SHA256={'ab' * 32}"]},
        f"""
        SHA256 in~ (
                "{SHA256}",
                "{"ab" * 32}"
            )
        """,
        [{"SHA256": SHA256}, {"SHA256": "AB" * 32}],
        [{"SHA1": SHA1}],
    ),
    Case(
        "kinds by their names and by their lengths",
        {"Hashes": [f"md5={MD5.upper()}", SHA1]},
        f'MD5 =~ "{MD5}" or SHA1 =~ "{SHA1}"',
        [{"MD5": MD5}, {"SHA1": SHA1}],
        [{"MD5": MD5[:-1] + "0"}],
    ),
    Case(
        "joined hashes are all asked for",
        {"Hashes": f"SHA1={SHA1},MD5={MD5}"},
        f'SHA1 =~ "{SHA1}"\nMD5 =~ "{MD5}"',
        [{"SHA1": SHA1, "MD5": MD5}],
        [{"SHA1": SHA1}],
    ),
    Case(
        "all of several",
        {"Hashes|contains|all": [f"SHA1={SHA1}", f"MD5={MD5}"]},
        f'SHA1 =~ "{SHA1}"\nMD5 =~ "{MD5}"',
        [{"SHA1": SHA1, "MD5": MD5}],
        [{"SHA1": SHA1}],
    ),
    Case(
        "joined hashes, of the first the end",
        {"Hashes|endswith|cased": f"{SHA1.upper()},MD5={MD5.upper()}"},
        f'SHA1 =~ "{SHA1}"\nMD5 =~ "{MD5}"',
        [{"SHA1": SHA1, "MD5": MD5, "SHA256": SHA256}],
        [{"MD5": MD5}],
    ),
    Case(
        "one hash by its own field",
        {"sha256": SHA256},
        f'SHA256 =~ "{SHA256}"',
        [{"SHA256": SHA256}],
        [{"SHA256": MD5}],
    ),
    Case(
        "no hash",
        {"Hashes": None},
        "isempty(MD5)\nisempty(SHA1)\nisempty(SHA256)",
        [{}],
        [{"SHA1": SHA1}],
    ),
    Case(
        "some hash, or a known one",
        {"Hashes": ["*", f"SHA1={SHA1}"]},
        f'SHA1 =~ "{SHA1}" or isnotempty(MD5) or isnotempty(SHA1) or isnotempty(SHA256)',
        [{"SHA1": SHA1}, {"MD5": MD5}],
        [{}],
    ),
    Case(
        "an empty text is no hash", {"Hashes": ""}, "isempty(MD5)\nisempty(SHA1)\nisempty(SHA256)", [{}], [{"MD5": MD5}]
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ----------------------------------------------------------------------------------------------------- what can't be said

WRITE = "write KIND=hash with KIND one of MD5, SHA1, SHA256"
NO_IMPHASH = (
    "lost-field",
    f"Defender records no import hash: 'IMPHASH={IMPHASH}'",
    "use SHA256, SHA1 or MD5",
)


def no_whole_hash(text: str) -> tuple[str, str, str]:
    message = f"'{text}' is no whole hash: Defender's DeviceProcessEvents has a column for each kind"
    return "value-form", message, WRITE


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([f"SHA1={SHA1}", f"IMPHASH={IMPHASH}"], NO_IMPHASH),
        (f"SHA1={SHA1},IMPHASH={IMPHASH}", NO_IMPHASH),
        ("SHA1=86f7e437", no_whole_hash("SHA1=86f7e437")),
        (f"SHA1={MD5}", no_whole_hash(f"SHA1={MD5}")),
        (f"MD5={MD5[:-1]}g", no_whole_hash(f"MD5={MD5[:-1]}g")),
        ("MD5=0cc1*75b9", no_whole_hash("MD5=0cc1*75b9")),
        ("SHA512=" + "00" * 64, no_whole_hash("SHA512=" + "00" * 64)),
        (f"MD5={MD5},", no_whole_hash(f"MD5={MD5},")),
        (
            f"MD5={MD5},SHA1={SHA1}",
            (
                "never-matches",
                f"hashes are joined in the order SHA1, MD5, SHA256; 'MD5={MD5},SHA1={SHA1}' never matches",
                "ask for each hash by itself: |contains|all",
            ),
        ),
        (
            f"{SHA1},MD5={MD5}",
            (
                "never-matches",
                f"joined hashes have their kinds before them; '{SHA1},MD5={MD5}' never matches",
                "write KIND=hash for each",
            ),
        ),
    ],
)
def test_refusals(values: object, problem: tuple[str, str, str]) -> None:
    assert refused({"Hashes": values}) == [problem]


def test_hashes_are_in_upper_case() -> None:
    assert refused({"Hashes|contains|cased": f"MD5={MD5}"}) == [
        ("never-matches", f"'Hashes' holds hashes in upper case; '*MD5={MD5}*' minds case", "leave cased out")
    ]


def test_a_regex_is_refused() -> None:
    assert refused({"Hashes|re": "SHA1=86"}) == [
        ("type-mismatch", "'Hashes' can't be compared with a regular expression", None)
    ]
