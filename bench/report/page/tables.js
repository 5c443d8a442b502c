// The score table of a mask, sortable, and the mean ranks over all masks.
function sortValue(row, key) {
  if (key === "method") return row.name.toLowerCase();
  if (key === "n") return row.n;
  if (key === "seconds") return row.seconds;
  if (key === "evaluations") return row.evaluations;
  if (key === "licence") return row.licence || null;
  return row.cells[key] ? row.cells[key].value : null;
}
function sortedRows(rows) {
  const { key, down } = state.sort;
  if (!key) return rows;
  const having = rows.filter((row) => sortValue(row, key) !== null);
  having.sort((a, b) => {
    const x = sortValue(a, key), y = sortValue(b, key);
    return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
  });
  return [...having, ...rows.filter((row) => sortValue(row, key) === null)];
}
function sorting() {  // rows come best first by the board's own metric
  const metric = board().metrics.find((m) => m.name === board().caseMetric);
  return state.sort.key || !metric ? state.sort : { key: metric.name, down: metric.up };
}
function headCell(key, title, bestDown) {
  const { key: by, down } = sorting();
  const order = by !== key ? "none" : down ? "descending" : "ascending";
  return h("th", { scope: "col", "aria-sort": order }, h("button", {
    type: "button", "data-sort": key,
    onclick: () => {
      state.sort = { key, down: by === key ? !down : bestDown };
      drawPanel();
      document.querySelector(`button[data-sort="${CSS.escape(key)}"]`).focus();
    },
  }, title));
}
function scoreCell(cell) {
  if (!cell) return h("td", {}, "–");
  return h("td", { class: cell.best ? "best" : null, title: cell.about || null },
    cell.text + (cell.close ? " ≈" : ""), cell.detail ? h("small", {}, cell.detail) : null,
    cell.spread ? h("small", { class: "spread" }, cell.spread) : null);
}
// A method's name that breaks after a colon or a comma.
function breakable(name) {
  return name.split(/(?<=[:,])/).flatMap((part, k) => (k ? [h("wbr", {}), part] : [part]));
}
function scoreTable(b, rows) {
  const counted = b.costTitle;
  const licensed = b.rows.some((row) => row.licence);
  const head = h("tr", {}, headCell("method", "method", false),
    b.metrics.map((m) => headCell(m.name, m.title, m.up)),
    headCell("n", "n", true), headCell("seconds", "s/image", false),
    counted ? headCell("evaluations", counted, false) : null,
    licensed ? headCell("licence", "licence", false) : null);
  const small = (text) => (text ? h("span", { class: "assets" }, text) : null);
  const body = sortedRows(rows).map((row) => h("tr", {},
    h("td", {}, swatch(row.name), breakable(row.method), small(row.assets), small(row.seeds)),
    b.metrics.map((m) => scoreCell(row.cells[m.name])),
    h("td", {}, row.failed ? `${row.n} (${row.failed} failed)` : String(row.n)),
    h("td", {}, row.secondsText),
    counted ? h("td", {}, row.evaluationsText) : null,
    licensed ? h("td", {}, row.licence || "–") : null));
  const empty = rows.length ? null : h("p", { class: "note" }, "No method matches the filter.");
  return h("div", {}, scrolling(
    h("table", { id: "scores" }, h("thead", {}, head), h("tbody", {}, body))), empty);
}
function ranksPanel() {
  const r = DATA.ranks[state.metric] || Object.values(DATA.ranks)[0];
  const head = h("tr", {}, h("th", {}, "method"), h("th", {}, "mean rank"),
    r.blocks.map((block) => h("th", {}, block)));
  const rows = r.rows.filter((row) => shownRows({ rows: [row] }).length);
  const body = rows.map((row) => h("tr", {}, h("td", {}, swatch(row.name), row.name),
    h("td", { class: row.best ? "best" : null }, row.rank.toFixed(2) + (row.close ? " ≈" : "")),
    row.values.map((value) => h("td", {}, value))));
  return h("div", {}, h("h2", {}, r.title), scrolling(
    h("table", {}, h("thead", {}, head), h("tbody", {}, body))),
    h("p", { class: "note" }, r.note), h("div", { class: "card" },
      h("h3", {}, "Mean ranks with their critical differences"), rankPlot(r, rows),
      h("p", { class: "note" }, "Two methods whose bars do not meet are told apart " +
        "(Nemenyi, 5%). Band: not told apart from the best.")));
}
