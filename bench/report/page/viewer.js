// Before and after: a slider over two pictures, thumbnails of all methods, worst and best cases.
let pool = null;  // megabytes: read when the first picture is drawn, after the tables
function picture(index) {
  pool = pool || JSON.parse(byId("pool").textContent);
  return pool[index];
}
function sides(b, rows) {
  const p = b.pictures;
  return [["target", p.target], ["hole", p.hole],
    ...rows.filter((row) => p.outputs[row.key]).map((row) => [row.name, p.outputs[row.key]])];
}
function chosenSides(b, rows) {
  const all = sides(b, rows);
  const find = (name) => all.find((side) => side[0] === name);
  return { all, left: find(state.left) || all[0], right: find(state.right) || all[2] || all[1] };
}
function chooser(text, all, current, onchange) {
  const select = h("select", { "aria-label": text, onchange: (e) => onchange(e.target.value) },
    all.map((side) => h("option", { value: side[0] }, side[0])));
  select.value = current[0];
  return h("label", {}, `${text} `, select);
}
function viewerCard(b, rows) {
  const { all, left, right } = chosenSides(b, rows), p = b.pictures;
  state.image = Math.min(state.image, p.ids.length - 1);
  const id = p.ids[state.image];
  const after = h("img", {
    class: "after", alt: `${right[0]}, ${id}`, src: picture(right[1][state.image]),
  });
  const bar = h("div", { class: "bar" });
  const place = () => {
    after.style.clipPath = `inset(0 0 0 ${state.at}%)`;
    bar.style.left = `${state.at}%`;
  };
  const range = h("input", {
    type: "range", min: 0, max: 100, id: "slider", "aria-label": "Before and after",
    oninput: (e) => { state.at = Number(e.target.value); place(); },
  });
  range.value = state.at;
  const move = (e) => {
    const box = stage.getBoundingClientRect();
    state.at = Math.max(0, Math.min(100, 100 * (e.clientX - box.left) / box.width));
    range.value = state.at;
    place();
  };
  const before = h("img", {
    alt: `${left[0]}, ${id}`, src: picture(left[1][state.image]), draggable: "false",
  });
  const stage = h("div", {
    class: "stage", id: "stage", tabindex: 0,
    onpointermove: (e) => { if (e.buttons) move(e); },
    onpointerdown: (e) => { stage.setPointerCapture(e.pointerId); move(e); },
  },
    before, after, bar,
    h("span", { class: "left" }, left[0]), h("span", { class: "right" }, right[0]));
  place();
  return h("div", { class: "card viewer-card" }, h("h3", {}, "Comparison"),
    h("div", { class: "choices" },
      chooser("Left", all, left, (name) => { state.left = name; redraw("Left"); }),
      chooser("Right", all, right, (name) => { state.right = name; redraw("Right"); }),
      h("button", { type: "button", onclick: () => stepImage(-1) }, "← Previous"),
      h("button", { type: "button", onclick: () => stepImage(1) }, "Next →"),
      h("span", { class: "note", id: "which" },
        `${id} (${state.image + 1} of ${p.ids.length})`)),
    creditLine(b, id),
    h("div", { class: "viewer" }, h("div", {}, stage, range), imageScores(b, rows)),
    thumbnails(b, all, right));
}
// The scores of the image that is shown, a line for each method.
function imageScores(b, rows) {
  const having = rows.filter((row) => b.pictures.scores[row.key]);
  const shown = b.metrics.filter((m) => having.some((row) => scoresAt(b, row)[m.name]));
  const head = h("tr", {}, h("th", {}, "this image"), shown.map((m) => h("th", {}, m.title)));
  const body = having.map((row) => h("tr", {}, h("td", {}, swatch(row.name), row.name),
    shown.map((m) => h("td", {}, scoresAt(b, row)[m.name] || "–"))));
  return scrolling(h("table", { class: "of-image" }, h("thead", {}, head), h("tbody", {}, body)));
}
function scoresAt(b, row) { return b.pictures.scores[row.key][state.image] || {}; }

function thumbnails(b, all, right) {
  const head = h("tr", {}, h("th", {}, ""), all.map((side) => h("th", {}, side[0])));
  const body = b.pictures.ids.map((id, k) => h("tr", {}, h("td", {}, id),
    all.map((side) => h("td", {}, h("button", {
      type: "button", title: `${side[0]}, ${id}: enlarge`,
      "aria-pressed": String(k === state.image && side === right),
      onclick: () => { state.image = k; state.right = side[0]; redraw(); openLarge(side[0]); },
    }, h("img", { alt: `${side[0]}, ${id}`, src: picture(side[1][k]), loading: "lazy" }))))));
  return scrolling(
    h("table", { class: "thumbs" }, h("thead", {}, head), h("tbody", {}, body)));
}
function redraw(selectLabel) {
  const old = document.querySelector(".viewer-card");
  if (!old) return;
  const focused = old.contains(document.activeElement);
  const scrolled = [...old.querySelectorAll(".scroll")].map((e) => e.scrollLeft);
  const fresh = viewerCard(board(), shownRows(board()));
  old.replaceWith(fresh);
  fresh.querySelectorAll(".scroll").forEach((e, k) => { e.scrollLeft = scrolled[k] || 0; });
  hintAtScrolling();
  const again = selectLabel ? `select[aria-label="${selectLabel}"]` : "#stage";
  if (focused) fresh.querySelector(again).focus({ preventScroll: true });
}
function stepImage(by) {
  const count = board().pictures.ids.length;
  if (!count) return;
  state.image = (state.image + by + count) % count;
  redraw();
}
function stepMethod(by) {
  const { all, right } = chosenSides(board(), shownRows(board()));
  state.right = all[(all.indexOf(right) + by + all.length) % all.length][0];
  redraw();
}
function creditLine(b, id) {
  return b.credits[id] ? h("p", { class: "note credit" }, `Photograph: ${b.credits[id]}`) : null;
}
function caseFigure(b, row, c) {
  const sides = [["target", c.target], ["hole", c.hole], [row.name, c.output]];
  const pictures = sides.map(([what, place], k) => h("button", {
    type: "button", title: `${what}, ${c.id}: enlarge`, onclick: () => showLarge(b, c, sides, k),
  }, h("img", { alt: `${what} of ${c.id}`, src: picture(place), loading: "lazy" })));
  return h("figure", { class: "case" }, h("div", {}, pictures),
    h("figcaption", {}, `${c.id}: ${b.caseMetric} ${c.score}`), creditLine(b, c.id));
}
function casesCard(b, rows) {
  const having = rows.filter((row) => b.cases[row.key]);
  if (!having.length) return null;
  const row = having.find((r) => r.name === state.caseOf) || having[0], cases = b.cases[row.key];
  const select = h("select", {
    "aria-label": "Cases of",
    onchange: (e) => { state.caseOf = e.target.value; drawPanel(); },
  },
    having.map((r) => h("option", { value: r.name }, r.name)));
  select.value = row.name;
  const figures = (list) => h("div", { class: "cases" }, list.map((c) => caseFigure(b, row, c)));
  return h("div", { class: "card", id: "cases" }, h("h3", {}, "Worst and best cases"),
    h("div", { class: "choices" }, h("label", {}, "Method ", select)),
    h("p", { class: "note" }, "Worst (target, hole, output)"), figures(cases.worst),
    h("p", { class: "note" }, "Best"), figures(cases.best));
}
