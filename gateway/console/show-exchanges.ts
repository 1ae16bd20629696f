// The pages of the record: exchanges with the command line's filters, and one exchange as the command shows it.
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import type { Database } from "../../db/client.ts";
import type { ExchangeFilter } from "../../db/queries/exchange-filter.ts";
import { isUuid } from "../../db/queries/exchange-filter.ts";
import { findExchange, listExchanges } from "../../db/queries/exchanges.ts";
import type { ExchangeDetails, ExchangeSummary } from "../../db/queries/exchanges.ts";
import type { Door } from "./door.ts";
import { toPage, toTable, toText, toWhen } from "./layout.ts";
import type { Html } from "./layout.ts";
import type { Person } from "./people.ts";

const PATH = "/console/exchanges";
const LIMIT = 50;
const EFFECTS = ["allow", "deny", "error"] as const;
/** Filters that are texts, by what they are called on the page. */
const TEXTS = [
  ["subject", "Subject"],
  ["model", "Model"],
  ["operation", "Operation"],
  ["connection", "Connection"],
  ["tool", "Tool"],
  ["rule", "Rule or error"],
  ["class", "Class found"],
  ["session", "Session"],
  ["revision", "Revision"],
] as const;
const MOMENTS = [
  ["since", "Since (2h, 7d, a date)"],
  ["until", "Until"],
] as const;

/** What the pages need. */
export type ExchangePages = {
  readonly db: Database;
  readonly door: Door;
  /** Words an exchange as the command does. */
  readonly describe: (details: ExchangeDetails) => Promise<string>;
  /** Reads a moment as the command does; null where it is none. */
  readonly parseMoment: (text: string) => Date | null;
};

/** Adds the pages. */
export function addExchangePages(app: Hono, { db, door, describe, parseMoment }: ExchangePages): void {
  app.get(
    PATH,
    door.page("exchanges.own", async (c, person) => {
      const asked = readFilter(c, parseMoment);
      const seesAll = person.rights.has("exchanges.all");
      const filter = seesAll ? asked.filter : { ...asked.filter, ...toOwner(person) };
      const cursor = c.req.query("before") ?? null;
      const page = asked.wrong === null ? await listExchanges(db, filter, { limit: LIMIT, cursor }) : null;
      const rows = page?.rows ?? [];
      const hint = asked.wrong === null ? "" : html`<p class="bad" role="alert">${asked.wrong}</p>`;
      const headings = [
        "Time (UTC)",
        "Exchange",
        "Subject",
        "Operation",
        "Model",
        "Effect",
        "Status",
        "Codes",
      ];
      return toPage(
        person,
        PATH,
        seesAll ? "Exchanges" : "Your exchanges",
        html`${toForm(c, seesAll)}${hint}${toTable(headings, rows.map(toCells), "No exchange fits.")}
        ${page?.cursor == null ? "" : toMore(c, page.cursor)}`,
      );
    }),
  );

  app.get(
    `${PATH}/:id`,
    door.page("exchanges.own", async (c, person) => {
      const id = c.req.param("id") ?? "";
      const details = isUuid(id) ? await findExchange(db, id) : null;
      if (details === null) return null;
      const seesAll = person.rights.has("exchanges.all");
      if (!seesAll && !isOwn(details, person)) return null;
      // Who looked at the originals is for those who oversee that.
      const text = await describe(seesAll ? details : { ...details, reveals: [] });
      const { sessionId } = details.exchange;
      return toPage(
        person,
        PATH,
        "One exchange",
        html`<pre>${text}</pre>
          ${sessionId === null ? "" : html`<p><a href="${PATH}?session=${sessionId}">All of its session</a></p>`}`,
      );
    }),
  );
}

function toOwner({ session }: Person): Required<Pick<ExchangeFilter, "tenant" | "issuer" | "subject">> {
  const { tenant, issuer, subject } = session;
  return { tenant, issuer, subject };
}

function isOwn({ exchange }: ExchangeDetails, person: Person): boolean {
  const { tenant, issuer, subject } = toOwner(person);
  return exchange.tenant === tenant && exchange.issuer === issuer && exchange.subject === subject;
}

function readFilter(
  c: Context,
  parseMoment: ExchangePages["parseMoment"],
): { readonly filter: ExchangeFilter; readonly wrong: string | null } {
  const ask = (name: string): string | undefined => c.req.query(name)?.trim() || undefined;
  const effect = EFFECTS.find((one) => one === ask("effect"));
  const texts = Object.fromEntries(TEXTS.map(([name]) => [name, ask(name)]));
  const moments = MOMENTS.map(([name]) => {
    const text = ask(name);
    return [name, text === undefined ? undefined : parseMoment(text)] as const;
  });
  if (moments.some(([, moment]) => moment === null))
    return {
      filter: {},
      wrong: "A moment is a duration back from now such as 2h, or such as 2026-01-31T12:00:00Z.",
    };
  return { filter: { ...texts, ...Object.fromEntries(moments), effect }, wrong: null };
}

function toForm(c: Context, seesAll: boolean): Html {
  const shown = [...MOMENTS, ...TEXTS].filter(([name]) => seesAll || name !== "subject");
  const fields = shown.map(
    ([name, label]) =>
      html`<label
        >${label}<input name="${name}" value="${c.req.query(name) ?? ""}" maxlength="256"
      /></label>`,
  );
  const effects = ["", ...EFFECTS].map(
    (one) =>
      html`<option value="${one}" ${one === (c.req.query("effect") ?? "") ? "selected" : ""}>
        ${one === "" ? "any" : one}
      </option>`,
  );
  return html`<form class="filter" method="get" action="${PATH}">
    ${fields}<label
      >Effect<select name="effect">
        ${effects}
      </select></label
    ><button>Filter</button>
  </form>`;
}

function toCells(row: ExchangeSummary): readonly Html[] {
  const codes = new Set([...row.codes, ...(row.errorCode === null ? [] : [row.errorCode])]);
  return [
    toWhen(row.at),
    html`<a class="id" href="${PATH}/${row.id}">${row.id}</a>`,
    toText(row.subject ?? "-"),
    toText(row.operation),
    toText(row.model ?? "-"),
    html`<span class="${row.effect}">${row.effect}</span>`,
    toText(row.httpStatus === null ? row.outcome : String(row.httpStatus)),
    toText([...codes].join(", ")),
  ];
}

function toMore(c: Context, cursor: string): Html {
  const query = new URLSearchParams({ ...c.req.query(), before: cursor });
  return html`<p class="more"><a href="${PATH}?${query.toString()}">Older</a></p>`;
}
