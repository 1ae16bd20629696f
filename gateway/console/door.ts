// The way into every page and action of somebody who is signed in: who is it, may they, and is the form one of ours?
import type { Context, Handler } from "hono";
import { html } from "hono/html";
import { readSession } from "./cookies.ts";
import { isSameSecret, isSameOrigin } from "./guard.ts";
import type { Html } from "./layout.ts";
import { toCsrf, toPlainPage } from "./layout.ts";
import type { People, Person } from "./people.ts";
import type { Right } from "./roles.ts";

/** Fields of a form, by name. */
export type Fields = ReadonlyMap<string, string>;

/** Makes handlers that only those reach who may. */
export type Door = {
  /** A page; null where there is no such thing. */
  page(right: Right, show: (c: Context, person: Person) => Html | null | Promise<Html | null>): Handler;
  /** What a form does; `run` gives where to go on, or null where what it is about isn't there. */
  action(
    right: Right | null,
    run: (c: Context, person: Person, fields: Fields) => Promise<string | null>,
  ): Handler;
  /** A page for everybody who is signed in and has a role. */
  home(show: (c: Context, person: Person) => Promise<Html>): Handler;
};

/** Creates the door. `help`: whom to ask for a role. */
export function createDoor(people: People, origin: string, help: string | undefined): Door {
  async function enter(
    c: Context,
    right: Right | null,
    run: (person: Person) => Promise<Response>,
  ): Promise<Response> {
    const person = await people.find(readSession(c));
    if (person === null) return c.redirect("/console/sign-in", 303);
    if (person.roles.length === 0) return c.html(toNoRole(person, help), 403);
    if (right !== null && !person.rights.has(right))
      return problem(c, 403, "Not allowed", "None of your roles may do this.");
    return run(person);
  }

  return {
    home: (show) => (c) => enter(c, null, async (person) => c.html(await show(c, person))),
    page: (right, show) => (c) =>
      enter(c, right, async (person) => {
        const shown = await show(c, person);
        return shown === null ? missing(c) : c.html(shown);
      }),
    action: (right, run) => async (c) => {
      if (!isSameOrigin(c, origin)) return foreign(c);
      const person = await people.find(readSession(c));
      if (person === null) return c.redirect("/console/sign-in", 303);
      const fields = await readFields(c);
      if (!isSameSecret(fields.get("csrf"), person.csrf)) return foreign(c);
      if (right !== null && !person.rights.has(right))
        return problem(c, 403, "Not allowed", "None of your roles may do this.");
      const next = await run(c, person, fields);
      return next === null ? missing(c) : c.redirect(next, 303);
    },
  };
}

/** Reads a form's fields. */
export async function readFields(c: Context): Promise<Fields> {
  const type = c.req.header("content-type") ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) return new Map();
  return toFields(new URLSearchParams(await c.req.text()));
}

/** Gives fields by their names; one that comes twice counts for nothing. */
export function toFields(given: URLSearchParams): Fields {
  const counts = new Map<string, number>();
  for (const [name] of given) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...given].filter(([name]) => counts.get(name) === 1));
}

/** Answers that something didn't work. */
export function problem(
  c: Context,
  status: 400 | 401 | 403 | 404 | 421 | 429 | 500 | 503,
  title: string,
  text: string,
): Response | Promise<Response> {
  const body = html`<p>${text}</p>
    <p><a href="/console">Back to the console</a></p>`;
  return c.html(toPlainPage(title, body), status);
}

/** Refuses a form that isn't a page's of the console. */
export function foreign(c: Context): Response | Promise<Response> {
  const text = "This was not sent from a page of the console, or the page was open since another sign-in.";
  return problem(c, 403, "Not done", `${text} Open the page anew and try again.`);
}

function missing(c: Context): Response | Promise<Response> {
  return problem(c, 404, "Not found", "There is no such thing, or it is not yours to see.");
}

function toNoRole({ session, csrf }: Person, help: string | undefined): Html {
  const ask = help ?? "Ask whoever runs this gateway to give one of your groups a role (console.roles).";
  return toPlainPage(
    "No role",
    html`<p>
        You are signed in as <strong>${session.subject}</strong> of ${session.issuer}, and none of your groups
        has a role here.
      </p>
      <p>${ask}</p>
      <form method="post" action="/console/sign-out">${toCsrf(csrf)}<button>Sign out</button></form>`,
  );
}
