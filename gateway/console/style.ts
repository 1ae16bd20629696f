// How the console looks: one sheet, light and dark as the reader's system is, without scripts, fonts or pictures.

/** The sheet. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2024, #e6e8ea);
  --soft: light-dark(#5a636b, #9aa4ad);
  --line: light-dark(#d9dee2, #343b41);
  --page: light-dark(#f6f7f8, #15181a);
  --sheet: light-dark(#ffffff, #1d2124);
  --accent: light-dark(#0b5cad, #7cb8f2);
  --bad: light-dark(#a8201a, #ff8f87);
  --good: light-dark(#1f6f3f, #7fd39f);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
header { background: var(--sheet); border-bottom: 1px solid var(--line); padding: 0.6rem 1.5rem;
  display: flex; flex-wrap: wrap; gap: 0.4rem 1.4rem; align-items: center; }
header .name { font-weight: 650; color: var(--ink); text-decoration: none; }
header nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; flex: 1; }
header nav a { text-decoration: none; padding: 0.15rem 0; }
header nav a[aria-current] { color: var(--ink); border-bottom: 2px solid var(--accent); }
header form { display: flex; gap: 0.8rem; align-items: center; color: var(--soft); }
main { max-width: 78rem; margin: 1.5rem auto; padding: 0 1.5rem; }
main.narrow { max-width: 34rem; margin-top: 12vh; }
h1 { font-size: 1.5rem; margin: 0 0 0.8rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.6rem; }
section.sheet, pre, .scroll { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; }
section.sheet { padding: 1rem 1.3rem; }
section.sheet > :last-child { margin-bottom: 0; }
.scroll { overflow-x: auto; }
pre { padding: 1rem 1.3rem; overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; unicode-bidi: isolate; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; padding: 0.45rem 0.8rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td { unicode-bidi: isolate; overflow-wrap: break-word; max-width: 24rem; }
tbody tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 550; white-space: nowrap; }
.id, .when { font: 13px/1.6 ui-monospace, monospace; white-space: nowrap; }
.deny, .error, .bad { color: var(--bad); }
.good { color: var(--good); }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.4rem; margin: 0; }
dt { color: var(--soft); }
dd, dd.id { margin: 0; overflow-wrap: anywhere; white-space: normal; }
button, .button { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--line);
  border-radius: 6px; padding: 0.3rem 0.8rem; cursor: pointer; text-decoration: none; display: inline-block; }
button.main, .button.main { background: var(--accent); border-color: var(--accent); color: var(--sheet); padding: 0.5rem 1.1rem; }
button.bad { border-color: var(--bad); color: var(--bad); }
details summary { cursor: pointer; color: var(--soft); }
details form { margin-top: 0.4rem; }
form.filter { display: flex; flex-wrap: wrap; gap: 0.6rem 0.8rem; align-items: end; margin: 0 0 1rem; }
form.filter label { display: grid; font-size: 0.8rem; color: var(--soft); }
input, select { font: inherit; font-size: 0.9rem; color: var(--ink); background: var(--sheet);
  border: 1px solid var(--line); border-radius: 6px; padding: 0.25rem 0.5rem; width: 11rem; height: 2.1rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.more { margin-top: 1rem; }
@media (max-width: 40rem) {
  header, main { padding-inline: 1rem; }
  form.filter label { flex: 1 1 8rem; }
  form.filter :is(input, select) { width: 100%; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd, dd.id { margin-bottom: 0.6rem; }
}
`;
