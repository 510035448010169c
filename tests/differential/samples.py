r"""Texts as Windows' records have them, by kind of field: what random rules ask for and random rows hold.

Texts are small on purpose: rules and rows have to meet. Letters that fold beyond ASCII are left to a list of their own,
since Kusto's folding of them is documented for none: see ``UNLIKE_ASCII``.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import new

__all__ = ["ADDRESSES", "AWKWARD", "HOSTILE", "NUMBERS", "POOLS", "REGEXES", "TIMES", "UNLIKE_ASCII"]

#: Letters beyond ASCII that some engine takes for one of ASCII's without case (Kelvin, long s, dotted I, Ångström): no rows hold
#: them. Of rules the compiler itself warns (``unicode-case``).
UNLIKE_ASCII = "\u212a\u017f\u0130\u0131"

#: Hashes as files have them: none is a piece of another.
_MD5, _SHA1, _SHA256 = (new(kind, b"a file").hexdigest() for kind in ("md5", "sha1", "sha256"))

POOLS: Mapping[str, tuple[str, ...]] = {
    "path": (
        *(r"C:\Windows\System32\cmd.exe", r"C:\Windows\System32\wbem\WmiPrvSE.exe", r"C:\x.exe", r"D:\a b\a.exe"),
        *(r"C:\a.exe\a.exe", r"C:\a\b\a\b", r"\\srv\share\tool.exe", r"C:\Users\eve\Temp\x.exe.exe", "System"),
        *(r"\Device\HarddiskVolume3\x.exe", r"C:\Program Files (x86)\中文\x[1].exe", r"C:\Temp\*\a?.exe", "Registry"),
        *(r"C:\exe.exe\exe", r"C:\windows\windows", r"C:\lsass.exe", r"C:\Windows\System32\lsass.exe", r"C:\é\É.dll"),
    ),
    "registry": (
        *(
            r"HKLM\SYSTEM\CurrentControlSet\Services\x\ImagePath",
            r"HKLM\SOFTWARE\Microsoft\Run\a",
            r"HKCU\Software\Run\a",
        ),
        *(r"HKU\S-1-5-21-1-2-3-1001\Software\Run\a", r"HKCR\CLSID\{1-2}\InprocServer32\(Default)", r"HKU\S-1-5-18\Run"),
        *(r"HKLM\SOFTWARE\Defender\Exclusions\Paths\C:\Temp", r"HKLM\SYSTEM\ControlSet001\Control\Lsa\Run\Run"),
        *(r"HKU\S-1-5-21-1-2-3-1001_Classes\CLSID\x", r"HKLM\SOFTWARE\Classes\CLSID\a\(Default)", r"HKLM\System"),
        *(r"HKEY_LOCAL_MACHINE\SOFTWARE\a\b", r"\REGISTRY\MACHINE\SOFTWARE\a", r"HKCU\Control Panel\Desktop\a.exe"),
    ),
    "details": (
        *(
            "DWORD (0x00000001)",
            "DWORD (0x0000000a)",
            "QWORD (0x00000000-0x00000001)",
            "Binary Data",
            "(Empty)",
            "1",
            "10",
        ),
        *(r"C:\Temp\x.exe -a", "0x00000001", "text", "%SystemRoot%\\x", "4294967295"),
    ),
    "account": (
        *(r"NT AUTHORITY\SYSTEM", r"CORP\eve", r"corp\Admin$", r"NT-AUTORITÄT\SYSTEM", "S-1-5-18", r"AUTHORI\eve", "-"),
        *(r"CORP\SYSTEM", r"eve\corp"),
    ),
    "account name": ("SYSTEM", "eve", "Admin$", "-", "ANONYMOUS LOGON", "", "NT AUTHORITY"),
    "command": (
        *("wmic os get caption", 'wmic /node:srv01 process call create "cmd /c whoami"', "cmd -enc SQBFAFgA", ""),
        *(
            '"a.exe" -f',
            "a.exe –f ―x",
            "x\ny",
            "a\\b\\c",
            "50% *? done",
            "\u200b中\u00a0文",
            "powershell -e aQBlAHgA",
            " ",
        ),
        *("a" * 40, "ab" * 8 + "a", "wide: i\x00e\x00x\x00", "SUVY aWV4", "net user /add & exit"),
    ),
    "text": (
        "Windows Command Processor",
        "cmd.exe",
        "user",
        "",
        "-",
        "?",
        "*",
        "a_b",
        "true",
        "80",
        "0x50",
        "ａ",
        "a,b;c|d",
    ),
    "file name": ("cmd.exe", "WMIC.exe", "a.exe", "a", ".exe", "x.exe.exe", "x[1].exe", "中.dll"),
    "device": ("host.corp.example", "HOST", "srv01", ""),
    "pipe": (r"\lsass", r"\Device\NamedPipe\x", "psexec", r"\srvsvc\a", r"\msagent_12"),
    "consumer": (
        *(
            r"CommandLineEventConsumer.Name=\"x\"",
            'CommandLineEventConsumer="x"',
            "ActiveScriptEventConsumer",
            "SCM Event",
        ),
        *('"NTEventLogEventConsumer.Name=\\"SCM Event Log Consumer\\""', "EventConsumer", '="x"', 'Consumer.Name=\\"x'),
    ),
    "mask": ("0x1010", "0x1fffff", "4112", "0x1410"),
    "hash": (_MD5, _SHA1, _SHA256, _SHA256.upper(), "12"),
    "hashes": (
        *(f"SHA1={_SHA1}", f"MD5={_MD5},SHA256={_SHA256}", _MD5, f"SHA256={_SHA256.upper()}"),
        f"SHA1={_SHA1},MD5={_MD5},SHA256={_SHA256}".upper(),
    ),
}
ADDRESSES = (
    *("10.0.0.1", "10.255.255.255", "192.168.1.7", "8.8.8.8", "127.0.0.1", "::1", "fe80::1", "2001:db8::7", ""),
    *("::ffff:10.0.0.1", "0.0.0.0", "169.254.1.1", "10.0.0.1 ", "fe80::1%4", "no address"),
)
NETWORKS = ("10.0.0.0/8", "0.0.0.0/0", "192.168.1.7/32", "::/0", "fe80::/10", "::1/128", "::ffff:0:0/96", "127.0.0.0/8")
NUMBERS = (0, 1, 4, 80, 135, 443, 999, 1024, 4624, 49152, 65535, 2**31 - 1, 2**31, 2**53 + 1, -1)
TIMES = (
    *("2026-01-01T00:00:00Z", "2025-12-29T23:59:59.9999999Z", "2026-08-02T12:30:01.123Z", "2024-02-29T05:06:07Z"),
    *("2027-01-03T23:00:00Z", "2026-10-25T01:30:00Z"),
)
#: Regular expressions that RE2 and Rust's engine read alike, and some that one of them doesn't.
REGEXES = (
    *("cmd", "^cmd", r"\.exe$", "^$", ".*", "", r"a.?b", r"[^\\]+\.exe", r"(?i)WMIC", r"\bnode\b", r"\d{2}", r"\w+-\w+"),
    *(r"^C:\\[a-z]+\\", "x{1,3}$", r"(a|b)+", r"^[^a]*$", r"\s", "é", "中.文", r"(?s)x.y", "^y", r"\\Run\\", r"HKLM\\"),
    *(r"(?=x)", r"\Qa\E", r"^(S|T)", r"[\w.]+\.dll", r"\x20", r"\.", r"^\S+$", r"[[:alpha:]]+", r"a\.Name", "^\\\\"),
)  # fmt: skip
#: What rules hold that their authors didn't think through.
AWKWARD = (
    *("", "*", "?", "**?", "-", "0x10", "S-1-5-18", "HKLM\\X", "HKCU", "HKCR\\\\*", "\\", "a\\b", "*\\x.exe", "\\*", "a\\\\"),
    *("C:\\\\*", "%x%", "(Empty)", "DWORD (0x00000001)", "SHA1=" + "0" * 40, "true", "10.0.0.0/8", "[a-z]+", "\\\\?\\x"),
    *("ControlSet", "System", '" | union x //', "\n", "HKU\\S-1-5-18\\\\*", "Binary Data", "user", "*ControlSet00*"),
    *("lsass.exe", "Wmi execution", "9" * 30, "\\a", "a\\", ":", "*:\\*", "e", ".exe", "\\\\", "*\\a.exe\\*", "exe\\exe"),
)  # fmt: skip
#: What attackers type.
HOSTILE = (
    "'\"", "\\\"", "\x1f", "\x00", "\u202e", "🙂", "\ud83d", "`$(x)", "\r\n", "\u2028", "%s", "|", "//", "]]>", "\x7f",
)  # fmt: skip
