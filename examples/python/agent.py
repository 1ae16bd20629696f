"""An agent with a tool, streamed. Reads OPENAI_BASE_URL and OPENAI_API_KEY; needs: pip install openai-agents

Set OPENAI_AGENTS_DISABLE_TRACING=1 too, or its traces, prompts included, go to OpenAI and past the gateway.
"""

import asyncio

from agents import Agent, Runner, function_tool


@function_tool
def get_weather(city: str) -> str:
    return f"It is sunny in {city}."


async def main() -> None:
    agent = Agent(name="Weather", instructions="Use the tool.", model="gpt-5", tools=[get_weather])
    result = Runner.run_streamed(agent, "What is the weather in Oslo?")
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            print(event.data.delta, end="", flush=True)
    print()


asyncio.run(main())
