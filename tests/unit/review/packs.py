"""Small packs, made in a folder."""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.review.pack import Pack, load_pack

ID = "0d9f2f4a-6a8e-4b0e-9a51-5f1d6a0c1e{:02}"
RULE = """title: {title}
id: {id}
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        {field}: '{value}'
    condition: selection
level: {level}
"""
CASES = """cases:
    - name: it
      expect: match
      event: {FileName: a.exe}
    - name: another
      expect: no_match
      event: {FileName: b.exe}
"""


def rule(
    number: int = 1, title: str = "A", field: str = "Image|endswith", value: str = r"\a.exe", level: str = "high"
) -> str:
    return RULE.format(title=title, id=ID.format(number), field=field, value=value, level=level)


def write(root: Path, files: dict[str, str]) -> Path:
    """Files of a repository, by their paths from its root on; a rule's folder may be left out."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def pack(root: Path, files: dict[str, str]) -> Pack:
    return load_pack(write(root, files))


def sides(root: Path, before: dict[str, str], after: dict[str, str]) -> tuple[Pack, Pack]:
    """Two states of a pack."""
    return pack(root / "before", before), pack(root / "after", after)
