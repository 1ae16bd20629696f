"""Placeholders with the Python client: values come back to their caller, through two gateways of one database."""

import json
import re
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import TARGETS
from openai import OpenAI

pytestmark = pytest.mark.skipif("gateway" not in TARGETS, reason="There is no gateway.")

EMAIL = "ada.l@example.com"
PLACEHOLDER = re.compile(r"\[EMAIL_[A-Z2-7]{16}\]")


@dataclass(frozen=True)
class Masking:
    """Two gateways of one database, and what tells what reached the target."""

    base_urls: list[str]
    api_key: str
    control: str

    def last_body(self) -> str:
        """Gives what the target was sent last."""
        with urllib.request.urlopen(self.control, timeout=60) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def masking():
    """Starts the servers; ends them by closing their input."""
    process = subprocess.Popen(
        ["node", str(Path(__file__).parent / "serve-pair.ts")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        pytest.fail("The servers did not start.")
    yield Masking(**json.loads(line))
    process.stdin.close()
    process.wait(60)


@pytest.fixture(scope="module")
def clients(masking):
    """Gives the same caller's clients at two gateways."""
    return [OpenAI(base_url=url, api_key=masking.api_key, max_retries=0) for url in masking.base_urls]


def placeholder_of(masking) -> str:
    sent = masking.last_body()
    assert EMAIL not in sent
    return PLACEHOLDER.search(sent).group()


def test_values_come_back_whole_and_streamed(clients, masking):
    for client in clients:
        answer = client.responses.create(model="gpt-4.1", input=f"echo: mail {EMAIL}")
        placeholder_of(masking)
        assert answer.output_text == f"mail {EMAIL}"
        with client.responses.stream(model="gpt-4.1", input=f"echo: mail {EMAIL}") as stream:
            deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            assert deltas == stream.get_final_response().output_text == f"mail {EMAIL}"
        messages = [{"role": "user", "content": f"echo: mail {EMAIL}"}]
        chunks = client.chat.completions.create(model="gpt-4.1", messages=messages, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == f"mail {EMAIL}"


def test_values_come_back_at_the_gateway_that_goes_on(clients, masking):
    one, other = clients
    first = one.responses.create(model="gpt-4.1", input=f"echo: mail {EMAIL}")
    placeholder = placeholder_of(masking)
    asked = {"model": "gpt-4.1", "input": f"echo: to {placeholder}"}
    assert other.responses.create(**asked, previous_response_id=first.id).output_text == f"to {EMAIL}"
    assert other.responses.retrieve(first.id).output_text == f"mail {EMAIL}"
    # A session of its own was given none.
    assert other.responses.create(**asked).output_text == f"to {placeholder}"


def test_a_conversation_goes_on_at_the_other_gateway(clients, masking):
    one, other = clients
    conversation = one.conversations.create().id
    one.responses.create(model="gpt-4.1", conversation=conversation, input=f"echo: mail {EMAIL}")
    placeholder = placeholder_of(masking)
    next_answer = other.responses.create(
        model="gpt-4.1", conversation=conversation, input=f"echo: to {placeholder}"
    )
    assert next_answer.output_text == f"to {EMAIL}"
