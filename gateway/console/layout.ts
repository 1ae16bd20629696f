// The frame of every page: its head, the way around, and who is signed in.
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Person } from "./people.ts";
import type { Right } from "./roles.ts";

/** A piece of a page, escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The pages that can be gone to, and what it takes. */
const PLACES: readonly (readonly [path: string, label: string, right: Right | null])[] = [
  ["/console", "Home", null],
  ["/console/exchanges", "Exchanges", "exchanges.own"],
  ["/console/connections", "Connections", "connections.see"],
  ["/console/callers", "Callers", "callers.see"],
  ["/console/actions", "Admin actions", "actions.see"],
];

/** Gives a whole page of somebody who is signed in. */
export function toPage(person: Person, path: string, title: string, body: Html): Html {
  const { session, rights, csrf } = person;
  const links = PLACES.filter(([, , right]) => right === null || rights.has(right)).map(([to, label]) =>
    to === path ? html`<a href="${to}" aria-current="page">${label}</a>` : html`<a href="${to}">${label}</a>`,
  );
  return toDocument(
    title,
    html`<header>
        <a class="name" href="/console">Tollgate</a>
        <nav aria-label="Pages">${links}</nav>
        <form method="post" action="/console/sign-out">
          <span>${session.subject}</span>${toCsrf(csrf)}<button>Sign out</button>
        </form>
      </header>
      <main>
        <h1>${title}</h1>
        ${body}
      </main>`,
  );
}

/** Gives a page of somebody who is not. */
export function toPlainPage(title: string, body: Html): Html {
  return toDocument(
    title,
    html`<header><a class="name" href="/console">Tollgate</a></header>
      <main class="narrow">
        <section class="sheet">
          <h1>${title}</h1>
          ${body}
        </section>
      </main>`,
  );
}

function toDocument(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Tollgate</title>
        <link rel="stylesheet" href="/console/style.css" />
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

/** Gives the field that every form of a session carries. */
export function toCsrf(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}" />`;
}

/** Gives a button that does something, after a second look where `warning` says what. */
export function toButton(person: Person, action: string, label: string, warning: string | null = null): Html {
  const form = html`<form method="post" action="${action}">
    ${toCsrf(person.csrf)}<button class="${warning === null ? "" : "bad"}">${warning ?? label}</button>
  </form>`;
  return warning === null
    ? form
    : html`<details>
        <summary>${label}…</summary>
        ${form}
      </details>`;
}

/** Gives a table, or a sentence where there are no rows. A column of buttons has no heading. */
export function toTable(headings: readonly string[], rows: readonly (readonly Html[])[], none: string): Html {
  if (rows.length === 0) return html`<p class="soft">${none}</p>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${headings.map((text) => (text === "" ? html`<td></td>` : html`<th scope="col">${text}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Gives a text as a piece of a page. */
export function toText(text: string | null | undefined): Html {
  return html`${text ?? ""}`;
}

/** Gives a moment, in UTC and to the second. */
export function toWhen(at: Date | null): Html {
  if (at === null) return html``;
  const text = at.toISOString();
  return html`<time class="when" datetime="${text}">${text.slice(0, 19).replace("T", " ")}</time>`;
}
