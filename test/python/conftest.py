"""Starts the simulated target and a gateway in front of another one, once for all tests."""

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TARGETS = os.environ.get("TEST_TARGETS", "simulator gateway").split()


@dataclass(frozen=True)
class Target:
    """Where a program's calls go."""

    base_url: str
    api_key: str

    @property
    def settings(self) -> dict[str, str]:
        """Gives the two settings that a program changes."""
        return {"base_url": self.base_url, "api_key": self.api_key}


@dataclass(frozen=True)
class Gateway(Target):
    """The gateway, with the harness that can create keys and look at what reached the target."""

    control: str

    def create_key(self, groups: list[str] | None = None, ttl: str = "8h") -> str:
        """Creates a service account and gives its key."""
        body = json.dumps({"groups": groups or ["developers"], "ttl": ttl}).encode()
        with urllib.request.urlopen(f"{self.control}/keys", data=body, timeout=60) as answer:
            return answer.read().decode()

    def traces(self) -> list[dict]:
        """Lists the traces that stand beside sessions."""
        with urllib.request.urlopen(f"{self.control}/traces", timeout=60) as answer:
            return json.loads(answer.read())

    def authorizations(self) -> list[str]:
        """Lists the authorization headers that reached the target."""
        with urllib.request.urlopen(f"{self.control}/authorizations", timeout=60) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="session")
def served():
    """Starts the servers; ends them by closing their input."""
    arguments = ["simulator"] if TARGETS == ["simulator"] else []
    process = subprocess.Popen(
        ["node", str(HERE / "serve.ts"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        pytest.fail("The servers did not start.")
    yield json.loads(line)
    process.stdin.close()
    process.wait(60)


@pytest.fixture(scope="session", params=TARGETS)
def target(request, served) -> Target:
    """Gives the simulated target itself, then the gateway before it."""
    return Target(**served["targets"][request.param])


@pytest.fixture(scope="session")
def gateway(served) -> Gateway:
    """Gives the gateway."""
    return Gateway(**served["targets"]["gateway"], control=served["control"])
