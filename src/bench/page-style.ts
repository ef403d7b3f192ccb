/** Colours are variables, which the charts use as well. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --soft: #59636e; --back: #fff; --panel: #f6f8fa; --line: #d1d9e0;
  --ours: #0969da; --second: #8250df; --peer: #6e7781; --target: #bf3989; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9198a1; --back: #0d1117; --panel: #151b23;
  --line: #3d444d; --ours: #58a6ff; --second: #bc8cff; --peer: #8b949e; --target: #f778ba; --good: #3fb950; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main, header { max-width: 78rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.2rem; }
h1 { font-size: 1.7rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font: 600 1rem/1.3 ui-monospace, monospace; margin: 0; }
.soft { color: var(--soft); } .small { font-size: .87rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem 1rem; min-width: 9rem; }
.tile b { display: block; font-size: 1.35rem; font-weight: 650; } .tile span { color: var(--soft); font-size: .85rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(33rem, 100%), 1fr)); gap: 1rem; }
.grid.narrow { grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
article { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.1rem; min-width: 0; }
article p { margin: .2rem 0 .5rem; }
svg { max-width: 100%; height: auto; overflow: visible; }
.met { color: var(--good); } .missed { color: var(--bad); } .unknown { color: var(--soft); }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin: 0 .35em 0 1em; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--line); font-weight: normal; vertical-align: top; }
th:first-child, td:first-child, .left { text-align: left; } thead th { color: var(--soft); }
tr.ours th { color: var(--ours); font-weight: 600; }
details { margin-top: .4rem; } summary { cursor: pointer; color: var(--soft); font-size: .87rem; }
.scroll { overflow-x: auto; } footer { padding: 2.5rem 0; }`;
