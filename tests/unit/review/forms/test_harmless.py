from __future__ import annotations

import pytest

from sigma_xdr.review.forms.harmless import APART, harmless


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::stop-commands::x", f":{APART}:stop-commands::x"),
        ("   ::add-mask::x", f"   :{APART}:add-mask::x"),
        ("a ##[error]b", f"a ##{APART}[error]b"),
        ("DateTime::Now", "DateTime::Now"),
        ("# a", "# a"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\t::error::x", "\\t::error::x"),
        ("", ""),
    ],
)
def test_a_line_is_no_command(line: str, shown: str) -> None:
    assert harmless(line) == shown
