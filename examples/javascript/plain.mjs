// One streamed answer. Reads OPENAI_BASE_URL and OPENAI_API_KEY; needs: npm install openai
import OpenAI from "openai";

try {
  const stream = await new OpenAI().responses.create({ model: "gpt-5", input: "Say hello.", stream: true });
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") process.stdout.write(event.delta);
  }
  console.log();
} catch (error) {
  if (!(error instanceof OpenAI.PermissionDeniedError)) throw error;
  console.log(`Refused (${error.code}): ${error.message}`);
}
