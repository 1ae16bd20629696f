"""WebSockets with the PyPI packages, unmodified: the Responses API, the Realtime API, and agents over either."""

import asyncio

import pytest
from agents import Agent, OpenAIProvider, RunConfig, Runner, function_tool
from openai import AsyncOpenAI

MODEL = "gpt-4.1"


async def ask(connection, **body):
    """Sends one request and gives what comes until its end."""
    await connection.response.create(model=body.pop("model", MODEL), **body)
    events = []
    async for event in connection:
        events.append(event)
        if event.type in ("response.completed", "response.failed", "response.incomplete", "error"):
            return events
    raise AssertionError("The socket closed.")


def test_two_turns_over_one_socket(target):
    async def run():
        async with AsyncOpenAI(**target.settings).responses.connect() as connection:
            first = await ask(connection, input="echo: one")
            second = await ask(connection, input="echo: two", previous_response_id=first[-1].response.id)
            return first[-1].response, second[-1].response

    first, second = asyncio.run(run())
    assert first.output_text == "one"
    assert second.output_text == "two"
    assert second.previous_response_id == first.id


def test_a_refusal_is_an_error_event_and_the_socket_stays(gateway):
    async def run():
        async with AsyncOpenAI(**gateway.settings).responses.connect() as connection:
            refused = await ask(connection, model="davinci-002", input="echo: no")
            return refused[-1], (await ask(connection, input="echo: yes"))[-1]

    refused, after = asyncio.run(run())
    assert refused.type == "error"
    assert refused.code == "model_not_allowed"
    assert after.response.output_text == "yes"


def to_config(target):
    """Makes a run's settings; the client has to live in the run's own event loop."""
    client = AsyncOpenAI(**target.settings, max_retries=0)
    provider = OpenAIProvider(openai_client=client, use_responses=True, use_responses_websocket=True)
    return RunConfig(model_provider=provider, tracing_disabled=True)


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: Where.
    """
    return f"Sunny in {city}"


def test_an_agent_with_a_tool(target):
    async def run():
        agent = Agent(name="Helper", model=MODEL, tools=[get_weather])
        prompt = 'call get_weather {"city":"Ulm"}\nthen\necho: done'
        return await Runner.run(agent, prompt, run_config=to_config(target))

    assert asyncio.run(run()).final_output == "done"


def test_an_agent_is_told_why_it_is_refused(gateway):
    async def run():
        agent = Agent(name="Helper", model="davinci-002")
        return await Runner.run(agent, "echo: no", run_config=to_config(gateway))

    with pytest.raises(Exception, match="model_not_allowed"):
        asyncio.run(run())


def test_realtime(gateway):
    settings = {"base_url": gateway.base_url, "api_key": gateway.create_key(["admins"])}

    async def run():
        async with AsyncOpenAI(**settings).realtime.connect(model="gpt-realtime") as connection:
            content = [{"type": "input_text", "text": "echo: hello"}]
            await connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": content}
            )
            await connection.response.create()
            async for event in connection:
                if event.type == "response.done":
                    return event.response
        return None

    assert "hello" in asyncio.run(run()).model_dump_json()


def test_realtime_with_a_client_secret(gateway):
    settings = {"base_url": gateway.base_url, "api_key": gateway.create_key(["admins"])}
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be kind."}

    async def run():
        made = await AsyncOpenAI(**settings).realtime.client_secrets.create(session=session)
        client = AsyncOpenAI(base_url=gateway.base_url, api_key=made.value)
        async with client.realtime.connect(model="gpt-realtime") as connection:
            content = [{"type": "input_text", "text": "echo: hello"}]
            await connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": content}
            )
            await connection.response.create()
            settings_told = None
            async for event in connection:
                if event.type == "session.updated":
                    settings_told = event.session
                if event.type == "response.done":
                    return made, settings_told, event.response
        return None

    made, told, response = asyncio.run(run())
    assert made.value.startswith("ek_tg_")
    assert made.session.instructions == "Be kind."
    assert told.instructions == "Be kind."
    assert "hello" in response.model_dump_json()


def test_realtime_is_not_for_everybody(gateway):
    async def run():
        async with AsyncOpenAI(**gateway.settings).realtime.connect(model="gpt-realtime"):
            pass

    with pytest.raises(Exception, match="403"):
        asyncio.run(run())
