// Inline SVG: quality against time, the best of k samples, mean ranks.
const SVG = "http://www.w3.org/2000/svg";
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A phone: fewer units, so that letters stay legible.
const NARROW = matchMedia("(max-width: 600px)");

// A plot's area in a picture of width x height: x and y map fractions of it, y upwards.
function plotArea(width, height = 320) {
  const box = { left: 62, right: 16, top: 14, bottom: 44 };
  return {
    width,
    height,
    x: (f) => box.left + f * (width - box.left - box.right),
    y: (f) => height - box.bottom - f * (height - box.top - box.bottom),
  };
}

function ticks(low, high) {
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw);
  const multiples = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) multiples.push(v);
  return { values: multiples, places: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}
function range(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const pad = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  return [low - pad, high + pad];
}
function frame(svg, area, xTicks, yScale, yRange, titles) {
  const { values, places } = ticks(...yRange);
  const left = area.x(0), right = area.x(1), bottom = area.y(0);
  for (const v of values) {
    svg.append(
      s("line", { class: "rule", x1: left, x2: right, y1: yScale(v), y2: yScale(v) }),
      s("text", { x: left - 8, y: yScale(v) + 4, "text-anchor": "end" }, v.toFixed(places)));
  }
  for (const [at, text] of xTicks) {
    svg.append(s("text", { x: at, y: bottom + 18, "text-anchor": "middle" }, text));
  }
  const turned = `translate(13 ${area.y(0.5)}) rotate(-90)`;
  svg.append(
    s("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    s("text", { x: area.x(0.5), y: area.height - 6, "text-anchor": "middle" }, titles[0]),
    s("text", { transform: turned, "text-anchor": "middle" }, titles[1]));
}
function plotCard(title, draw, legend) {
  const area = plotArea(NARROW.matches ? 380 : 520);
  const viewBox = `0 0 ${area.width} ${area.height}`;
  const svg = s("svg", { viewBox, role: "img", "aria-label": title });
  draw(svg, area);
  return h("div", { class: "card" }, h("h3", {}, title), svg, legend);
}
function better(area, m, low, high) {  // the better end of the axis is at the top
  return (v) => area.y(m.up ? (v - low) / (high - low) : (high - v) / (high - low));
}
// What quality is drawn against.  "of": a row's cost, "text": as its table has it.
const TIME = { name: "time", of: (row) => row.seconds, text: (row) => `${row.secondsText} s`,
  axis: "seconds per image (log); left is faster", less: "faster" };
const EVALUATIONS = { name: "network evaluations", of: (row) => row.evaluations,
  text: (row) => `${row.evaluationsText} evaluations`,
  axis: "evaluations and gradients per image (log)", less: "cheaper" };
function paretoCard(b, rows, cost) {
  const m = plotMetric(b);
  const points = rows.filter((row) => cost.of(row) > 0 && row.cells[m.name]).map((row) => {
    const { value, interval } = row.cells[m.name];
    return { row, t: Math.log10(cost.of(row)), v: value, ends: interval || [value, value] };
  });
  if (points.length < 2) return null;
  const note = h("p", { class: "note" }, "Filled, and on the line: no method here is both " +
    `${cost.less} and better. Bars: 95% intervals of the mean.`);
  return plotCard(`Quality against ${cost.name}: ${m.title}`, (svg, area) =>
    drawPareto(svg, area, m, points, cost), note);
}
function drawPareto(svg, area, m, points, cost) {
  const [x0, x1] = range(points.map((p) => p.t)).map((v, k) => v + (k ? 0.25 : -0.25));
  const [low, high] = range(points.flatMap((p) => p.ends));
  const x = (t) => area.x((t - x0) / (x1 - x0)), y = better(area, m, low, high);
  frame(svg, area, costTicks(points, x0, x1, x, cost), y, [low, high],
    [cost.axis, `${m.name}; up is better`]);
  const front = points.filter((p) => !points.some((q) => beats(m, q, p)));
  svg.append(s("path", { class: "front", d: staircase(front, x, y, area.x(1)) }));
  const taken = points.map((p) => [x(p.t) - 5, y(p.v) - 5, x(p.t) + 5, y(p.v) + 5]);
  for (const p of points) {
    const stroke = colourOf(p.row.name), fill = front.includes(p) ? stroke : "var(--card)";
    const about = `${p.row.name}: ${p.row.cells[m.name].text}, ${cost.text(p.row)}`;
    svg.append(
      s("line", { x1: x(p.t), x2: x(p.t), y1: y(p.ends[0]), y2: y(p.ends[1]), stroke,
        "stroke-width": 1.5 }),
      s("circle", { cx: x(p.t), cy: y(p.v), r: 5, fill, stroke, "stroke-width": 2 },
        s("title", {}, about)));
    label(svg, area, p.row.name, x(p.t), y(p.v), taken);
  }
}
// The best that can be had in so much time: level until the next better method is affordable.
function staircase(front, x, y, end) {
  const steps = [...front].sort((p, q) => p.t - q.t);
  const path = steps.map((p, k) => (k ? `H${x(p.t)}V${y(p.v)}` : `M${x(p.t)} ${y(p.v)}`));
  return `${path.join("")}H${end}`;
}
function beats(m, q, p) {  // q costs no more than p, is as good, and not the same
  const asGood = m.up ? q.v >= p.v : q.v <= p.v;
  return q !== p && q.t <= p.t && asGood && (q.t < p.t || q.v !== p.v);
}
function costTicks(points, x0, x1, x, cost) {  // powers of ten; in a short range also 2 and 5
  const leading = x1 - x0 < 2 ? [1, 2, 5] : [1], marks = [];
  const every = Math.max(1, Math.ceil((x1 - x0) / 6));
  for (let k = Math.floor(x0); k <= x1; k += every) {
    for (const digit of leading) {
      const at = k + Math.log10(digit);
      if (at < x0 || at > x1) continue;
      const value = Number((digit * 10 ** k).toPrecision(1));
      marks.push([x(at), k < -3 || k > 4 ? value.toExponential() : String(value)]);
    }
  }
  return marks.length ? marks : [[x(points[0].t), cost.text(points[0].row)]];
}
const LABEL_PLACES = [[9, 4, "start"], [-9, 4, "end"], [0, -10, "middle"], [0, 19, "middle"],
  [12, 19, "end"], [12, -10, "end"], [-12, 19, "start"], [-12, -10, "start"]];
function label(svg, area, name, cx, cy, taken) {  // where it covers nothing; else nowhere
  const text = name.length > 26 ? `${name.slice(0, 25)}…` : name, w = text.length * 6.6;
  for (const [dx, dy, anchor] of LABEL_PLACES) {
    const left = cx + dx - (anchor === "end" ? w : anchor === "middle" ? w / 2 : 0);
    const box = [left - 4, cy + dy - 11, left + w + 4, cy + dy + 3];
    const clash = taken.some((o) =>
      box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]);
    const outside = box[0] < area.x(0) || box[2] > area.width || box[1] < 0 || box[3] > area.y(0);
    if (clash || outside) continue;
    taken.push(box);
    svg.append(s("text", { class: "label", x: cx + dx, y: cy + dy, "text-anchor": anchor }, text));
    return;
  }
}
function bestOfCard(b, rows) {
  const m = plotMetric(b);
  const lines = rows.map((row) => ({ row, curve: row.bestOf[m.name] || [] }))
    .filter((l) => l.curve.length > 1);
  if (!lines.length) return null;
  const legend = h("div", {},
    h("div", { class: "legend" }, lines.map((l) => h("span", {}, swatch(l.row.name), l.row.name))),
    h("p", { class: "note" }, "k = 1 is the mean of all samples. From k = 2 on the truth chooses " +
      "the sample, which no method can do."));
  return plotCard(`Best of k samples: ${m.title}`, (svg, area) =>
    drawBestOf(svg, area, m, lines), legend);
}
function drawBestOf(svg, area, m, lines) {
  const most = Math.max(...lines.map((l) => l.curve.length));
  const [low, high] = range(lines.flatMap((l) => l.curve));
  const x = (k) => area.x((k - 1) / (most - 1)), y = better(area, m, low, high);
  const marks = [...Array(most).keys()].map((k) => k + 1).filter((k) => most <= 12 || k % 5 === 0);
  frame(svg, area, marks.map((k) => [x(k), String(k)]), y, [low, high],
    ["k, samples that the truth chooses from", `${m.name}; up is better`]);
  for (const { row, curve } of lines) {
    const colour = colourOf(row.name);
    const points = curve.map((v, k) => `${x(k + 1)},${y(v)}`).join(" ");
    svg.append(s("polyline", { fill: "none", stroke: colour, "stroke-width": 2,
      "stroke-dasharray": dashOf(row.name), points }));
    curve.forEach((v, k) => svg.append(s("circle", { cx: x(k + 1), cy: y(v), r: 3.5, fill: colour },
      s("title", {}, `${row.name}: ${v.toPrecision(4)}, best of ${k + 1}`))));
  }
}
function rankPlot(r, rows) {
  const [width, left, longest] = NARROW.matches ? [380, 140, 19] : [700, 220, 30];
  const height = 40 + rows.length * 24, viewBox = `0 0 ${width} ${height}`;
  const svg = s("svg", { viewBox, class: "ranks", role: "img", "aria-label": "Mean ranks" });
  const most = Math.max(...r.rows.map((row) => row.rank), 1) + 0.3;
  const x = (rank) => left + (rank - 1) / (most - 1 || 1) * (width - left - 20);
  const best = Math.min(...r.rows.map((row) => row.rank));
  const close = Math.max(0, Math.min(x(best + r.difference), width) - x(best));
  svg.append(s("rect", { x: x(best), y: 22, width: close, height: height - 22,
    fill: "var(--best)" }));
  for (let k = 1; k <= most; k++) {
    svg.append(s("line", { class: "rule", x1: x(k), x2: x(k), y1: 22, y2: height }),
      s("text", { x: x(k), y: 14, "text-anchor": "middle" }, String(k)));
  }
  rows.forEach((row, k) => {
    const y = 40 + k * 24;
    const text = row.name.length > longest ? `${row.name.slice(0, longest - 1)}…` : row.name;
    const about = `${row.name}: mean rank ${row.rank.toFixed(2)}`;
    const ends = [-0.5, 0.5].map((f) => x(Math.max(1, row.rank + f * r.difference)));
    svg.append(s("text", { class: "label", x: left - 12, y: y + 4, "text-anchor": "end" }, text),
      s("line", { x1: ends[0], x2: Math.min(ends[1], width - 4), y1: y, y2: y,
        stroke: colourOf(row.name), "stroke-width": 2 }),
      s("circle", { cx: x(row.rank), cy: y, r: 5, fill: colourOf(row.name) },
        s("title", {}, about)));
  });
  return svg;
}
