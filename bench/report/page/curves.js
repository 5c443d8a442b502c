// Quality against hole area, a line per method; the one pointed at stands out and shows its n.
function curvesCard(b, rows) {
  const m = plotMetric(b);
  const lines = rows.map((row) => ({ row, bins: row.bins[m.name] || [] }))
    .filter((l) => l.bins.length);
  if (new Set(lines.flatMap((l) => l.bins).map((bin) => bin[0])).size < 2) return null;
  const legend = h("div", { class: "legend" }, lines.map((l, k) => h("button", {
    type: "button", "data-line": k, onpointerenter: lightUp, onpointerleave: lightUp,
    onfocus: lightUp, onblur: lightUp,
  }, swatch(l.row.name), l.row.name)));
  const note = h("p", { class: "note" }, "Point at a line or a name: it stands out, with the " +
    "number of images of each point.");
  return plotCard(`Quality against hole area: ${m.title}`, (svg, area) =>
    drawCurves(svg, area, m, lines), h("div", {}, legend, note));
}
function lightUp(event) {
  const on = event.type === "pointerenter" || event.type === "focus";
  const card = event.currentTarget.closest(".card");
  const line = event.currentTarget.dataset.line;
  card.querySelector("svg").classList.toggle("dim", on);
  for (const g of card.querySelectorAll("g.curve")) {
    g.classList.toggle("lit", on && g.dataset.line === line);
  }
}
function drawCurves(svg, area, m, lines) {
  const all = lines.flatMap((l) => l.bins);
  const x1 = Math.max(...all.map((bin) => bin[1]));
  const x0 = Math.min(...all.map((bin) => bin[0]));
  const [low, high] = range(all.map((bin) => bin[3]));
  const x = (f) => area.x((f - x0) / (x1 - x0)), y = better(area, m, low, high);
  const edges = [...new Set(all.flatMap((bin) => [bin[0], bin[1]]))].sort((a, c) => a - c);
  frame(svg, area, edges.map((e) => [x(e), String(Math.round(e * 100))]), y, [low, high],
    ["hole area, percent of the image", `${m.name}; up is better`]);
  lines.forEach((line, k) => svg.append(curve(line, k, x, y)));
}
function curve({ row, bins }, k, x, y) {
  const at = bins.map((bin) => [x((bin[0] + bin[1]) / 2), y(bin[3]), bin]);
  const colour = colourOf(row.name), points = at.map((p) => `${p[0]},${p[1]}`).join(" ");
  const group = s("g", { class: "curve", "data-line": k },
    s("polyline", { class: "grip", points }),
    s("polyline", { fill: "none", stroke: colour, "stroke-width": 2,
      "stroke-dasharray": dashOf(row.name), points }),
    s("title", {}, row.name));
  for (const [px, py, bin] of at) {
    const about = `${row.name}: ${bin[3].toPrecision(4)} over ${bin[2]} images`;
    group.append(s("circle", { cx: px, cy: py, r: 3.5, fill: colour }, s("title", {}, about)),
      s("text", { class: "label n", x: px, y: py - 9, "text-anchor": "middle" }, `n = ${bin[2]}`));
  }
  group.addEventListener("pointerenter", lightUp);
  group.addEventListener("pointerleave", lightUp);
  return group;
}
