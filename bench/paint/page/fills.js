// Fillings: an order to the server, and its cards as they come.
import { post, stream } from "./api.js";
import { attempt, byId, h, percent, tell } from "./dom.js";
import { toBase64 } from "./hole.js";
import { choose, setSides } from "./compare.js";
import { scoreTable } from "./scores.js";

const MOST_FILLS = 10;
// What is done at each event of a card.
const HANDLERS = { start: "start", step: "step", done: "done", scores: "scored", failed: "failed" };
let running = null;  // its AbortController

export const isRunning = () => running !== null;

export function cancel() {
  if (running) running.abort();
}

// The rim of a hole as a picture, to lie over others.
function outlineOf(hole) {
  const canvas = h("canvas", { width: hole.width, height: hole.height });
  const context = canvas.getContext("2d"), shown = context.createImageData(hole.width, hole.height);
  for (let i = 0; i < hole.pixels.length; i++) {
    if (hole.isRim(i)) shown.data.set([255, 255, 255, 230], 4 * i);
  }
  context.putImageData(shown, 0, 0);
  return canvas.toDataURL();
}

function hiddenOf(hole, image) {
  const canvas = h("canvas", { width: hole.width, height: hole.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  context.fillStyle = "#808080";
  hole.pixels.forEach((missing, i) => {
    if (missing) context.fillRect(i % hole.width, Math.floor(i / hole.width), 1, 1);
  });
  return canvas.toDataURL();
}

class Fill {
  constructor(picture, hole, image) {
    this.picture = picture;
    this.outline = outlineOf(hole);
    this.sides = [
      { key: "image", name: "image", src: `images/${picture.key}.png` },
      { key: "hole", name: "hole", src: hiddenOf(hole, image) },
    ];
    this.cards = new Map();
    this.scores = new Map();
    this.grid = h("div", { class: "cards" });
    this.title = h("h2", {}, `${picture.name}, hole ${percent(hole.share)}`);
    this.all = h("a", { class: "button", hidden: true, download: "fillings.zip" }, "Download all");
    this.element = h("section", { class: "filling" }, h("div", { class: "row" }, this.title,
      this.all), this.grid);
  }

  on(event) {
    if (event.event === "begin") this.begin(event);
    else if (event.event !== "end") this[HANDLERS[event.event]](this.cards.get(event.card), event);
  }

  begin(event) {
    for (const { key, label, sample } of event.cards) {
      const several = event.cards.filter((one) => one.label === label).length > 1;
      const name = several ? `${label} #${sample + 1}` : label;
      const state = h("p", { class: "facts" }, "waiting");
      const pane = h("div", { class: "pane" }, h("div", { class: "zoomed" }));
      const element = h("article", { class: "card waiting", "data-card": key, tabindex: 0,
        "aria-label": name }, pane, h("h3", {}, name), state);
      this.cards.set(key, { key, name, state, pane, element });
      this.grid.append(element);
    }
  }

  start(card) {
    card.state.textContent = "filling …";
    card.element.classList.replace("waiting", "running");
  }

  step(card, event) {
    card.state.textContent = `level ${event.level} of ${event.levels}`;
    this.show(card, event.image);
  }

  show(card, src) {
    const image = h("img", { src, alt: card.name, draggable: "false" });
    card.pane.firstChild.replaceChildren(image);
  }

  done(card, event) {
    const src = `cards/${card.key}.png`;
    card.element.classList.remove("waiting", "running");
    this.show(card, src);
    const counted = event.evaluations ? [`${event.evaluations} evaluations`] : [];
    const loaded = event.loading > 0.05 ? [`loaded in ${event.loading.toFixed(1)} s`] : [];
    card.state.textContent = [`${event.seconds.toFixed(event.seconds < 1 ? 3 : 1)} s`, ...counted,
      ...loaded].join(", ");
    card.scores = h("div", { class: "scores" }, event.truth ? "scoring …" : "no truth, no scores");
    card.element.append(card.scores, this.buttons(card, event.file));
    if (event.remark) card.element.append(h("p", { class: "note warn" }, event.remark));
    this.sides.push({ key: card.key, name: card.name, src });
    this.compare();
    if (this.sides.length === 3) choose("right", card.key);
    this.all.href = `cards.zip?cards=${this.sides.slice(2).map((side) => side.key).join(",")}`;
    this.all.hidden = false;
  }

  scored(card, event) {
    this.scores.set(card.key, event.scores);
    for (const [key, scores] of this.scores) {
      this.cards.get(key).scores.replaceChildren(scoreTable(scores, [...this.scores.values()]));
    }
  }

  failed(card, event) {
    card.element.classList.remove("waiting", "running");
    card.element.classList.add("failed");
    card.state.textContent = event.error;
    card.state.classList.add("warn");
    if (card.scores) card.scores.textContent = "no scores";
  }

  cancelled() {
    for (const card of this.cards.values()) {
      if (!card.element.matches(".waiting, .running")) continue;
      card.element.classList.remove("waiting", "running");
      card.element.classList.add("failed");
      card.state.textContent = "cancelled";
    }
  }

  compare() { setSides(this.sides, this.outline); }

  buttons(card, file) {
    const against = (which) => () => { this.compare(); choose(which, card.key); };
    const button = (text, title, onclick) => h("button", { type: "button", class: "small", title,
      onclick }, text);
    return h("div", { class: "row" },
      button("Left", "Compare: on the left", against("left")),
      button("Right", "Compare: on the right", against("right")),
      h("a", { class: "button small", href: `cards/${card.key}.png`, download: file,
        title: "Download the picture" }, "Save"),
      button("Keep", "Add image and hole to the pack, copy the command that repeats this",
        () => attempt(() => this.keep(card))));
  }

  // Into the pack, with the command that makes this card again, copied.
  async keep(card) {
    const { id, command } = await post("pack", { card: card.key });
    const shown = h("code", { class: "command", tabindex: 0, title: "Click to copy",
      onclick: () => attempt(() => copy(command)) }, command);
    const before = card.element.querySelector(".command");
    if (before) before.replaceWith(shown);
    else card.element.append(shown);
    const copied = await copy(command);
    tell(`Kept as ${id}; the command that repeats it is ${copied ? "copied" : "on the card"}.`);
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;  // not allowed here: the text is there to be marked
  }
}

export async function fill(easel, order, onState) {
  const shown = new Fill(easel.picture, easel.hole, byId("image"));
  const list = byId("fills");
  list.prepend(shown.element);
  while (list.children.length > MOST_FILLS) list.lastChild.remove();
  running = new AbortController();
  onState();
  const body = { image: easel.picture.key, hole: toBase64(easel.hole.packed()), ...order };
  tell("Filling …");
  try {
    await stream("fills", body, running.signal, (event) => shown.on(event));
    const failed = list.firstChild.querySelectorAll(".failed").length;
    tell(failed ? `Done; ${failed} failed.` : "Done.", failed > 0);
  } catch (error) {
    if (!shown.cards.size) shown.element.remove();
    if (error.name === "AbortError") tell("Cancelled.");
    else tell(error.message, true);
  } finally {
    shown.cancelled();
    running = null;
    onState();
  }
}
