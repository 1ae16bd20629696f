"""Runs the programs of examples/python as a user does, and watches that nothing of theirs goes anywhere else."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"


@pytest.fixture
def outside():
    """Gives a proxy's address and the requests that reach it, past the gateway."""
    asked = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(4096).split(b"\r\n")[0].decode())

    threading.Thread(target=listen, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
    server.close()


def to_env(gateway, proxy, **more):
    """Gives a program's variables: the two that it needs, and a proxy in the way of all that is not the gateway."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENAI_")}
    proxies = {key: proxy for key in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")}
    direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    given = {"OPENAI_BASE_URL": gateway.base_url, "OPENAI_API_KEY": gateway.create_key()}
    return {**kept, **proxies, **direct, **given, **more}


def run(name, gateway, proxy, **more):
    """Runs one; gives what it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        env=to_env(gateway, proxy, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["plain.py", "agent.py"])
def test_prints_an_answer(name, gateway, outside):
    proxy, asked = outside
    assert len(run(name, gateway, proxy, OPENAI_AGENTS_DISABLE_TRACING="1").strip()) > 10
    assert asked == []


def test_traced_agent_sends_its_trace_to_the_gateway(gateway, outside):
    proxy, asked = outside
    assert len(run("traced_agent.py", gateway, proxy).strip()) > 10
    assert asked == []
    [trace] = [trace for trace in gateway.traces() if trace["workflow"] == "Weather report"]
    assert trace["spans"] > 0
    assert trace["failed"] == 0


def test_agent_without_the_line_that_switches_traces_off_sends_them_past_the_gateway(gateway, outside):
    proxy, asked = outside
    process = subprocess.Popen([sys.executable, str(EXAMPLES / "agent.py")], env=to_env(gateway, proxy))
    try:
        end = time.monotonic() + 60
        while "CONNECT api.openai.com:443 HTTP/1.1" not in asked:
            assert time.monotonic() < end, asked
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()


def test_refreshing_asks_a_command_for_its_key(gateway, outside, tmp_path):
    proxy, asked = outside
    answer = json.dumps({"access_token": gateway.create_key(), "expires_in": 60})
    command = tmp_path / "tollgate"
    command.write_text(f"#!{sys.executable}\nimport sys\nassert sys.argv[1:] == ['token', '--json']\nprint({answer!r})\n")
    command.chmod(0o700)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert run("refreshing.py", gateway, proxy, PATH=path, OPENAI_API_KEY="").strip() != ""
    assert asked == []
