/** The web console: one page that asks the API where it came from, and needs nothing else. */
import { DETAILS_SCRIPT } from './details-script.ts'
import { FACTS_SCRIPT } from './facts-script.ts'
import { FOLLOW_SCRIPT } from './follow-script.ts'
import { STYLE } from './style.ts'
import { VIEW_SCRIPT } from './view-script.ts'

export interface PageOptions {
  /** Marks the page's own script and style for its Content-Security-Policy: letters and digits, new for every answer. */
  readonly nonce: string
}

/** The page as HTML. It reads `/api`, `/apis`, `/gantry` and `/version` of its own origin, and changes nothing. */
export const page = ({ nonce }: PageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gantry</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the cluster</a>
<header>
<h1>Gantry</h1>
<p id="version"></p>
<p id="connection" role="status">connecting …</p>
</header>
<div class="columns">
<main id="main" tabindex="-1">
<section aria-labelledby="nodes-head"><h2 id="nodes-head">Nodes</h2><div id="nodes"></div></section>
<section aria-labelledby="deployments-head"><h2 id="deployments-head">Deployments</h2><div id="deployments"></div></section>
<section aria-labelledby="pods-head"><h2 id="pods-head">Pods by node</h2><div id="pods"></div></section>
<noscript><p>This page needs its script to ask the cluster.</p></noscript>
</main>
<aside id="details" aria-labelledby="details-name" hidden>
<button type="button" class="close" id="details-close">Close</button>
<h2 id="details-name" tabindex="-1">Pod</h2>
<h3>Status</h3><div id="details-status"></div>
<h3>Why here</h3><pre id="details-why"></pre>
<h3>Events</h3><div id="details-events"></div>
</aside>
</div>
<script nonce="${nonce}">${[FOLLOW_SCRIPT, FACTS_SCRIPT, VIEW_SCRIPT, DETAILS_SCRIPT].join('')}</script>
</body>
</html>
`

/** What the page may do: run its own script, and ask its own origin. */
export const pagePolicy = ({ nonce }: PageOptions): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
