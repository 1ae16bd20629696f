"""Records what goes over the wire between a client and its target, so that it can be compared: ids and times aside."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
from openai import OpenAI

HEADERS = ("accept-ranges", "content-disposition", "content-range", "content-type", "location", "openai-poll-after-ms", "openai-version", "retry-after")
ID = re.compile(r"(?<![\w-])(?:(?:[a-z]+[_-])+[0-9a-f]{12,}\w*|ft:[\w:.-]+|[0-9a-f]{32}\b|gAAAAAB[\w-]+)")


@dataclass
class Transcript:
    """What went over the wire, call by call."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def record(self, response: httpx.Response) -> None:
        """Keeps one answer; a stream is read to its end first."""
        response.read()
        path = response.request.url.path.removeprefix("/v1")
        headers = {name: self.rename(response.headers[name]) for name in HEADERS if name in response.headers}
        if response.status_code >= 400:
            headers = {name: value for name, value in headers.items() if name == "content-type"}
        self.calls.append(
            {
                "call": f"{response.request.method} {self.rename(path)}",
                "status": response.status_code,
                "headers": headers,
                "body": self.body(response),
            }
        )

    def body(self, response: httpx.Response) -> Any:
        """Gives a body that can be compared; an error's sentence is for people."""
        type_ = response.headers.get("content-type", "")
        if type_.startswith("application/json"):
            value = json.loads(response.content)
            if response.status_code == 404:
                return None
            if response.status_code >= 400:
                return {"type": value["error"]["type"], "code": value["error"]["code"]}
            # A list of the account holds others' objects at the target itself.
            return self.walk(value) if value.get("object") != "list" else {"object": "list"}
        if type_.startswith(("text/", "application/sdp")):
            frames = [line for line in response.text.split("\n") if not line.startswith(":")]
            return [self.walk(json.loads(line[6:])) if line.startswith("data: {") else self.rename(line) for line in frames if line]
        if response.content.startswith(b'{"'):
            # What a batch wrote is JSON a line, whatever its type says.
            return [self.walk(json.loads(line)) for line in response.content.splitlines()]
        return {"bytes": len(response.content), "sha256": hashlib.sha256(response.content).hexdigest()}

    def walk(self, value: Any) -> Any:
        """Names the ids and takes the times out."""
        if isinstance(value, str):
            return self.rename(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return "<time>" if 1_600_000_000 < value < 2_100_000_000 else value
        if isinstance(value, list):
            return [self.walk(one) for one in value]
        return {key: self.walk(one) for key, one in value.items()}

    def rename(self, text: str) -> str:
        """Gives each id a name by the order in which they appear."""
        return ID.sub(lambda match: self.names.setdefault(match[0], f"<{len(self.names)}>"), text)


def open_client(base_url: str, api_key: str, transcript: Transcript) -> OpenAI:
    """Gives a client that refuses answers that do not fit its types, and whose calls are recorded."""
    http_client = httpx.Client(event_hooks={"response": [transcript.record]}, timeout=60)
    return OpenAI(
        base_url=base_url, api_key=api_key, max_retries=0, http_client=http_client, _strict_response_validation=True
    )
