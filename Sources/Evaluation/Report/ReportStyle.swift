// SPDX-License-Identifier: Apache-2.0

/// The style sheet of every report.
///
/// Series colours are those of Okabe and Ito's palette, which stays distinct under the common kinds
/// of colour blindness, darkened for light pages and lightened for dark ones until each has a
/// contrast of at least 3 to the page; texts have at least 4.5. Lines and markers differ in dash
/// and shape as well.
enum ReportStyle {
  static let sheet: StaticString = """
    :root{color-scheme:light dark;--page:#fcfcfa;--card:#f4f4f0;--ink:#1e2227;--quiet:#5b626b;\
    --rule:#a3a8ae;--grid:#e2e3e0;--accent:#0a5fa3;--good:#0b6b4f;--bad:#a63a0c;--warn:#fdf3dc;\
    --c0:#0072b2;--c1:#c85208;--c2:#00805f;--c3:#a8478d;--c4:#8f6a00;--c5:#3d8fc4;--c6:#5f6368;\
    --c7:#7b3f20}
    @media (prefers-color-scheme:dark){:root{--page:#15181c;--card:#1e2227;--ink:#e6e8ea;\
    --quiet:#a2a9b1;--rule:#676e76;--grid:#2c3138;--accent:#79b8ee;--good:#5cc9a0;--bad:#f2935c;\
    --warn:#33290f;--c0:#56b4e9;--c1:#f0833f;--c2:#2fbf95;--c3:#dd92c6;--c4:#e3b341;--c5:#8fa4ff;\
    --c6:#b4b9bf;--c7:#c99a78}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0 auto;max-width:1144px;padding:40px 24px 64px;background:var(--page);\
    color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,\
    "Noto Sans","Liberation Sans",sans-serif;overflow-wrap:break-word}
    h1{font-size:clamp(1.6rem,1.2rem + 1.8vw,2.3rem);line-height:1.2;margin:0 0 .5rem;\
    font-weight:650;letter-spacing:-.015em;text-wrap:balance}
    h2{font-size:1.35rem;line-height:1.3;margin:3rem 0 .9rem;font-weight:620;\
    letter-spacing:-.01em}
    .lead{font-size:1.13rem;line-height:1.55;max-width:44em;margin:0;color:var(--quiet)}
    .prose,.note{max-width:44em}
    p{margin:.7rem 0}
    a{color:var(--accent)}
    code{font:.9em/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;\
    background:var(--card);padding:.08em .32em;border-radius:4px}
    nav ul{list-style:none;margin:1.2rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem}
    nav a{text-decoration:none}
    nav a:hover,nav a:focus{text-decoration:underline}
    .block{margin:1.3rem 0}
    .small{font-size:.85rem;line-height:1.45;color:var(--quiet);margin:.45rem 0 0;max-width:52em}
    .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);\
    white-space:nowrap}
    .quiet{color:var(--quiet)}
    .scroll{overflow-x:auto}
    .scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);\
    outline-offset:2px}
    table{border-collapse:collapse;font-size:.94rem;line-height:1.4;\
    font-variant-numeric:tabular-nums}
    .title{font-weight:600;margin:0 0 .4rem}
    .settings td.quiet{min-width:11rem}
    th,td{padding:.45rem .95rem;text-align:left;vertical-align:baseline}
    th:first-child,td:first-child{padding-left:0}
    thead th{border-bottom:1.5px solid var(--rule);font-weight:600;vertical-align:bottom}
    tbody tr{border-bottom:1px solid var(--grid)}
    tbody th{font-weight:500}
    .number{text-align:right;white-space:nowrap}
    .unit{display:block;font-weight:400;font-size:.8rem;color:var(--quiet)}
    .interval{display:block;font-size:.8rem;color:var(--quiet)}
    td{position:relative}
    .comparable{position:absolute;margin-left:.15em;color:var(--quiet)}
    td.best strong{color:var(--accent);font-weight:700}
    .figures{display:grid;grid-template-columns:minmax(0,1fr);gap:0 24px;margin:1.5rem 0 0}
    .figures figure{margin-bottom:1.6rem}
    .figures figure{display:grid;grid-template-rows:subgrid;grid-row:span 3;row-gap:0}
    figure{margin:0;min-width:0}
    figure.wide{margin:1.7rem 0}
    figcaption strong{display:block;font-weight:600}
    figcaption span{display:block;font-size:.88rem;color:var(--quiet)}
    .legend{list-style:none;margin:.35rem 0 0;padding:0;display:flex;flex-wrap:wrap;\
    gap:.1rem 1.1rem;font-size:.86rem}
    .legend svg{vertical-align:-1px;margin-right:.45em}
    .chart{display:none;width:100%;height:auto;margin-top:.6rem}
    .chart.compact{display:block}
    .chart text{font-size:12px;font-variant-numeric:tabular-nums}
    .tick{fill:var(--quiet)}
    .axis{fill:var(--ink)}
    .label{fill:var(--ink);paint-order:stroke;stroke:var(--page);stroke-width:3px;\
    stroke-linejoin:round}
    .grid{stroke:var(--grid)}
    .rule{stroke:var(--rule)}
    .level{stroke:var(--quiet);stroke-dasharray:4 4}
    .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
    .thin{stroke-width:1.2;opacity:.6}
    .raw{stroke-width:1;opacity:.24}
    .band{opacity:.16;stroke:none}
    .area{fill-opacity:.2;stroke-width:1.5;stroke-linejoin:round}
    .whisker{stroke-width:2.5;stroke-linecap:round}
    .marker{stroke:var(--page)!important;stroke-width:1}
    .c0{stroke:var(--c0);fill:var(--c0)}.c1{stroke:var(--c1);fill:var(--c1)}
    .c2{stroke:var(--c2);fill:var(--c2)}.c3{stroke:var(--c3);fill:var(--c3)}
    .c4{stroke:var(--c4);fill:var(--c4)}.c5{stroke:var(--c5);fill:var(--c5)}
    .c6{stroke:var(--c6);fill:var(--c6)}.c7{stroke:var(--c7);fill:var(--c7)}
    .line.line{fill:none}
    .claims{list-style:none;margin:1.2rem 0;padding:0;max-width:52em}
    .claims li{display:flex;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--grid)}
    .verdict{flex:0 0 7.4rem;font-weight:600;white-space:nowrap}
    .held .verdict{color:var(--good)}
    .nothold .verdict{color:var(--bad)}
    .untested .verdict{color:var(--quiet)}
    .statement{display:block}
    .evidence{display:block;font-size:.88rem;color:var(--quiet)}
    .note{background:var(--card);border-radius:6px;padding:.7rem 1rem}
    .warning{background:var(--warn)}
    .sample{margin:1.4rem 0;border:1px solid var(--grid);border-radius:8px;overflow:hidden}
    .prompt{background:var(--card);padding:.8rem 1rem}
    .completions{display:grid;grid-template-columns:1fr}
    .completion{padding:.8rem 1rem;border-top:1px solid var(--grid);display:flex;\
    flex-direction:column}
    .role{font-size:.8rem;font-weight:600;color:var(--quiet)}
    p.words{white-space:pre-wrap;margin:.2rem 0 .6rem;line-height:1.5}
    .prompt p.words{margin-bottom:0}
    .scores{list-style:none;margin:auto 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1rem;\
    font-size:.86rem;color:var(--quiet);font-variant-numeric:tabular-nums}
    .scores b{color:var(--ink);font-weight:600}
    details{margin:1.2rem 0;border-top:1px solid var(--grid);border-bottom:1px solid var(--grid);\
    padding:.6rem 0}
    summary{cursor:pointer;font-weight:550}
    footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--grid);font-size:.85rem;\
    color:var(--quiet)}
    @media (min-width:480px){.chart.compact{display:none}.chart.regular{display:block}\
    .half .chart{max-width:640px}}
    @media (min-width:700px){.completions{grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))}\
    .completion + .completion{border-left:1px solid var(--grid)}}
    @media (min-width:960px){.figures{grid-template-columns:repeat(2,minmax(0,1fr))}\
    .wide .chart.regular{display:none}.wide .chart.wide{display:block}}
    @media (max-width:479px){body{padding:24px 12px 40px}th,td{padding:.4rem .6rem}\
    .claims li{display:block}.settings thead{display:none}.settings tr{display:block;padding:.45rem 0}\
    .settings th,.settings td{display:block;padding:0 0 .1rem;overflow-wrap:anywhere}\
    .settings td:empty{display:none}}
    @media print{:root{color-scheme:light;--page:#fff;--card:#f5f5f2;--ink:#000;--quiet:#444;\
    --rule:#888;--grid:#ddd;--accent:#0a5fa3;--good:#0b6b4f;--bad:#a63a0c;--warn:#fff;--c0:#0072b2;\
    --c1:#c85208;--c2:#00805f;--c3:#a8478d;--c4:#8f6a00;--c5:#3d8fc4;--c6:#5f6368;--c7:#7b3f20}
    body{max-width:none;padding:0;font-size:11pt}nav{display:none}h2{break-after:avoid}
    .figures{grid-template-columns:repeat(2,minmax(0,1fr))}\
    .half .chart.regular,.wide .chart.compact,.wide .chart.wide{display:none}\
    .half .chart.compact,.wide .chart.regular{display:block}\
    .warning{border:1px solid var(--rule)}figure,.sample,tr,.claims li{break-inside:avoid}.scroll{overflow:visible}
    details::details-content{content-visibility:visible;display:block}}
    """
}
