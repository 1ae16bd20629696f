// What the published API writes by itself: enumerated values such as `response.output_text.delta`, ids, padding.

const WORDS: ReadonlySet<string> = new Set(
  `
  aac accepted access action active added additional agent agents alert allowed allowlist alloy already
  always and annotation answer answered append appended apply approval approximate archived arguments
  artifact ash assistant assistants audio authentication auto automation automations back ballad basic
  batch beacon bearer block bossa browser buffer cache cached call calling calls cancel canceled cancelled
  cancelling case cedar chat chatkit check checkpoint choice chunk cinder citation clear cleared click
  client close closed closing code command commentary commit committed compacting compaction comparison
  completed completion completions computer concise configuration connected connecting connection
  connector consent container content conversation coral create created creation credential critic custom
  data deactivation decision decisions default delegation delete deleted delta detailed developer diarized
  direct disabled disconnected discriminator done double dpo drag dropbox dtmf duration echo edit
  embedding enabled encrypted endpoint environment eq error eval evals event exec execution existing exit
  expired explicit fail failed far fast field file files filter final finalizing find fine fixture flac
  flex float followup for forward found function generate generating generation gif gleam gmail
  googlecalendar googledrive grammar grant group gt gte hd high hit hosted http id idle image implicit in
  incoming incomplete info inject inline input instructions interpreter interpreting interrupt invalid
  invocation issued item job jpeg json jsonl keypress label lark last left length limited limits linux
  list live local locked logprobs logs low lt lte mac manual many marin max mcp medium memory meridian
  message messages metrics microsoftteams minimal miss model moderation move multi mute muted namespace ne
  near never new nin none not oauth object once opaque open openai opus or org origin original other
  outlookcalendar outlookemail output outputs page part partial pass patch path paused pending periodic
  permission pilot play played playing png post predicate preview priority processed program programmatic
  progress prompt protocol provenance python quartz queued quoted rate ratio raw ready realtime reasoning
  received reconnected reconnecting reference refusal regex reinforcement removed request required
  requires reset response responses result results resume retention retrieve retrieved right ringing
  ripple run running safety sage sample scale schema score screenshot scroll search searching secret
  segment self semantic send sent server session sharepoint shell shida shimmer similarity sip skill
  skipped sources spawn speech srt sse standard start started static stdio steer steering steers step
  stone stop stopped store stored string subagent subagents subject submit succeeded successor summary
  supervised supported suspended svg synthid system task temp template tempo test text thinking thought
  thread tier timeout token tokens too tool tools trace transcript transcription translation transparent
  transport trigger triggered truncate truncated tuning turn type ubuntu ultrafast unavailable unknown
  unmute unmuted unrestricted update updated upload uploaded url usage use user vad validating variable
  vault vector verbose verse version vesper video vision voice vtt wait waiting wandb warning wav web
  webhook webp webrtc wheel widget willow windows xhigh
  `
    .trim()
    .split(/\s+/),
);

const LONGEST = 80;
/** What the provider begins ids with; behind it stand letters and digits at random. */
const ISSUED =
  /^(?:asst|batch|call|cfile|chatcmpl|ci|cmp|cmpl|cntr|conv|ctc|cu|eval|evalrun|event|fc|file|fp|fs|ftjob|ig|item|lsh|mcp|mcpl|mcpr|modr|msg|part|pmpt|req|resp|rs|run|sess|step|thread|upload|video|vs|vsfb|ws)[_-](?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{6,64}$/;
/** So many digits in a row may be a value all the same. */
const NUMBER = /\d{7}/;
const PADDING = /^[A-Za-z0-9]{0,16}$/;

/** Tells whether a string is one of the API's own words, or an id that the provider issued: nothing to search. */
export function isPlain(text: string): boolean {
  return isApiWord(text) || (ISSUED.test(text) && !NUMBER.test(text));
}

/** Tells whether a string is such as the provider hides the length of a text with. */
export function isPadding(text: string): boolean {
  return PADDING.test(text) && !NUMBER.test(text);
}

/** Tells whether a string is made of the API's own words: nobody's value is, nor a name that a policy looks for. */
function isApiWord(text: string): boolean {
  if (text.length > LONGEST) return false;
  return WORDS.has(text) || text.split(/[._]/).every((word) => WORDS.has(word));
}
