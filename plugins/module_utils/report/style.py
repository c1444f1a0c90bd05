# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""How the page looks: in light and dark, on paper, on a phone."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --line: #d5d9e0; --text: #1b2330; --muted: #56606f;
  --link: #1f4fa3;
  --fits: #14532d; --fits-back: #e1f2e6; --no: #8a1c14; --no-back: #fce7e4;
  --unknown: #674400; --unknown-back: #fdf0cf;
  --weights: #34559c; --activations: #1f8580; --graphs: #8d5aac; --other: #717a88;
  --cache: #c27a08; --ink: #ffffff; --mark: #1b2330; --alarm: #c0271b;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #1a2029; --line: #39424f; --text: #e8ecf2; --muted: #a8b2c0;
    --link: #9dbdf5;
    --fits: #a9e5bb; --fits-back: #17351f; --no: #ffb7ae; --no-back: #46191a;
    --unknown: #f5d58b; --unknown-back: #3d2f0d;
    --weights: #7f9ee2; --activations: #4fb8b2; --graphs: #c094dc; --other: #8e98a8;
    --cache: #e3a544; --ink: #1a2029; --mark: #e8ecf2; --alarm: #ff7b6e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
main, header, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
footer { padding-bottom: 2.5rem; color: var(--muted); font-size: .875rem; }
h1, h2, h3, h4, p, ul, ol, dl, figure { margin: 0; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1.15rem; line-height: 1.3; }
h4 { font-size: .9375rem; margin-bottom: .25rem; }
a { color: var(--link); }
.lead { margin-top: .35rem; font-size: 1.1rem; }
.muted { color: var(--muted); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; font-size: .9375rem; padding-bottom: .25rem; }
th, td { padding: .25rem 0 .25rem 1rem; text-align: right; border-bottom: 1px solid var(--line); }
th { font-weight: 500; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
td, thead th { overflow-wrap: normal; }
td { white-space: nowrap; }
.words { text-align: left; }
thead th { color: var(--muted); font-size: .8125rem; vertical-align: bottom; }
tbody tr:last-child > * { border-bottom: 0; }
.overview { width: 100%; margin-top: .75rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.25rem 1.5rem 1.5rem; margin-top: 1.25rem;
}
.card > * + * { margin-top: 1.1rem; }
.card > .muted { margin-top: .15rem; }
.title { display: flex; flex-wrap: wrap; gap: .35rem .75rem; align-items: center; }
.title h3 { min-width: 0; }
.badge {
  display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .875rem;
  font-weight: 600; white-space: nowrap; border: 1px solid currentColor;
}
.fits { color: var(--fits); background: var(--fits-back); }
.no { color: var(--no); background: var(--no-back); }
.unknown { color: var(--unknown); background: var(--unknown-back); }
.reasons { border-left: 4px solid var(--alarm); padding-left: 1rem; }
.reasons ol, .notes ul { padding-left: 1.25rem; }
.reasons li + li { margin-top: .4rem; }
.notes { color: var(--muted); font-size: .875rem; }
.notes h4 { color: var(--text); }
.stage + .stage { margin-top: .7rem; }
.ends {
  display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem;
  font-size: .875rem; font-variant-numeric: tabular-nums;
}
.bar { display: block; width: 100%; height: 36px; overflow: visible; }
.defs { position: absolute; width: 0; height: 0; }
.f-weights { fill: var(--weights); } .f-activations { fill: var(--activations); }
.f-graphs { fill: var(--graphs); } .f-other { fill: var(--other); }
.f-cache { fill: var(--cache); } .f-free { fill: var(--card); }
.f-over { fill: var(--card); fill-opacity: .65; }
.ink { stroke: var(--ink); stroke-width: 1.5; fill: none; }
.dot { fill: var(--ink); }
.over { stroke: var(--alarm); stroke-width: 1.5; }
.alarm { stroke: var(--alarm); stroke-width: 2.5; fill: none; }
.part { stroke: var(--card); stroke-width: 1; }
.outline { fill: none; stroke: var(--mark); stroke-width: 1.5; }
.lacking { stroke: var(--alarm); stroke-width: 1.5; stroke-dasharray: 4 3; }
.mark { stroke: var(--mark); stroke-width: 2; }
.mark-head { fill: var(--mark); }
.swatch {
  display: inline-block; vertical-align: -.1rem; width: 1.3rem; height: .95rem;
  margin-right: .5rem; overflow: visible;
}
.columns {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
  gap: 1.25rem 2.5rem; align-items: start;
}
.figures { width: 100%; font-size: .9375rem; }
.figures + .figures { margin-top: 1.25rem; }
.figures .sum > * { border-top: 1px solid var(--muted); }
.alert, .alert th { color: var(--no); font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(7.5rem, auto) 1fr; font-size: .9375rem; }
dt, dd { margin: 0; padding: .25rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--muted); padding-right: 1rem; }
dd { font-variant-numeric: tabular-nums; }
dl > :nth-last-child(-n+2) { border-bottom: 0; }
@media screen and (max-width: 36rem) {
  main, header, footer { padding-left: .75rem; padding-right: .75rem; }
  header { padding-top: 1.25rem; }
  .card { padding: 1rem; }
  .wide { display: none; }
  th, td { padding-left: .5rem; }
  .overview { font-size: .875rem; }
  .overview .badge { font-size: .8125rem; padding: 0 .45rem; }
  dl { grid-template-columns: 6.25rem 1fr; }
  dt { padding-right: .5rem; }
}
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light; --page: #ffffff; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  html { font-size: 10pt; }
  main, header, footer { max-width: none; padding: 0; }
  h2, h3, h4, caption { break-after: avoid; }
  .card, .reasons, .stage, tr { break-inside: avoid; }
  .columns { grid-template-columns: 1fr 1fr; gap: 1rem 2rem; }
  a { color: inherit; text-decoration: none; }
}
"""
