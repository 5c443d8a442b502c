// Inline SVG: quality against time, quality against hole area, mean ranks.
const SVG = "http://www.w3.org/2000/svg";
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}
const NARROW = matchMedia("(max-width: 600px)");  // a phone: fewer units, so that letters stay legible
let W = 520;
const H = 320, BOX = { left: 62, right: 16, top: 14, bottom: 44 };
const X = (f) => BOX.left + f * (W - BOX.left - BOX.right);
const Y = (f) => H - BOX.bottom - f * (H - BOX.top - BOX.bottom);

function ticks(low, high) {
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) found.push(v);
  return { values: found, places: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}
function range(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const pad = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  return [low - pad, high + pad];
}
function frame(svg, xTicks, yScale, yRange, titles) {
  const { values, places } = ticks(...yRange);
  for (const v of values) svg.append(
    s("line", { class: "rule", x1: X(0), x2: X(1), y1: yScale(v), y2: yScale(v) }),
    s("text", { x: X(0) - 8, y: yScale(v) + 4, "text-anchor": "end" }, v.toFixed(places)));
  for (const [at, text] of xTicks) svg.append(
    s("text", { x: at, y: H - BOX.bottom + 18, "text-anchor": "middle" }, text));
  svg.append(s("line", { class: "axis", x1: X(0), x2: X(1), y1: Y(0), y2: Y(0) }),
    s("text", { x: X(0.5), y: H - 6, "text-anchor": "middle" }, titles[0]),
    s("text", { transform: `translate(13 ${Y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, titles[1]));
}
const NOTHING = "Nothing to draw for this metric.";
function plotCard(title, b, draw, legend, otherwise = NOTHING) {
  W = NARROW.matches ? 380 : 520;
  const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": title });
  const drawn = draw(svg);
  return h("div", { class: "card" }, h("h3", {}, title),
    drawn ? svg : h("p", { class: "note" }, otherwise), drawn && legend ? legend : null);
}
function better(m, low, high) {  // the better end of the axis is at the top
  return (v) => Y(m.up ? (v - low) / (high - low) : (high - v) / (high - low));
}
function paretoCard(b, rows) {
  const m = plotMetric(b);
  const points = rows.filter((row) => row.seconds > 0 && row.cells[m.name])
    .map((row) => ({ row, t: Math.log10(row.seconds), v: row.cells[m.name].value }));
  return plotCard(`Quality against time: ${m.title}`, b, (svg) => {
    if (!points.length) return false;
    const [x0, x1] = range(points.map((p) => p.t)).map((v, k) => v + (k ? 0.25 : -0.25));
    const [low, high] = range(points.map((p) => p.v));
    const x = (t) => X((t - x0) / (x1 - x0)), y = better(m, low, high);
    const marks = [];
    const every = Math.max(1, Math.ceil((x1 - x0) / 6));
    for (let k = Math.ceil(x0); k <= x1; k += every) marks.push([x(k), k < -3 || k > 4 ? `1e${k}` : String(10 ** k)]);
    if (!marks.length) marks.push([x(points[0].t), points[0].row.secondsText]);
    frame(svg, marks, y, [low, high], ["seconds an image (log); left is faster", `${m.name}; up is better`]);
    const front = points.filter((p) => !points.some((q) => q !== p && q.t <= p.t &&
      (m.up ? q.v >= p.v : q.v <= p.v) && (q.t < p.t || q.v !== p.v))).sort((p, q) => p.t - q.t);
    svg.append(s("polyline", { class: "front", points: front.map((p) => `${x(p.t)},${y(p.v)}`).join(" ") }));
    const taken = points.map((p) => [x(p.t) - 5, y(p.v) - 5, x(p.t) + 5, y(p.v) + 5]);
    for (const p of points) {
      const colour = colourOf(p.row.name), fill = front.includes(p) ? colour : "none";
      svg.append(s("circle", { cx: x(p.t), cy: y(p.v), r: 5, fill, stroke: colour, "stroke-width": 2 },
        s("title", {}, `${p.row.name}: ${p.row.cells[m.name].text}, ${p.row.secondsText} s`)));
      label(svg, p.row.name, x(p.t), y(p.v), taken);
    }
    return true;
  }, h("p", { class: "note" }, "Filled: no method here is both faster and better."));
}
function label(svg, name, cx, cy, taken) {
  const text = name.length > 26 ? `${name.slice(0, 25)}…` : name, w = text.length * 6.6;
  for (const [dx, dy, anchor] of [[9, 4, "start"], [-9, 4, "end"], [0, -10, "middle"], [0, 19, "middle"],
    [12, 19, "end"], [12, -10, "end"], [-12, 19, "start"], [-12, -10, "start"]]) {
    const left = cx + dx - (anchor === "end" ? w : anchor === "middle" ? w / 2 : 0);
    const box = [left - 4, cy + dy - 11, left + w + 4, cy + dy + 3];
    const clash = taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]);
    if (clash || box[0] < X(0) || box[2] > W || box[1] < 0 || box[3] > Y(0)) continue;
    taken.push(box);
    svg.append(s("text", { class: "label", x: cx + dx, y: cy + dy, "text-anchor": anchor }, text));
    return;
  }
}
function curvesCard(b, rows) {
  const m = plotMetric(b);
  const lines = rows.map((row) => ({ row, bins: row.bins[m.name] || [] })).filter((l) => l.bins.length);
  const legend = h("div", { class: "legend" }, lines.map((l) => h("span", {}, swatch(l.row.name), l.row.name)));
  const alike = lines.length ? `All holes of this mask cover between ${Math.round(100 * lines[0].bins[0][0])} and ` +
    `${Math.round(100 * lines[0].bins[0][1])} percent of the image: there is no curve to draw.` : NOTHING;
  return plotCard(`Quality against hole area: ${m.title}`, b, (svg) => {
    const all = lines.flatMap((l) => l.bins);
    if (new Set(all.map((bin) => bin[0])).size < 2) return false;
    const x1 = Math.max(...all.map((bin) => bin[1]));
    const x0 = Math.min(...all.map((bin) => bin[0]));
    const [low, high] = range(all.map((bin) => bin[3]));
    const x = (f) => X((f - x0) / (x1 - x0)), y = better(m, low, high);
    const edges = [...new Set(all.flatMap((bin) => [bin[0], bin[1]]))].sort((a, c) => a - c);
    frame(svg, edges.map((e) => [x(e), String(Math.round(e * 100))]), y, [low, high],
      ["hole area, percent of the image", `${m.name}; up is better`]);
    for (const { row, bins } of lines) {
      const at = bins.map((bin) => [x((bin[0] + bin[1]) / 2), y(bin[3]), bin]);
      svg.append(s("polyline", { fill: "none", stroke: colourOf(row.name), "stroke-width": 2,
        "stroke-dasharray": dashOf(row.name), points: at.map((p) => `${p[0]},${p[1]}`).join(" ") }));
      for (const [px, py, bin] of at) svg.append(s("circle", { cx: px, cy: py, r: 3.5, fill: colourOf(row.name) },
        s("title", {}, `${row.name}: ${bin[3].toPrecision(4)} over ${bin[2]} images`)));
    }
    return true;
  }, legend, alike);
}
function rankPlot(r, rows) {
  const height = 40 + rows.length * 24, width = NARROW.matches ? 380 : 700, left = NARROW.matches ? 140 : 220;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "ranks", role: "img", "aria-label": "Mean ranks" });
  const most = Math.max(...r.rows.map((row) => row.rank), 1) + 0.3;
  const x = (rank) => left + (rank - 1) / (most - 1 || 1) * (width - left - 20);
  const best = Math.min(...r.rows.map((row) => row.rank));
  svg.append(s("rect", { x: x(best), y: 22, width: Math.max(0, Math.min(x(best + r.difference), width) - x(best)),
    height: height - 22, fill: "var(--best)" }));
  for (let k = 1; k <= most; k++) svg.append(s("line", { class: "rule", x1: x(k), x2: x(k), y1: 22, y2: height }),
    s("text", { x: x(k), y: 14, "text-anchor": "middle" }, String(k)));
  const longest = NARROW.matches ? 19 : 30;
  rows.forEach((row, k) => {
    const y = 40 + k * 24, text = row.name.length > longest ? `${row.name.slice(0, longest - 1)}…` : row.name;
    svg.append(s("text", { class: "label", x: left - 12, y: y + 4, "text-anchor": "end" }, text),
      s("circle", { cx: x(row.rank), cy: y, r: 5, fill: colourOf(row.name) },
        s("title", {}, `${row.name}: mean rank ${row.rank.toFixed(2)}`)));
  });
  return svg;
}
