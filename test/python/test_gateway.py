"""What Python programs meet at the gateway only: refusals, denied calls, keys."""

import asyncio
import time

import openai
import pytest
from agents import (
    Agent,
    OpenAIProvider,
    RunConfig,
    Runner,
    custom_span,
    function_tool,
    set_trace_processors,
    set_tracing_disabled,
    trace,
)
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, ConfigDict

MODEL = "gpt-4.1"
DROP = 'call run_sql {"query":"DROP DATABASE production"}'
PARAMETERS = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
SQL = {"type": "function", "name": "run_sql", "strict": False, "parameters": PARAMETERS}
CHAT_SQL = {"type": "function", "function": {"name": "run_sql", "parameters": PARAMETERS}}


class Address(BaseModel):
    model_config = ConfigDict(strict=True)
    street: str
    number: int


class Person(BaseModel):
    model_config = ConfigDict(strict=True)
    name: str
    ssn: str
    salary: float
    address: Address


def test_parses_structured_output_with_its_fields_masked(gateway):
    key = gateway.create_key(["developers", "masked"])
    client = OpenAI(base_url=gateway.base_url, api_key=key, max_retries=0)
    parsed = client.responses.parse(model=MODEL, input="Describe Ada", text_format=Person).output_parsed
    masked = "[REDACTED:field]"
    assert (parsed.ssn, parsed.salary, parsed.address) == (masked, 0, Address(street=masked, number=0))
    assert parsed.name != masked
    with client.responses.stream(model=MODEL, input="Describe Ada", text_format=Person) as stream:
        assert stream.get_final_response().output_parsed == parsed
    messages = [{"role": "user", "content": "Describe Ada"}]
    chat = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Person)
    assert chat.choices[0].message.parsed == parsed
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=Person) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == parsed


@pytest.fixture(scope="module")
def client(gateway):
    return OpenAI(base_url=gateway.base_url, api_key=gateway.create_key(), max_retries=0)


def run(agent, prompt, gateway, use_responses: bool, streamed: bool):
    """Runs an agent with the client in the run's own event loop."""

    async def go():
        client = AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0)
        provider = OpenAIProvider(openai_client=client, use_responses=use_responses)
        config = RunConfig(model_provider=provider, tracing_disabled=True)
        if not streamed:
            return await Runner.run(agent, prompt, run_config=config)
        result = Runner.run_streamed(agent, prompt, run_config=config)
        async for _ in result.stream_events():
            pass
        return result

    return asyncio.run(go())


def sql_agent():
    statements: list[str] = []

    @function_tool
    def run_sql(query: str) -> str:
        """Runs a statement.

        Args:
            query: The statement.
        """
        statements.append(query)
        return "1 row"

    return Agent(name="Analyst", model=MODEL, tools=[run_sql]), statements


def test_a_model_outside_the_groups_raises_permission_denied(client):
    for stream in (False, True):
        with pytest.raises(openai.PermissionDeniedError) as raised:
            client.responses.create(model="davinci-002", input="echo: hello", stream=stream)
        assert raised.value.code == "model_not_allowed"
        assert raised.value.response.headers["x-should-retry"] == "false"
        assert raised.value.response.headers["x-tollgate-exchange-id"]
        assert raised.value.request_id


@pytest.mark.parametrize("use_responses", [True, False], ids=["responses", "chat"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_an_agent_never_runs_a_denied_call_and_goes_on(gateway, use_responses, streamed):
    agent, statements = sql_agent()
    first = run(agent, f"reason\n{DROP}", gateway, use_responses, streamed)
    assert statements == []
    assert "sql_destructive" in first.final_output
    question = {"role": "user", "content": 'reason\ncall run_sql {"query":"SELECT 1"}'}
    second = run(agent, [*first.to_input_list(), question], gateway, use_responses, streamed)
    assert second.final_output == "1 row"
    assert statements == ["SELECT 1"]


def test_an_agent_outside_its_models_raises_permission_denied(gateway):
    with pytest.raises(openai.PermissionDeniedError) as raised:
        run(Agent(name="Helper", model="davinci-002"), "echo: hello", gateway, True, True)
    assert raised.value.code == "model_not_allowed"


def test_a_denied_call_leaves_no_trace_in_a_stream(client):
    with client.responses.stream(model=MODEL, input=DROP, tools=[SQL]) as stream:
        seen = "".join(event.type for event in stream)
        final = stream.get_final_response()
    assert "function_call" not in seen
    assert [item.type for item in final.output] == ["message"]
    assert "sql_destructive" in final.output_text
    with client.chat.completions.stream(model=MODEL, messages=[{"role": "user", "content": DROP}], tools=[CHAT_SQL]) as stream:
        completion = stream.get_final_completion()
    assert completion.choices[0].finish_reason == "stop"
    assert "sql_destructive" in completion.choices[0].message.content


def test_a_denied_call_does_not_block_a_history_kept_at_the_target(client):
    first = client.responses.create(model=MODEL, input=f"reason\n{DROP}", tools=[SQL])
    following = client.responses.create(model=MODEL, input="echo: go on", previous_response_id=first.id, tools=[SQL])
    assert following.output_text == "go on"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_expired_key_is_asked_for_again_where_it_is_callable(gateway, asynchronous):
    keys = [gateway.create_key(ttl="1s"), gateway.create_key()]
    time.sleep(1.5)
    asked = []

    def next_key() -> str:
        asked.append(keys[min(len(asked), 1)])
        return asked[-1]

    async def next_key_later() -> str:
        return next_key()

    async def create() -> str:
        async with AsyncOpenAI(base_url=gateway.base_url, api_key=next_key_later) as client:
            return (await client.responses.create(model=MODEL, input="echo: fresh")).output_text

    if asynchronous:
        assert asyncio.run(create()) == "fresh"
    else:
        client = OpenAI(base_url=gateway.base_url, api_key=next_key)
        assert client.responses.create(model=MODEL, input="echo: fresh").output_text == "fresh"
    assert asked == keys


def test_a_key_that_nobody_knows_raises_authentication_error(gateway):
    client = OpenAI(base_url=gateway.base_url, api_key="tg_unknown")
    with pytest.raises(openai.AuthenticationError) as raised:
        client.responses.create(model=MODEL, input="echo: no")
    assert raised.value.code == "token_invalid"


def test_a_key_never_reaches_the_target(gateway, client):
    client.responses.create(model=MODEL, input="echo: hello")
    assert not any("tg_" in header for header in gateway.authorizations())


def test_the_exporter_of_traces_delivers_to_the_gateway(gateway, caplog):
    caplog.set_level("DEBUG", logger="openai.agents")
    exporter = BackendSpanExporter(
        api_key=gateway.create_key(), endpoint=f"{gateway.base_url}/traces/ingest", max_retries=1
    )
    processor = BatchTraceProcessor(exporter)
    set_trace_processors([processor])
    set_tracing_disabled(False)
    try:
        with trace("Traced", group_id="group-of-runs"), custom_span("step", {"text": "weather"}):
            pass
        processor.force_flush()
    finally:
        set_tracing_disabled(True)
        processor.shutdown()
    assert "Exported 2 items" in caplog.text
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
