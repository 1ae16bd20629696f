"""The PyPI client `openai`, unmodified: texts, streams, tools, structured output, stored objects, errors, retries."""

import asyncio
import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

MODEL = "gpt-4.1"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
WEATHER = {"type": "function", "name": "get_weather", "strict": True, "parameters": SCHEMA}
CHAT_WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}


class Thing(BaseModel):
    name: str
    count: int
    tags: list[str]


@pytest.fixture
def client(target):
    return OpenAI(**target.settings, max_retries=0)


def user(content: str) -> list[dict]:
    return [{"role": "user", "content": content}]


def test_gives_a_text(client):
    response = client.responses.create(model=MODEL, input="echo: hello")
    assert response.output_text == "hello"
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response._request_id
    chat = client.chat.completions.create(model=MODEL, messages=user("echo: hello"))
    assert chat.choices[0].message.content == "hello"


def test_streams_a_text_event_by_event(client):
    events = list(client.responses.create(model=MODEL, input="stream 50", stream=True))
    assert sum(event.type == "response.output_text.delta" for event in events) == 50
    assert events[-1].type == "response.completed"
    chunks = list(client.chat.completions.create(model=MODEL, messages=user("stream 50"), stream=True))
    assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) == 50
    assert all(chunk.usage is None for chunk in chunks)
    counted = list(
        client.chat.completions.create(
            model=MODEL, messages=user("stream 5"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert counted[-1].choices == [] and counted[-1].usage.total_tokens > 0


def test_feeds_the_stream_helpers_to_their_final_answers(client):
    prompt = 'reason\ncall get_weather {"city":"Oslo"}'
    with client.responses.stream(model=MODEL, input=prompt, tools=[WEATHER]) as stream:
        deltas = "".join(event.delta for event in stream if event.type == "response.function_call_arguments.delta")
        final = stream.get_final_response()
    assert deltas == '{"city":"Oslo"}'
    assert [item.type for item in final.output] == ["reasoning", "function_call"]
    two = 'call get_weather {"city":"Oslo"}; call get_weather {"city":"Rome"}'
    with client.chat.completions.stream(model=MODEL, messages=user(two), tools=[CHAT_WEATHER]) as stream:
        completion = stream.get_final_completion()
    calls = completion.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Oslo", "Rome"]


def test_serves_the_asynchronous_client(target):
    async def run() -> tuple[str, int]:
        async with AsyncOpenAI(**target.settings, max_retries=0) as client:
            response = await client.responses.create(model=MODEL, input="echo: hello")
            async with client.responses.stream(model=MODEL, input="stream 20") as stream:
                deltas = [event async for event in stream if event.type == "response.output_text.delta"]
            return response.output_text, len(deltas)

    assert asyncio.run(run()) == ("hello", 20)


def test_parses_structured_output(client):
    parsed = client.responses.parse(model=MODEL, input="Describe", text_format=Thing)
    assert isinstance(parsed.output_parsed, Thing)
    with client.responses.stream(model=MODEL, input="Describe", text_format=Thing) as stream:
        assert stream.get_final_response().output_parsed == parsed.output_parsed
    chat = client.chat.completions.parse(model=MODEL, messages=user("Describe"), response_format=Thing)
    assert isinstance(chat.choices[0].message.parsed, Thing)


def test_carries_a_call_and_its_output_both_ways(client):
    history = user("What is the weather in Paris?")
    first = client.responses.create(model=MODEL, input=history, tools=[WEATHER])
    call = next(item for item in first.output if item.type == "function_call")
    assert json.loads(call.arguments) == {"city": "Paris"}
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"}
    resent = client.responses.create(model=MODEL, input=[*history, *first.output, output], tools=[WEATHER])
    assert resent.output_text == "Sunny"
    kept = client.responses.create(model=MODEL, input=[output], previous_response_id=first.id, tools=[WEATHER])
    assert kept.output_text == "Sunny"


def test_keeps_stored_objects(client):
    response = client.responses.create(model=MODEL, input="echo: kept")
    assert client.responses.retrieve(response.id).output_text == "kept"
    assert len(list(client.responses.input_items.list(response.id))) == 1
    replay = list(client.responses.retrieve(response.id, stream=True, starting_after=2))
    assert replay[0].sequence_number == 3
    client.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)
    chat = client.chat.completions.create(model=MODEL, messages=user("echo: kept"), store=True)
    assert client.chat.completions.retrieve(chat.id).choices[0].message.content == "kept"
    assert client.chat.completions.update(chat.id, metadata={"topic": "test"}).metadata == {"topic": "test"}
    assert len(list(client.chat.completions.messages.list(chat.id))) == 1
    assert client.chat.completions.delete(chat.id).deleted


def test_runs_in_the_background(client):
    queued = client.responses.create(model=MODEL, input="delay 60s\necho: never", background=True)
    assert queued.status == "queued"
    assert client.responses.retrieve(queued.id).status == "in_progress"
    assert client.responses.cancel(queued.id).status == "cancelled"


@pytest.mark.parametrize(
    ("status", "error_class", "code"),
    [
        (400, openai.BadRequestError, "invalid_value"),
        (404, openai.NotFoundError, "model_not_found"),
        (429, openai.RateLimitError, "rate_limit_exceeded"),
        (500, openai.InternalServerError, None),
    ],
)
def test_raises_the_targets_errors_as_their_classes(client, status, error_class, code):
    for stream in (False, True):
        with pytest.raises(error_class) as raised:
            client.responses.create(model=MODEL, input=f"fail {status}", stream=stream)
        assert (raised.value.status_code, raised.value.code) == (status, code)
    with pytest.raises(error_class):
        client.chat.completions.create(model=MODEL, messages=user(f"fail {status}"))


def test_retries_what_may_be_retried(target):
    client = OpenAI(**target.settings, max_retries=2)
    assert client.responses.create(model=MODEL, input="fail 429 once\necho: later").output_text == "later"
    assert client.responses.create(model=MODEL, input="fail 500 twice\necho: later").output_text == "later"
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model=MODEL, input="fail 429 3 times\necho: later")


def test_raises_an_error_in_the_middle_of_a_chat_stream(client):
    stream = client.chat.completions.create(model=MODEL, messages=user("stream 20\nfail mid-stream"), stream=True)
    with pytest.raises(openai.APIError):
        list(stream)


def test_raises_when_the_connection_breaks_in_the_middle_of_a_stream(client):
    with pytest.raises(openai.APIError):
        list(client.responses.create(model=MODEL, input="stream 50\nreset mid-stream", stream=True))
