// Asks with short-lived tokens, got by `tollgate token` when the last one nears its end; what stands behind this file's
// name says who you are, as for that command. Reads OPENAI_BASE_URL and TOLLGATE_URL; needs: npm install openai
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import OpenAI from "openai";

let token = { text: "", until: 0 };

async function getToken() {
  if (Date.now() >= token.until) {
    const { stdout } = await promisify(execFile)("tollgate", ["token", "--json", ...process.argv.slice(2)]);
    const { access_token: text, expires_in: seconds } = JSON.parse(stdout);
    token = { text, until: Date.now() + seconds * 500 };
  }
  return token.text;
}

// The client asks for its key before each call, and before each retry.
const client = new OpenAI({ apiKey: getToken });
console.log((await client.responses.create({ model: "gpt-5", input: "Say hello." })).output_text);
