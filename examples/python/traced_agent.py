"""An agent whose traces go to the gateway. Reads OPENAI_BASE_URL and OPENAI_API_KEY; needs: pip install openai-agents

The exporter of the SDK has an address of its own, which no variable changes: this line points it here.
"""

import asyncio
import os

from agents import Agent, Runner, flush_traces, trace
from agents.tracing.processors import default_exporter

default_exporter().endpoint = os.environ["OPENAI_BASE_URL"] + "/traces/ingest"


async def main() -> None:
    agent = Agent(name="Weather", instructions="Be short.", model="gpt-5")
    with trace("Weather report", group_id="oslo"):
        result = await Runner.run(agent, "What is the weather like in Oslo in May?")
    print(result.final_output)


asyncio.run(main())
flush_traces()
