"""The pipeline and the backend are found by pySigma's own plugin discovery, and by sigma-cli without our command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sigma.plugins import InstalledSigmaPlugins

ROOT = Path(__file__).parents[2]


def test_pysigma_discovers_both() -> None:
    plugins = InstalledSigmaPlugins.autodiscover(include_validators=False)
    assert plugins.pipelines["sigma_xdr"]().name == "Sigma to Microsoft Defender XDR"
    assert plugins.backends["sigma_xdr"].name == "Microsoft Defender XDR (KQL)"


def sigma(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from sigma.cli.main import main; main()", "convert", "-t", "sigma_xdr", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_sigma_cli_converts_with_them(tmp_path: Path) -> None:
    rule = "sigma_rules/impact/proc_creation_win_wmic_shadowcopy_delete.yml"
    out = tmp_path / "out.kql"
    done = sigma("-p", "sigma_xdr", "-o", str(out), rule)
    assert done.returncode == 0, done.stderr
    golden = ROOT / "tests" / "golden" / "impact" / "proc_creation_win_wmic_shadowcopy_delete.kql"
    assert out.read_text().rstrip("\n") == golden.read_text().rstrip("\n")


def test_sigma_cli_goes_on_after_a_rule_that_is_refused(tmp_path: Path) -> None:
    good = ROOT / "sigma_rules" / "impact" / "proc_creation_win_wmic_shadowcopy_delete.yml"
    (tmp_path / "good.yml").write_text(good.read_text())
    (tmp_path / "bad.yml").write_text(
        "title: Bad\nlogsource: {category: ps_script, product: windows}\n"
        "detection: {selection: {ScriptBlockText: x}, condition: selection}\n"
    )
    out = tmp_path / "out.kql"
    done = sigma("-p", "sigma_xdr", "--skip-unsupported", "-o", str(out), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "the text of script blocks (PowerShell 4104) is not in the hunting tables" in done.stderr + done.stdout
    assert out.read_text().count("| project") == 1
