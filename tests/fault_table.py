"""The faults that tests make happen, and what came of each, as a table in the documents: `make faults` writes it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "explanation" / "shared-store.md"
BEGIN, END = "<!-- faults -->", "<!-- end of faults -->"
TESTS = (
    "tests/shared_store",
    "tests/test_store_postgres.py",
    "tests/test_failover.py",
    "tests/test_grants_fleet_key.py",
    "tests/test_replay.py",
)


def tell(fault: str, outcome: str) -> None:
    """Say what came of a fault, at the end of the test that has made it happen: the documents must say the same."""
    path = os.environ.get("FAULTS_TOLD")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps([fault, outcome]) + "\n")
    else:
        assert _row(fault, outcome) in PAGE.read_text(encoding="utf-8"), "run: make faults"


def table(told: list[tuple[str, str]]) -> str:
    """Write each fault once, in the order of the tests."""
    rows = "\n".join(_row(fault, outcome) for fault, outcome in dict(told).items())
    return f"| what happens | what comes of it |\n|---|---|\n{rows}"


def _row(fault: str, outcome: str) -> str:
    return f"| {fault} | {outcome} |"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "told")
        environ = {**os.environ, "FAULTS_TOLD": str(results), "CI": "true"}  # a part that is missing is an error
        subprocess.run([sys.executable, "-m", "pytest", "-m", "real", *TESTS], cwd=TOP, env=environ, check=True)
        told = [tuple(json.loads(line)) for line in results.read_text(encoding="utf-8").splitlines()]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table(told)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
