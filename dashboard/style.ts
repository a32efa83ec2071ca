/** How the console looks: the reader's own light or dark, and never a meaning told by colour alone. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --quiet: #57606a; --line: #d0d7de; --soft: #f3f5f7; --good: #14692b; --bad: #b3201f; --wait: #7a4b00; --focus: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0f1419; --quiet: #9aa5b1; --line: #36404a; --soft: #19212a; --good: #5fd07f; --bad: #ff8f87; --wait: #e5b35a; --focus: #79b8ff; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--paper); padding: 0.25rem 0.5rem; }
header { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: baseline; padding: 0.75rem 1.5rem; border-bottom: 1px solid var(--line); }
header p { margin: 0; color: var(--quiet); }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.25rem; }
.columns { display: flex; flex-wrap: wrap; gap: 0 2rem; padding: 0 1.5rem 2rem; align-items: flex-start; }
main { flex: 3 1 36rem; min-width: 0; }
aside { flex: 2 1 24rem; min-width: 0; }
aside:not([hidden]) { position: sticky; top: 0; max-height: 100vh; overflow: auto; padding: 0 0 1rem 1rem; border-left: 1px solid var(--line); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-bottom: 1rem; }
caption { text-align: left; color: var(--quiet); padding: 0.25rem 0; }
th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
td { font-variant-numeric: tabular-nums; }
button { font: inherit; color: var(--focus); background: none; border: 0; padding: 0; text-align: left; text-decoration: underline; cursor: pointer; }
button.close { float: right; margin-top: 1.5rem; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.quiet { color: var(--quiet); }
pre { background: var(--soft); padding: 0.75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.125rem 1rem; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
`
