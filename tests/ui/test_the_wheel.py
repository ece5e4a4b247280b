"""What is installed has the web interface, as it lies in a clone."""

import subprocess
import sys
import zipfile
from pathlib import Path

from service.http.ui.assets import FOLDER

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_the_files_of_the_web_interface_byte_for_byte(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    built = subprocess.run(
        [uv, "build", "--wheel", "--out-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        installed = {
            name.removeprefix("service/ui/"): packed.read(name)
            for name in packed.namelist()
            if name.startswith("service/ui/")
        }
    cloned = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in FOLDER.rglob("*")
        if path.is_file()
    }
    assert installed == cloned
    assert {"index.html", "main.js"} <= set(installed)
