// Writes a report as one page that needs nothing else: no scripts, nothing fetched, readable in light and dark, and on paper.
import type { Met } from "./fail-on.ts";
import type { Named, Report, ReportedChange } from "./report.ts";
import { CAVEAT, QUIET, toExchanges, toNumber, toPercent, toTitle, toWords } from "./words.ts";

/** Gives the page. `conditions` are those that a pipeline asked about, with what they came to. */
export function toHtml(report: Report, conditions: readonly Met[]): string {
  const { coverage, exchanges, changes } = report;
  const rules = toRules(changes);
  const most = Math.max(1, ...rules.map(({ gained, lost }) => Math.max(gained, lost)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(toTitle(report))}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<p class="kind">Policy replay</p>
<h1>${escape(toTitle(report))}</h1>
<p>${escape(report.scope)} · judged in ${report.seconds.toFixed(1)} s</p>
</header>
<main>
${toConditions(conditions)}
<section class="figures">
${toFigure(exchanges.new_denials, "refused that were not", exchanges.new_denials > 0 ? "gained" : "")}
${toFigure(exchanges.lifted_denials, "no longer refused", exchanges.lifted_denials > 0 ? "lost" : "")}
${toFigure(exchanges.changed, "decided otherwise", "")}
${toFigure(exchanges.unchanged, "decided alike", "")}
</section>
<section>
<h2>Coverage</h2>
<div class="cover" role="img" aria-label="${escape(`${coverage.judged} of ${coverage.exchanges} judged`)}"><span style="width:${toWidth(coverage.judged, coverage.exchanges)}"></span></div>
<p><strong>${toNumber(coverage.judged)}</strong> of ${toNumber(coverage.exchanges)} exchanges could be judged by both (${toPercent(coverage.judged, coverage.exchanges)}), with ${toNumber(coverage.later)} decisions on their calls and answers.</p>
${toUnjudged(report)}
</section>
<section>
<h2>By rule</h2>
${rules.length === 0 ? "<p>No rule does anything otherwise.</p>" : `<table class="bars"><thead><tr><th>rule</th><th>no longer</th><th>now</th></tr></thead><tbody>${rules.map((rule) => toBar(rule, most)).join("\n")}</tbody></table>`}
</section>
${changes.length === 0 ? "" : `<section><h2>Changes</h2>${changes.map(toChange).join("\n")}</section>`}
</main>
<footer><p>${escape(CAVEAT)} An example is opened with <code>tollgate exchanges show ID</code>.</p></footer>
</body>
</html>
`;
}

type Rule = { readonly code: string; readonly title: string | null; gained: number; lost: number };

/** A rule's bar counts its widest change: of one exchange it may do several things. */
function toRules(changes: readonly ReportedChange[]): readonly Rule[] {
  const rules = new Map<string, Rule>();
  for (const { code, title, change, exchanges } of changes) {
    const rule = rules.get(code) ?? { code, title, gained: 0, lost: 0 };
    rule[change] = Math.max(rule[change], exchanges);
    rules.set(code, rule);
  }
  return [...rules.values()].toSorted((a, b) => b.gained + b.lost - (a.gained + a.lost));
}

function toBar({ code, title, gained, lost }: Rule, most: number): string {
  const bar = (count: number, kind: string): string =>
    `<td class="${kind}">${count === 0 ? "" : `<span class="bar" style="width:${toWidth(0.6 * count, most)}"></span><span class="n">${toNumber(count)}</span>`}</td>`;
  return `<tr><th scope="row"><code>${escape(code)}</code>${title === null ? "" : `<small>${escape(title)}</small>`}</th>${bar(lost, "lost")}${bar(gained, "gained")}</tr>`;
}

function toChange(change: ReportedChange): string {
  const { code, exchanges, times, callers, operations, examples } = change;
  const often = times === exchanges ? "" : `, ${toNumber(times)} times`;
  return `<article class="${change.change}">
<h3><code>${escape(code)}</code> ${escape(toWords(change))}</h3>
<p class="count">${toExchanges(exchanges)}${often}</p>
<dl><dt>callers</dt><dd>${toNamed(callers)}</dd><dt>operations</dt><dd>${toNamed(operations)}</dd><dt>examples</dt><dd>${examples.map((id) => `<code>${escape(id)}</code>`).join(" ")}</dd></dl>
</article>`;
}

function toNamed(named: readonly Named[]): string {
  return named.map(({ name, count }) => `${escape(name)} <b>${toNumber(count)}</b>`).join(" · ");
}

function toUnjudged({ coverage }: Report): string {
  const rows = [
    ...coverage.not_judged.map(({ text, count }) => [count, text] as const),
    ...coverage.later_not_judged.map(({ text, count }) => [count, `a later decision: ${text}`] as const),
    ...(coverage.answers_without_a_decision === 0
      ? []
      : [[coverage.answers_without_a_decision, QUIET] as const]),
  ];
  if (rows.length === 0) return "";
  const errors = coverage.errors.map(({ name, count }) => `${escape(name)} <b>${toNumber(count)}</b>`);
  return `<table class="why"><caption>Not judged, and why</caption><tbody>${rows
    .map(([count, text]) => `<tr><td>${toNumber(count)}</td><td>${escape(text)}</td></tr>`)
    .join(
      "",
    )}</tbody></table>${errors.length === 0 ? "" : `<p>Ended before policy: ${errors.join(" · ")}</p>`}`;
}

function toConditions(conditions: readonly Met[]): string {
  if (conditions.length === 0) return "";
  const items = conditions.map(
    ({ text, isMet, value }) =>
      `<li class="${isMet ? "failed" : "passed"}"><b>${isMet ? "Fails" : "Passes"}</b> on <code>${escape(text)}</code>: it is ${escape(value)}</li>`,
  );
  return `<ul class="conditions">${items.join("")}</ul>`;
}

function toFigure(count: number, text: string, kind: string): string {
  return `<div class="figure ${kind}"><b>${toNumber(count)}</b><span>${text}</span></div>`;
}

function toWidth(part: number, whole: number): string {
  return whole === 0 ? "0" : `${Math.max(0.4, (100 * part) / whole).toFixed(2)}%`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Marks that turn the direction of what follows, and control characters, are shown as such. */
function escape(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--back:#fff;--card:#f6f8fa;--line:#d8dee4;--gained:#b3261e;--lost:#1a6fb0;--good:#1f7a3d}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9aa6b2;--back:#0f1318;--card:#171d24;--line:#2c3540;--gained:#ff8a80;--lost:#7cc0ff;--good:#6fd08c}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header p{margin:.2rem 0;color:var(--dim)}
.kind{text-transform:uppercase;letter-spacing:.08em;font-size:.75rem}
h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .6rem}
h3{font-size:1rem;margin:0;font-weight:600;overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;margin-top:1.2rem}
.figure{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem}
.figure b{display:block;font-size:1.7rem;line-height:1.1;font-variant-numeric:tabular-nums}
.figure span{color:var(--dim);font-size:.9rem}
.figure.gained b{color:var(--gained)}.figure.lost b{color:var(--lost)}
.cover{height:.7rem;border-radius:.35rem;background:var(--line);overflow:hidden}
.cover span{display:block;height:100%;background:var(--good)}
table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:600}
.why td{border-top:1px solid var(--line);padding:.3rem .6rem .3rem 0;vertical-align:top}
.why td:first-child{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.why caption{text-align:left;color:var(--dim);padding:.4rem 0}
.bars{table-layout:fixed}
.bars th:first-child{width:38%}
.bars tbody th{padding-right:.5rem}
.bars thead th{color:var(--dim);font-weight:400;font-size:.85rem}
.bars thead th:nth-child(2){text-align:right;padding-right:.4rem}
.bars thead th:nth-child(3){padding-left:.4rem}
.bars tbody th,.bars td{border-top:1px solid var(--line);padding:.35rem 0}
.bars small{display:block;color:var(--dim);font-weight:400}
.bars td{white-space:nowrap}
.bar{display:inline-block;height:1rem;vertical-align:middle;border-radius:.15rem}
.n{font-variant-numeric:tabular-nums;padding:0 .4rem;font-size:.9rem}
td.lost{text-align:right;direction:rtl;border-right:1px solid var(--line)}
td.lost .bar{background:var(--lost)}td.gained .bar{background:var(--gained)}
article{border:1px solid var(--line);border-left:.3rem solid var(--gained);border-radius:.4rem;background:var(--card);padding:.7rem .9rem;margin:.7rem 0;break-inside:avoid}
article.lost{border-left-color:var(--lost)}
.count{margin:.2rem 0;color:var(--dim)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .8rem;margin:.4rem 0 0;font-size:.92rem}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.conditions{list-style:none;padding:0;margin:1rem 0 0}
.conditions li{padding:.5rem .8rem;border-radius:.4rem;background:var(--card);border:1px solid var(--line);margin:.3rem 0}
.failed b{color:var(--gained)}.passed b{color:var(--good)}
footer{margin-top:2.5rem;color:var(--dim);font-size:.9rem;border-top:1px solid var(--line)}
`;
