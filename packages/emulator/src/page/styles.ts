export const STYLES = `
:root {
  color-scheme: light dark;
  font: 15px/1.45 system-ui, sans-serif;
  --paper: light-dark(#fff, #1f242b);
  --line: light-dark(#d5d9e0, #3b424d);
  --quiet: light-dark(#5a6270, #a9b0bc);
  --accent: light-dark(#0b5cad, #8fc4ff);
  --good: light-dark(#2e7d4f, #6fcf97);
  --spent: light-dark(#a9d3ba, #2c5a40);
  --warn: light-dark(#9a5b00, #f2b35a);
  --bad: light-dark(#b3261e, #ff8a80);
}
* { box-sizing: border-box; }
body { margin: 0; background: light-dark(#eef1f5, #15181d); color: light-dark(#1b1f26, #e6e9ee); }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.25rem; padding-top: 1rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
p { margin: .25rem 0; }
main { display: grid; grid-template-columns: 24rem minmax(0, 1fr); gap: 1rem; padding: 1rem 1rem 3rem; }
section { min-width: 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--paper); }
.wide { grid-column: 1 / -1; }
.hint, #place, #status { color: var(--quiet); font-size: .88rem; font-weight: 400; }
#status.problem { color: var(--bad); font-weight: 600; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.row { display: flex; flex-wrap: wrap; align-items: end; gap: .5rem .75rem; }
.now time { font-size: 1.35rem; font-variant-numeric: tabular-nums; }
#frozen { color: var(--warn); }
button, select, input { font: inherit; color: inherit; padding: .3rem .65rem; border: 1px solid var(--line); border-radius: .4rem; background: light-dark(#f6f8fa, #2a3038); }
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
button[type=submit] { border-color: var(--accent); color: var(--accent); font-weight: 600; }
td button, li button { padding: .05rem .5rem; font-size: .85rem; }
:focus-visible { outline: 3px solid light-dark(#f2a33a, #ffce7a); outline-offset: 1px; }
label { display: grid; gap: .15rem; font-size: .88rem; color: var(--quiet); }
label.check { display: flex; align-items: center; gap: .4rem; padding: .3rem 0; }
input[type=number] { width: 9rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .3rem 1rem; margin: 0 0 .75rem; }
dl div { display: flex; justify-content: space-between; gap: .5rem; border-bottom: 1px dotted var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }

/* the time line: half of it is past, half is to come */
.axis, #token-list li { display: grid; grid-template-columns: 11rem 1fr 13rem; gap: .75rem; align-items: center; }
.axis { grid-template-columns: 11.75rem 1fr auto 1fr 13.75rem; gap: 0; font-size: .8rem; color: var(--quiet); }
.axis span:nth-child(1) { grid-column: 2; }
.axis span:nth-child(3) { grid-column: 4; text-align: right; }
#token-list { list-style: none; margin: .25rem 0 0; padding: 0; max-height: 26rem; overflow: auto; }
#token-list li { padding: .1rem 0; font-size: .88rem; }
#token-list code { white-space: nowrap; }
.track { position: relative; height: 1rem; border-radius: .25rem; background: linear-gradient(var(--quiet), var(--quiet)) center / 1px 100% no-repeat, light-dark(#eef1f5, #15181d); overflow: hidden; }
.bar { position: absolute; inset-block: .15rem; left: var(--from); width: calc(var(--to) - var(--from)); min-width: 3px; border-radius: .2rem; background: var(--quiet); opacity: .55; }
.live .bar { opacity: 1; background: linear-gradient(to right, var(--spent) var(--now), var(--good) var(--now)); }
.evicted .bar, .revoked .bar { opacity: 1; border-right: 4px solid var(--bad); }
.evicted .bar { background: repeating-linear-gradient(135deg, var(--warn) 0 4px, transparent 4px 8px); }
.revoked .bar { background: repeating-linear-gradient(135deg, var(--bad) 0 4px, transparent 4px 8px); }
.evicted .story, .revoked .story { color: var(--bad); font-weight: 600; }
.expired .story { color: var(--quiet); }
.what { display: flex; justify-content: space-between; gap: .5rem; align-items: center; font-variant-numeric: tabular-nums; }

.scroll { position: relative; overflow-x: auto; margin-bottom: .75rem; }
.tall { max-height: 24rem; overflow: auto; }
table { width: 100%; border-collapse: collapse; font-size: .88rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.target { overflow-wrap: anywhere; min-width: 16rem; }
meter { width: 7rem; height: .8rem; vertical-align: middle; margin-right: .5rem; }
.refused { color: var(--bad); font-weight: 600; }
tr.failed td { color: var(--bad); }
tr.faulty td { color: var(--warn); }
code { font-size: .9em; }
#fault-list { margin: .75rem 0; padding-left: 1.2rem; }
#throttled { color: var(--bad); font-weight: 600; padding: .3rem 0; }
@media (max-width: 46rem) {
  main { grid-template-columns: minmax(0, 1fr); }
  #token-list li { grid-template-columns: 1fr; gap: .1rem; padding: .35rem 0; }
  .axis { grid-template-columns: 0 1fr auto 1fr 0; }
}
`
