"""Paths of files over Defender's two columns: every pattern means what it means on the whole path."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.compiling import Case, CaseRows, Row, Rows, by_name, compiled, refused, warned, where
from tests.unit.patterns import Part, fits, patterns, source

# ------------------------------------------------------------------------------------------ any pattern, both kinds of row

PARENTS = [
    r"C:\Windows\System32\cmd.exe",
    r"C:\Windows\System32\wbem\WMIC.exe",
    r"C:\Windows\System32\wbem\WmiPrvSE.exe",
    r"C:\Windows\explorer.exe",
    r"C:\Users\anna\AppData\Local\Temp\cmd.exe",
    r"C:\Users\anna\Downloads\temp\a.exe",
    r"\\srv01\share$\tools\PsExec.exe",
    r"D:\wmic.exe\cmd.exe.exe",
    r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE",
    r"C:\Program Files (x86)\A [b]\x y.exe",
    r"C:\temp\cmd",
]
STRANGERS = ["cmd", "\\", "wbem\\", "\\cmd", "exe\\", "e\\c", "System"]


def of_2021(path: str) -> Row:
    """A parent as older rows hold it: the directory alone."""
    directory, _, name = path.rpartition("\\")
    return {"InitiatingProcessFileName": name, "InitiatingProcessFolderPath": directory.lower()}


def of_today(path: str) -> Row:
    """A parent as newer rows hold it: the whole path."""
    return {"InitiatingProcessFileName": path.rpartition("\\")[2], "InitiatingProcessFolderPath": path.lower()}


STORED = [(path, {"ActionType": "ProcessCreated", **row(path)}) for path in PARENTS for row in (of_2021, of_today)]


@pytest.fixture(scope="module")
def parents() -> Rows:
    return Rows("DeviceProcessEvents", [row for _, row in STORED])


@settings(max_examples=80, deadline=None)
@given(st.lists(patterns(PARENTS, STRANGERS), min_size=1, max_size=2), st.sampled_from(["selection", "not selection"]))
def test_a_parents_pattern_means_the_same_in_old_and_new_rows(
    parents: Rows, asked: list[list[Part]], condition: str
) -> None:
    expected = {
        number
        for number, (path, _) in enumerate(STORED)
        if any(fits(pattern, path) for pattern in asked) == (condition == "selection")
    }
    query = compiled({"ParentImage": [source(pattern) for pattern in asked]}, condition)
    assert parents.selected(query) == expected, where(query)


# ---------------------------------------------------------------------------------------------------- how it is written

WORD = r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE"
WMIC = r"C:\Windows\System32\wbem\WMIC.exe"

#: A parent's path put together, for what plain operators can't split.
WHOLE = (
    "case(isempty(InitiatingProcessFolderPath), InitiatingProcessFileName, "
    r'strcat("\\", InitiatingProcessFolderPath) endswith strcat("\\", InitiatingProcessFileName), '
    r"InitiatingProcessFolderPath, "
    r'strcat(InitiatingProcessFolderPath, iff(InitiatingProcessFolderPath endswith "\\", "", "\\"), '
    "InitiatingProcessFileName))"
)

CASES = [
    Case(
        "an image's name alone",
        {"Image|endswith": r"\wmic.exe"},
        'FileName =~ "wmic.exe"',
        [{"FileName": "WMIC.exe", "FolderPath": WMIC}],
        [{"FileName": "xwmic.exe", "FolderPath": r"C:\xwmic.exe"}],
    ),
    Case(
        "an image's path",
        {"Image|endswith": [r"\wbem\wmic.exe", r"\cmd.exe"]},
        r'FileName =~ "cmd.exe" or FolderPath endswith @"\wbem\wmic.exe"',
        [{"FileName": "WMIC.exe", "FolderPath": WMIC}],
        [{"FileName": "WMIC.exe", "FolderPath": r"C:\Users\anna\WMIC.exe"}],
    ),
    Case(
        "an image in a directory",
        {"Image|startswith": "C:\\Users\\", "Image|contains": r"\Temp" + "\\"},
        r"""
        FolderPath startswith @"C:\Users\"
        FolderPath has @"\Temp\"
        """,
        [{"FileName": "a.exe", "FolderPath": r"C:\Users\anna\AppData\Local\Temp\a.exe"}],
        [{"FileName": "a.exe", "FolderPath": r"C:\Windows\Temp\a.exe"}],
    ),
    Case(
        "an end of a name",
        {"Image|endswith": "prvse.exe"},
        'FileName endswith "prvse.exe"',
        [{"FileName": "WmiPrvSE.exe", "FolderPath": r"C:\Windows\System32\wbem\WmiPrvSE.exe"}],
    ),
    Case(
        "an image that minds case",
        {"Image|endswith|cased": r"\WMIC.exe"},
        'FileName == "WMIC.exe"',
        [{"FileName": "WMIC.exe"}],
        [{"FileName": "wmic.exe"}],
    ),
    Case(
        "a parent's name alone",
        {"ParentImage|endswith": [r"\winword.exe", r"\excel.exe"]},
        'InitiatingProcessFileName in~ ("winword.exe", "excel.exe")',
        [of_2021(WORD), of_today(WORD)],
        [of_today(r"C:\Windows\winword.exe\explorer.exe")],
    ),
    Case(
        "a parent's whole path",
        {"ParentImage": WMIC},
        r"""
        InitiatingProcessFileName =~ "WMIC.exe"
        InitiatingProcessFolderPath in~ (@"C:\Windows\System32\wbem\WMIC.exe", @"C:\Windows\System32\wbem")
        """,
        [of_2021(WMIC), of_today(WMIC)],
        [
            of_2021(WORD),
            of_today(WORD),
            of_today(r"C:\Users\anna\WMIC.exe"),
            of_2021(r"C:\Windows\System32\wbem\cmd.exe"),
        ],
    ),
    Case(
        "a parent in a drive's root",
        {"ParentImage": r"C:\a.exe"},
        r"""
        InitiatingProcessFileName =~ "a.exe"
        InitiatingProcessFolderPath in~ (@"C:\a.exe", "C:", @"C:\")
        """,
        [
            of_today(r"C:\a.exe"),
            of_2021(r"C:\a.exe"),
            {"InitiatingProcessFileName": "a.exe", "InitiatingProcessFolderPath": "c:"},
        ],
        [of_today(r"C:\a\a.exe"), of_2021(r"C:\a\a.exe")],
    ),
    Case(
        "a parent in a drive's root, by a pattern",
        {"ParentImage": r"?:\\*.exe"},
        WHOLE + r' matches regex @"(?is)^.:\\.*\.exe$"',
        [
            of_today(r"C:\a.exe"),
            of_2021(r"C:\a.exe"),
            {"InitiatingProcessFileName": "a.exe", "InitiatingProcessFolderPath": "c:"},
        ],
        [of_today("C:\\a.dll"), {"InitiatingProcessFileName": "a.exe", "InitiatingProcessFolderPath": ""}],
    ),
    Case(
        "a parent without a path, by its beginning",
        {"ParentImage|startswith": "Sys"},
        """
        InitiatingProcessFolderPath startswith "Sys"
            or isempty(InitiatingProcessFolderPath) and InitiatingProcessFileName startswith "Sys"
        """,
        [
            {"InitiatingProcessFileName": "system", "InitiatingProcessFolderPath": ""},
            {"InitiatingProcessFileName": "system", "InitiatingProcessFolderPath": "system"},
        ],
        [of_2021(r"C:\system"), of_today(r"C:\system")],
    ),
    Case(
        "a parent without a path, by a pattern",
        {"ParentImage|re": "^s.stem$"},
        f'{WHOLE} matches regex "^s.stem$"',
        [
            {"InitiatingProcessFileName": "system", "InitiatingProcessFolderPath": ""},
            {"InitiatingProcessFileName": "system", "InitiatingProcessFolderPath": "system"},
        ],
        [of_2021(r"C:\system"), of_today(r"C:\system")],
    ),
    Case(
        "a parent's directory and name",
        {"ParentImage|endswith": r"\wbem\WmiPrvSE.exe"},
        r"""
        InitiatingProcessFileName =~ "WmiPrvSE.exe"
        InitiatingProcessFolderPath endswith @"\wbem\WmiPrvSE.exe" or InitiatingProcessFolderPath endswith @"\wbem"
        """,
        [of_2021(r"C:\Windows\System32\wbem\WmiPrvSE.exe"), of_today(r"C:\Windows\System32\wbem\WmiPrvSE.exe")],
        [of_today(r"C:\Windows\Temp\WmiPrvSE.exe"), of_2021(r"C:\Windows\Temp\WmiPrvSE.exe")],
    ),
    Case(
        "a parent in a directory: a file of the directory's name isn't in it",
        {"ParentImage|contains": "\\Temp\\"},
        r"""
        InitiatingProcessFolderPath has @"\Temp\"
            or InitiatingProcessFolderPath endswith @"\Temp" and InitiatingProcessFileName !~ "Temp"
        """,
        [of_2021(r"C:\Windows\Temp\a.exe"), of_today(r"C:\Windows\Temp\a.exe"), of_2021(r"C:\Temp\x\a.exe")],
        [of_today(r"C:\Users\anna\Temp"), of_2021(r"C:\Users\anna\Temporary\a.exe")],
    ),
    Case(
        "a parent below a directory",
        {"ParentImage|startswith": "C:\\Windows\\CCM\\"},
        r"""
        InitiatingProcessFolderPath startswith @"C:\Windows\CCM\"
            or InitiatingProcessFolderPath =~ @"C:\Windows\CCM" and InitiatingProcessFileName !~ "CCM"
        """,
        [of_2021(r"C:\Windows\CCM\CcmExec.exe"), of_today(r"C:\Windows\CCM\CcmExec.exe")],
        [of_today(r"C:\Windows\CCM"), of_2021(r"C:\Windows\CCMX\a.exe")],
    ),
    Case(
        "a parent on a drive",
        {"ParentImage|startswith": "D:\\"},
        r'InitiatingProcessFolderPath startswith @"D:\" or InitiatingProcessFolderPath =~ "D:"',
        [of_2021(r"D:\setup.exe"), of_today(r"D:\setup.exe"), of_2021(r"D:\x\setup.exe")],
        [of_today(WORD)],
    ),
    Case(
        "a parent's path in pieces",
        {"ParentImage|contains": ["office1", r"\root\off"]},
        r"""
        InitiatingProcessFileName contains "office1"
            or InitiatingProcessFolderPath contains "office1"
            or InitiatingProcessFolderPath contains @"\root\off"
            or InitiatingProcessFileName startswith "off" and InitiatingProcessFolderPath endswith @"\root"
        """,
        [of_2021(WORD), of_today(WORD), of_2021(r"C:\root\office.exe"), of_today(r"D:\office12.exe")],
        [of_2021(r"C:\root\x\off.exe")],
    ),
    Case(
        "a parent's path with a wildcard is put together",
        {"ParentImage": r"C:\Windows\\*\WMIC.exe"},
        rf'{WHOLE} matches regex @"(?is)^C:\\Windows\\.*\\WMIC\.exe$"',
        [of_2021(WMIC), of_today(WMIC)],
        [of_today(r"D:\Windows\x\WMIC.exe")],
    ),
    Case(
        "a process without a path",
        {"ParentImage": "System"},
        """
        InitiatingProcessFileName =~ "System"
        isempty(InitiatingProcessFolderPath) or InitiatingProcessFolderPath =~ "System"
        """,
        [{"InitiatingProcessFileName": "System"}],
        [of_today(r"C:\Users\anna\System"), of_2021(r"C:\Users\anna\System")],
    ),
    Case(
        "no parent known",
        {"ParentImage": None},
        "isempty(InitiatingProcessFileName)",
        [{"FileName": "a.exe"}],
        [of_today(WORD)],
    ),
    Case(
        "an empty text is no parent",
        {"ParentImage": ["", r"*\cmd.exe"]},
        'isempty(InitiatingProcessFileName) or InitiatingProcessFileName =~ "cmd.exe"',
        [{"FileName": "a.exe"}, {"InitiatingProcessFileName": "CMD.EXE"}],
        [of_today(WORD)],
    ),
    Case(
        "some parent",
        {"ParentImage": "*"},
        "isnotempty(InitiatingProcessFileName)",
        [of_2021(WORD)],
        [{}],
    ),
    Case(
        "a regex on an image",
        {"Image|re": r"\\[0-9]+\.exe$"},
        r'FolderPath matches regex @"\\[0-9]+\.exe$"',
        [{"FileName": "7.exe", "FolderPath": r"C:\7.exe"}],
        [{"FileName": "a7.exe", "FolderPath": r"C:\a7.exe"}],
    ),
    Case(
        "an image that is its parent",
        {"Image|fieldref": "ParentImage"},
        f"""
        FolderPath =~ {WHOLE}
        isnotempty(FolderPath)
        """,
        [{"FolderPath": WMIC, **of_2021(WMIC)}, {"FolderPath": WMIC, **of_today(WMIC)}],
        [{"FolderPath": WMIC, **of_today(WORD)}, {}],
    ),
    Case(
        "a grandparent's name",
        {"GrandParentImage|endswith": [r"\winword.exe", "el.exe"]},
        'InitiatingProcessParentFileName =~ "winword.exe" or InitiatingProcessParentFileName endswith "el.exe"',
        [{"InitiatingProcessParentFileName": "WINWORD.EXE"}, {"InitiatingProcessParentFileName": "EXCEL.EXE"}],
        [{"InitiatingProcessParentFileName": "explorer.exe"}],
    ),
    Case(
        "a file's path in DeviceEvents",
        {"TargetImage|endswith": r"\System32\lsass.exe"},
        r"""
        FileName =~ "lsass.exe"
        FolderPath endswith @"\System32\lsass.exe" or FolderPath endswith @"\System32"
        """,
        [
            {"FileName": "lsass.exe", "FolderPath": r"C:\Windows\System32"},
            {"FileName": "lsass.exe", "FolderPath": r"C:\Windows\System32\lsass.exe"},
        ],
        [{"FileName": "lsass.exe", "FolderPath": r"C:\Temp"}],
        category="process_access",
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ----------------------------------------------------------------------------------------------------- what can't be said


def test_a_bare_names_path_is_refused() -> None:
    assert refused({"GrandParentImage|contains": "\\Temp\\"}) == [
        (
            "path-of-name",
            "'GrandParentImage' is a bare file name in Defender (InitiatingProcessParentFileName); '*\\Temp\\*' asks for its path",
            r"ask for the name: |endswith: '\name.exe'",
        )
    ]


def test_case_of_a_path_in_lower_case_is_refused() -> None:
    assert refused({"ParentImage|endswith|cased": r"\CMD.exe"}) == [
        ("lost-case", "'ParentImage' can't be cased: Defender stores InitiatingProcessFolderPath in lower case", None)
    ]


def test_a_regex_that_minds_case_on_a_path_in_lower_case_is_warned_of() -> None:
    assert warned(compiled({"ParentImage|re": "WINWORD"})) == [
        (
            "lost-case",
            "Defender stores InitiatingProcessFolderPath in lower case; the regular expression minds case",
            "add the modifier i (|re|i)",
            "warning",
        )
    ]
    assert warned(compiled({"ParentImage|re|i": "WINWORD"})) == []
    assert warned(compiled({"Image|re": "WINWORD"})) == []


@pytest.mark.parametrize(
    ("detection", "problem"),
    [
        (
            {"Image|fieldref": "CommandLine"},
            ("fieldref", "'Image' can't be compared with 'CommandLine': it is no single column", None),
        ),
        (
            {"GrandParentImage|fieldref": "Image"},
            ("fieldref", "'GrandParentImage' can't be compared with 'Image': it is no single column", None),
        ),
        ({"Image": 7}, ("type-mismatch", "'Image' can't be compared with a number", None)),
        ({"Image|cidr": "10.0.0.0/8"}, ("type-mismatch", "'Image' can't be compared with a network", None)),
        (
            {"GrandParentImage|re": "x"},
            ("type-mismatch", "'GrandParentImage' can't be compared with a regular expression", None),
        ),
    ],
)
def test_other_values_are_refused(detection: dict[str, object], problem: tuple[str, str, str | None]) -> None:
    assert refused(detection) == [problem]
