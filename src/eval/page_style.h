#pragma once

namespace tvr {

/// The style sheet of evaluation pages. Colours are variables, so that charts and cards follow light and dark alike;
/// the colours of the two directions differ in lightness too, and lines in their dashes, for readers who see no hues.
inline constexpr char kPageStyle[] = R"css(
:root { color-scheme: light dark; --bg: #fbfbfa; --card: #ffffff; --ink: #1c1f24; --soft: #5a626e; --rule: #e3e5e8; --edge: #d5d8dd;
  --t2v: #1f5fc4; --v2t: #d9822b; --twin: #2f9e8f; --right: #17703c; --right-bg: #e3f4e8; --wrong: #9b2c2c; --wrong-bg: #faeaea; --mark: #ffd84d; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #14161a; --card: #1c1f25; --ink: #e8eaed; --soft: #a3abb8; --rule: #2c3038; --edge: #3a3f49;
    --t2v: #6ea3f7; --v2t: #f0ab62; --twin: #58c4b5; --right: #7fdc9f; --right-bg: #173324; --wrong: #f2a0a0; --wrong-bg: #3a2023; --mark: #ffd84d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 71rem; padding: 1.5rem 1rem 4rem; background: var(--bg); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .8rem; padding-top: .6rem; border-top: 1px solid var(--edge); }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
a { color: var(--t2v); } nav a { margin-right: 1rem; white-space: nowrap; }
.soft, .note, .legend, figcaption { color: var(--soft); font-size: .88rem; }
.note { margin: .3rem 0; } .warn { border-left: 4px solid var(--v2t); padding: .3rem .8rem; background: var(--card); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.tile, .panel, .query { background: var(--card); border: 1px solid var(--edge); border-radius: .6rem; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--soft); font-size: .85rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: .8rem; }
.side { display: flex; flex-wrap: wrap; gap: .8rem 1.6rem; align-items: flex-start; } .side > .panel { flex: 1 1 20rem; max-width: 32rem; }
.scroll { overflow-x: auto; margin: .6rem 0; max-width: 100%; } .numbers .scroll { margin-bottom: 1.4rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .28rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); font-weight: 400; }
thead th { color: var(--soft); } th[scope=colgroup] { text-align: left; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--bg); } tbody th { font-weight: 600; }
.beside th, .beside td { color: var(--soft); font-style: italic; font-weight: 400; } .interval { color: var(--soft); font-size: .85em; }
.facts th { font-weight: 400; color: var(--soft); } .facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
details { margin: .8rem 0; } summary { cursor: pointer; } pre { overflow-x: auto; background: var(--card); border: 1px solid var(--edge);
  border-radius: .6rem; padding: .8rem; font-size: .82rem; line-height: 1.4; }
.chart { display: block; width: 100%; height: auto; } .chart text { font-size: 12.5px; fill: var(--soft); }
.axis { stroke: var(--soft); stroke-width: 1; } .rule { stroke: var(--rule); stroke-width: 1; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; } .line.t2v { stroke: var(--t2v); }
.line.v2t { stroke: var(--v2t); stroke-dasharray: 7 3; } .line.random { stroke: var(--soft); stroke-width: 1.4; stroke-dasharray: 2 3; }
rect.t2v { fill: var(--t2v); } rect.v2t { fill: var(--v2t); } rect.twin { fill: var(--twin); }
.whisker { stroke: var(--ink); stroke-width: 1.3; } .chance { stroke: var(--soft); stroke-width: 1.4; stroke-dasharray: 2 3; }
.swatch { display: inline-block; width: .9em; height: .9em; margin-right: .35em; border-radius: 2px; vertical-align: -.1em; }
.legend { margin: .2rem 0 .4rem; } .key { white-space: nowrap; margin-right: .7em; }
.swatch.t2v { background: var(--t2v); } .swatch.v2t { background: var(--v2t); } .swatch.twin { background: var(--twin); }
.swatch.random { height: 0; border-top: 2px dotted var(--soft); border-radius: 0; vertical-align: .25em; }
.query { margin: 0 0 1rem; } .query h3 { font-size: 1.08rem; overflow-wrap: anywhere; }
.chip { display: inline-block; border: 1px solid var(--edge); border-radius: 1rem; padding: 0 .6rem; margin: 0 .4rem .3rem 0; font-size: .85rem;
  color: var(--soft); overflow-wrap: anywhere; } .chip.hit { color: var(--right); background: var(--right-bg); border-color: currentColor; }
.chip.miss { color: var(--wrong); background: var(--wrong-bg); border-color: currentColor; }
.cards { list-style: none; margin: .6rem 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(8.3rem, 1fr)); gap: .7rem; }
.cand { border: 2px solid var(--edge); border-radius: .5rem; padding: .5rem; min-width: 0; font-size: .88rem; } .cand.right { border-color: var(--right); }
.verdict { display: flex; justify-content: space-between; font-weight: 600; margin-bottom: .35rem; } .verdict .yes { color: var(--right); }
.verdict .no { color: var(--wrong); } .cand .id { overflow-wrap: anywhere; font-weight: 600; } .score { color: var(--soft); font-variant-numeric: tabular-nums; }
figure { margin: 0 0 .35rem; } .shot { position: relative; background: var(--rule); border-radius: .3rem; overflow: hidden; }
.shot img { display: block; width: 100%; height: auto; min-height: 2rem; } .shot svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.shot rect { fill: none; stroke: var(--mark); stroke-width: 2; vector-effect: non-scaling-stroke; } .shot rect.under { stroke: #000; stroke-width: 4; stroke-opacity: .55; }
.pin, .no-pin { display: inline-block; min-width: 1.35em; padding: 0 .25em; font-size: .75rem; line-height: 1.35em; text-align: center; font-weight: 700; }
.pin { background: var(--mark); color: #1c1f24; border-radius: 2px; } .shot .pin { position: absolute; } .empty { padding: 1.6rem .4rem; text-align: center; color: var(--soft); }
.more { display: grid; grid-template-columns: repeat(auto-fill, minmax(3.2rem, 1fr)); gap: .3rem; } .more figcaption { font-size: .74rem; }
.words { list-style: none; margin: .4rem 0 0; padding: .35rem 0 0; border-top: 1px solid var(--rule); } .words li { margin-bottom: .3rem; overflow-wrap: anywhere; }
.words .soft { font-size: .78rem; }
.weight { display: block; height: 4px; border-radius: 2px; background: var(--rule); } .weight i { display: block; height: 100%; border-radius: 2px; background: var(--t2v); }
@media (max-width: 30rem) { .chart text { font-size: 13.5px; } .query { padding: .7rem .6rem; } }
@media print { body { max-width: none; } .query, .panel { break-inside: avoid; } }
)css";

}  // namespace tvr
