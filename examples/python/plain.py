"""One streamed answer. Reads OPENAI_BASE_URL and OPENAI_API_KEY; needs: pip install openai"""

from openai import OpenAI, PermissionDeniedError

try:
    with OpenAI().responses.stream(model="gpt-5", input="Say hello.") as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
    print()
except PermissionDeniedError as error:
    print(f"Refused ({error.code}): {error.message}")
