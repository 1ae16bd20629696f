"""Agents of the PyPI package `openai-agents`, unmodified, over both APIs, streamed and not."""

import asyncio

import pytest
from agents import Agent, OpenAIProvider, RunConfig, Runner, function_tool
from openai import AsyncOpenAI
from pydantic import BaseModel

MODEL = "gpt-4.1"


class Verdict(BaseModel):
    title: str
    score: int


class Weather:
    """A tool that remembers what it was asked."""

    def __init__(self) -> None:
        self.cities: list[str] = []

        @function_tool
        def get_weather(city: str) -> str:
            """Tells the weather.

            Args:
                city: Where.
            """
            self.cities.append(city)
            return f"Sunny in {city}"

        self.tool = get_weather


@pytest.fixture(params=["responses", "chat"])
def config(request, target):
    """Makes a run's settings; the client has to live in the run's own event loop."""

    def create() -> RunConfig:
        client = AsyncOpenAI(**target.settings, max_retries=0)
        provider = OpenAIProvider(openai_client=client, use_responses=request.param == "responses")
        return RunConfig(model_provider=provider, tracing_disabled=True)

    return create


def run(agent, prompt, config, streamed: bool):
    async def go():
        if not streamed:
            return await Runner.run(agent, prompt, run_config=config())
        result = Runner.run_streamed(agent, prompt, run_config=config())
        async for _ in result.stream_events():
            pass
        return result

    return asyncio.run(go())


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request) -> bool:
    return request.param


def test_calls_a_tool_and_answers_with_its_output(config, streamed):
    weather = Weather()
    agent = Agent(name="Weather", instructions="Use the tool.", model=MODEL, tools=[weather.tool])
    result = run(agent, "What is the weather in Paris?", config, streamed)
    assert result.final_output == "Sunny in Paris"
    assert weather.cities == ["Paris"]


def test_calls_several_tools_at_once_then_others(config, streamed):
    weather = Weather()
    agent = Agent(name="Weather", model=MODEL, tools=[weather.tool])
    prompt = (
        'call get_weather {"city":"Oslo"}; call get_weather {"city":"Rome"}\n'
        'then call get_weather {"city":"Bern"}\n'
        "then echo: done"
    )
    assert run(agent, prompt, config, streamed).final_output == "done"
    assert sorted(weather.cities) == ["Bern", "Oslo", "Rome"]


def test_hands_off_to_another_agent(config, streamed):
    billing = Agent(name="Billing", instructions="You know invoices.", model=MODEL)
    triage = Agent(name="Triage", model=MODEL, handoffs=[billing])
    result = run(triage, "handoff billing\nthen echo: your invoice", config, streamed)
    assert result.final_output == "your invoice"
    assert result.last_agent.name == "Billing"


def test_gives_structured_output(config, streamed):
    agent = Agent(name="Judge", model=MODEL, output_type=Verdict)
    assert isinstance(run(agent, "Judge this", config, streamed).final_output, Verdict)


def test_keeps_the_history_over_turns(config, streamed):
    weather = Weather()
    agent = Agent(name="Weather", model=MODEL, tools=[weather.tool])
    first = run(agent, 'reason\ncall get_weather {"city":"Oslo"}', config, streamed)
    assert first.final_output == "Sunny in Oslo"
    second = run(agent, [*first.to_input_list(), {"role": "user", "content": "reason\necho: and on"}], config, streamed)
    assert second.final_output == "and on"
    third = run(agent, [*second.to_input_list(), {"role": "user", "content": "echo: the end"}], config, streamed)
    assert third.final_output == "the end"
