"""Process creations: whole rows of recorded events."""

from __future__ import annotations

from pathlib import Path

from tests.unit.telemetry.samples import columns, corpus_records, security


def test_by_sysmon(corpus: Path) -> None:
    records = corpus_records(corpus / "evtx_attack_samples" / "LM_wmiexec_impacket_sysmon_whoami.evtx")
    process = next(record for record in records if record.event_id == 1)
    assert columns(process) == [
        {
            "ActionType": "ProcessCreated",
            "FileName": "cmd.exe",
            "FolderPath": r"C:\Windows\System32\cmd.exe",
            "MD5": "ad7b9c14083b52bc532fba5948342b98",
            "SHA1": "ee8cbf12d87c4d388f09b4f69bed2e91682920b5",
            "SHA256": "17f746d82695fa9b35493b41859d39d786d32b23a9d2e00f4011dec7a02402ae",
            "ProcessId": 3840,
            "ProcessCommandLine": r"cmd.exe /Q /c cd \ 1> \\127.0.0.1\ADMIN$\__1556656369.7 2>&1",
            "ProcessVersionInfoFileDescription": "Windows Command Processor",
            "ProcessVersionInfoProductName": "Microsoft® Windows® Operating System",
            "ProcessVersionInfoCompanyName": "Microsoft Corporation",
            "AccountDomain": "iewin7",
            "AccountName": "ieuser",
            "LogonId": 1913149,
            "CreatedProcessSessionId": 0,
            "ProcessIntegrityLevel": "High",
            "InitiatingProcessFileName": "WmiPrvSE.exe",
            "InitiatingProcessFolderPath": r"c:\windows\system32\wbem\wmiprvse.exe",
            "InitiatingProcessCommandLine": "wmiprvse.exe -secured -Embedding",
            "InitiatingProcessId": 836,
        }
    ]


def test_by_the_security_log(corpus: Path) -> None:
    """An older Windows: neither the parent's image nor the integrity level is there."""
    records = corpus_records(corpus / "evtx_to_mitre" / "ID4688-Delete_VSS_backup_WMI_.evtx")
    assert columns(records[0]) == [
        {
            "ActionType": "ProcessCreated",
            "FileName": "WMIC.exe",
            "FolderPath": r"C:\Windows\System32\wbem\WMIC.exe",
            "ProcessId": 300,
            "ProcessCommandLine": "wmic  shadowcopy delete /nointeractive",
            "AccountDomain": "offsec",
            "AccountName": "admmig",
            "AccountSid": "S-1-5-21-4230534742-2542757381-3142984815-1111",
            "LogonId": 88262525,
            "ProcessTokenElevation": "TokenElevationTypeFull",
            "InitiatingProcessId": 2372,
            "InitiatingProcessAccountDomain": "offsec",
            "InitiatingProcessAccountName": "admmig",
            "InitiatingProcessAccountSid": "S-1-5-21-4230534742-2542757381-3142984815-1111",
        }
    ]


def test_levels_have_their_names() -> None:
    levels = ("S-1-16-4096", "S-1-16-8192", "S-1-16-12288", "S-1-16-16384", "S-1-16-0", "-")
    rows = [columns(security(4688, MandatoryLabel=level))[0] for level in levels]
    found = [row.get("ProcessIntegrityLevel") for row in rows]
    assert found == ["Low", "Medium", "High", "System", "S-1-16-0", None]
