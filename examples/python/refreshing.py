"""Asks with short-lived tokens, got by `tollgate token` when the last one nears its end; what stands behind this file's
name says who you are, as for that command. Reads OPENAI_BASE_URL and TOLLGATE_URL; needs: pip install openai"""

import json
import subprocess
import sys
import time

from openai import OpenAI

token = {"text": "", "until": 0.0}


def get_token():
    if time.monotonic() >= token["until"]:
        said = subprocess.check_output(["tollgate", "token", "--json", *sys.argv[1:]])
        answer = json.loads(said)
        token.update(text=answer["access_token"], until=time.monotonic() + answer["expires_in"] / 2)
    return token["text"]


# The client asks for its key before each call, and before each retry.
client = OpenAI(api_key=get_token)
print(client.responses.create(model="gpt-5", input="Say hello.").output_text)
