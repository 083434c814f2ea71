/** The page before its scripts have asked for anything. */
export const DOCUMENT = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zoho emulator</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="main.js"></script>
</head>
<body>
<header>
<h1>Zoho emulator</h1>
<p id="place"></p>
<p id="status" role="status">Loading …</p>
<noscript>This page shows what happens as it happens, and needs JavaScript.</noscript>
</header>
<main>

<section id="clock" aria-labelledby="clock-title">
<h2 id="clock-title">Clock</h2>
<p class="now"><time id="now">–</time> <span id="speed"></span> <strong id="frozen" hidden>stands still</strong></p>
<div class="row" role="group" aria-label="Turn the clock">
<button type="button" data-minutes="1">+ 1 minute</button>
<button type="button" data-minutes="10">+ 10 minutes</button>
<button type="button" data-minutes="60">+ 1 hour</button>
<button type="button" id="freeze">Stop</button>
</div>
<p class="hint">Zoho’s minutes and hours<span id="scaled"></span>.</p>
</section>

<section id="counters" aria-labelledby="counters-title">
<h2 id="counters-title">Counters</h2>
<dl id="counter-list"></dl>
<div class="row"><button type="button" id="reset">Reset counters, faults and log</button></div>
</section>

<section id="tokens" class="wide" aria-labelledby="tokens-title">
<h2 id="tokens-title">Access tokens</h2>
<p class="hint" id="token-summary"></p>
<div class="axis" aria-hidden="true"><span id="axis-start"></span><span>now</span><span id="axis-end"></span></div>
<ol id="token-list" aria-labelledby="tokens-title"></ol>
</section>

<section id="quotas" class="wide" aria-labelledby="quotas-title">
<h2 id="quotas-title">Quotas</h2>
<div class="scroll"><table>
<caption>Per refresh token <span class="hint" id="grant-summary"></span></caption>
<thead><tr><th scope="col">Refresh token</th><th scope="col">User</th><th scope="col">Organisation</th><th scope="col">New tokens, <span id="window"></span></th><th scope="col">Live tokens</th><th scope="col">Refused for</th><th scope="col"><span class="hidden">Action</span></th></tr></thead>
<tbody id="grant-list"></tbody>
</table></div>
<div class="scroll"><table>
<caption>Per user <span class="hint" id="user-summary"></span></caption>
<thead><tr><th scope="col">User</th><th scope="col">Refresh tokens</th><th scope="col">New refresh tokens, <span id="grant-window"></span></th><th scope="col">Refused for</th></tr></thead>
<tbody id="user-list"></tbody>
</table></div>
</section>

<section id="faults" class="wide" aria-labelledby="faults-title">
<h2 id="faults-title">Faults</h2>
<form id="fault-form" class="row">
<label for="fault-on">Where <select id="fault-on"></select></label>
<label for="fault-kind">What goes wrong <select id="fault-kind"></select></label>
<span id="fault-fields" class="row"></span>
<label for="fault-times">How many times <input id="fault-times" type="number" min="1" max="1000000000" value="1" required></label>
<label for="fault-forever" class="check"><input id="fault-forever" type="checkbox"> Until cleared</label>
<button type="submit">Queue fault</button>
</form>
<ul id="fault-list" aria-label="Faults that wait"></ul>
<div class="row">
<button type="button" id="clear-faults">Clear faults</button>
<button type="button" id="throttle">Throttle every token request</button>
<span id="throttled"></span>
</div>
</section>

<section id="requests" class="wide" aria-labelledby="requests-title">
<h2 id="requests-title">Requests</h2>
<div class="scroll tall" tabindex="0" role="region" aria-labelledby="requests-title"><table>
<caption class="hint">Newest first; secrets are masked. What this page itself reads is left out.</caption>
<thead><tr><th scope="col">Time</th><th scope="col">At</th><th scope="col">Request</th><th scope="col">Status</th><th scope="col">Outcome</th><th scope="col">Refresh token</th></tr></thead>
<tbody id="request-list"></tbody>
</table></div>
</section>

</main>
</body>
</html>
`
