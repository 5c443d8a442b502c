// Tabs, filter, theme: what is shown.  All text goes in as textContent, never parsed as HTML.
const DATA = JSON.parse(document.getElementById("data").textContent);
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8f5fd6",
  "#b5a900", "#d33f6a", "#7a8793"];
const state = { tab: 0, filter: "", metric: "", sort: {}, image: 0, left: "target", right: null,
  at: 50, caseOf: null, pictures: false };
const byId = (id) => document.getElementById(id);

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

const names = [...new Set(DATA.boards.flatMap((board) => board.rows.map((row) => row.name)))];
const colourOf = (name) => COLOURS[names.indexOf(name) % COLOURS.length];
const DASHES = ["none", "7 3", "2 3"];
const dashOf = (name) => DASHES[Math.floor(names.indexOf(name) / COLOURS.length) % 3];
function swatch(name) {
  const dot = h("span", { class: "swatch" });
  dot.style.background = colourOf(name);
  return dot;
}
function shownRows(board) {
  const words = state.filter.toLowerCase().split(",").map((w) => w.trim()).filter(Boolean);
  return board.rows.filter((row) => !words.length ||
    words.some((word) => row.name.toLowerCase().includes(word)));
}
const board = () => DATA.boards[state.tab];
const plotMetric = (b) => b.metrics.find((m) => m.name === state.metric) || b.metrics[0];

const ranked = Object.keys(DATA.ranks).length > 0;
const tabNames = () => [...DATA.boards.map((b) => b.tab), ...(ranked ? ["Mean ranks"] : [])];
function allMetrics() {
  const all = DATA.boards.flatMap((b) => b.metrics);
  return [...new Map(all.map((m) => [m.name, m])).values()];
}
// A table that may be wider than the page: it scrolls, and says so.
function scrolling(table) {
  return h("div", {}, h("div", { class: "scroll", tabindex: 0 }, table),
    h("p", { class: "hint", hidden: "" }, "Scroll sideways for more →"));
}
function hintAtScrolling() {
  for (const box of document.querySelectorAll(".scroll")) {
    box.nextElementSibling.hidden = box.scrollWidth <= box.clientWidth + 1;
  }
}

function drawTabs() {
  byId("tabs").replaceChildren(...tabNames().map((text, k) => h("button", {
    type: "button", role: "tab", id: `tab${k}`, "aria-controls": "panel",
    "aria-selected": String(k === state.tab), tabindex: k === state.tab ? 0 : -1,
    onclick: () => openTab(k),
  }, text)));
}
function openTab(k, focus) {
  const count = tabNames().length;
  state.tab = (k + count) % count;
  state.image = 0;
  drawTabs();
  drawPanel();
  const tab = byId(`tab${state.tab}`);
  if (focus) tab.focus();
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
}
function noteLine(note) {
  return h("p", { class: note.startsWith("Warning") ? "note warn" : "note" }, note);
}
function drawPanel() {
  const panel = byId("panel");
  panel.setAttribute("aria-labelledby", `tab${state.tab}`);
  writeAddress();
  if (state.tab === DATA.boards.length) {
    panel.replaceChildren(ranksPanel());
    return hintAtScrolling();
  }
  const b = board(), rows = shownRows(b);
  const pictures = state.pictures && b.pictures.ids.length > 0;
  panel.replaceChildren(h("h2", {}, b.title), scoreTable(b, rows), ...b.notes.map(noteLine),
    h("div", { class: "plots" }, paretoCard(b, rows, TIME), paretoCard(b, rows, EVALUATIONS),
      curvesCard(b, rows), bestOfCard(b, rows)),
    ...(pictures ? [viewerCard(b, rows), casesCard(b, rows)].filter(Boolean) : []));
  hintAtScrolling();
}
function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
function onKey(event) {
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (byId("large").open) return onLargeKey(event);
  if (event.key === "Escape" && event.target.id === "filter") {
    event.target.value = "";
    onFilter(event);
    return;
  }
  if (typing) return;
  const inTabs = event.target.getAttribute && event.target.getAttribute("role") === "tab";
  const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const up = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const inViewer = event.target.closest && event.target.closest(".viewer-card");
  let used = true;
  if (event.key === "/") byId("filter").focus();
  else if (event.key === "[") openTab(state.tab - 1);
  else if (event.key === "]") openTab(state.tab + 1);
  else if (side && inTabs) openTab(state.tab + side, true);
  else if (side && state.tab < DATA.boards.length) stepImage(side);
  else if (up && inViewer) stepMethod(up);
  else used = false;
  if (used) event.preventDefault();
}
function onFilter(event) { state.filter = event.target.value; drawPanel(); }

// The tables as files: each a link to its own text.
function startFiles() {
  const texts = JSON.parse(byId("files-data").textContent);
  byId("files").replaceChildren("Download ", ...Object.entries(texts).flatMap(([name, text]) => {
    const href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
    const title = { csv: "CSV", tex: "LaTeX" }[name.split(".").pop()];
    return [h("a", { href, download: name, class: "file" }, title), " "];
  }));
}
function start() {
  byId("title").textContent = document.title = DATA.title;
  byId("facts").replaceChildren(...DATA.facts.flatMap(([what, value]) =>
    [h("dt", {}, what), h("dd", {}, value)]));
  startFiles();
  const metrics = allMetrics();
  byId("metric").replaceChildren(...metrics.map((m) => h("option", { value: m.name }, m.title)));
  readAddress();
  byId("metric").addEventListener("change", (e) => { state.metric = e.target.value; drawPanel(); });
  byId("filter").addEventListener("input", onFilter);
  const theme = byId("theme");
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  nameTheme();
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  NARROW.addEventListener("change", drawPanel);
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => { readAddress(); drawTabs(); drawPanel(); });
  addEventListener("resize", hintAtScrolling);
  startLarge();
  byId("legend").textContent = DATA.legend;
  drawTabs();
  drawPanel();
  addEventListener("load", () => { state.pictures = true; drawPanel(); });
}
start();
