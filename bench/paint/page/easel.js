// The image with its hole: tools, the pointer, and a cursor that the keyboard moves.
import { byId, h, percent } from "./dom.js";
import { History, Hole } from "./hole.js";
import { inPane, panBy, pinched, within, zoomByWheel, zoomed } from "./view.js";

export const TOOLS = [
  ["brush", "Brush", "B"], ["eraser", "Eraser", "E"], ["rectangle", "Box", "R"],
  ["lasso", "Lasso", "L"], ["flood", "Fill in", "F"],
];
export const ACTIONS = [
  ["undo", "Undo", "Z"], ["redo", "Redo", "Y"], ["invert", "Invert", "I"], ["clear", "Clear", "X"],
];
const VIOLET = [214, 0, 147, 150];

export class Easel {
  // onChange: called after every change of the hole; onRelease: when a stroke ended.
  constructor(onChange, onRelease) {
    this.onChange = onChange;
    this.onRelease = onRelease;
    this.picture = null;
    this.hole = null;
    this.history = new History();
    this.tool = "brush";
    this.radius = 12;
    this.path = [];
    this.at = { x: 0.5, y: 0.5 };
    this.pane = byId("easel");
    this.overlay = byId("overlay").getContext("2d");
    this.listen();
    this.drawTools();
  }

  open(picture, bits) {
    this.picture = picture;
    this.hole = new Hole(picture.width, picture.height);
    this.history = new History();
    if (bits) this.hole.unpack(bits);
    const image = byId("image");
    image.src = `images/${picture.key}.png`;
    image.alt = picture.name;
    byId("overlay").width = picture.width;
    byId("overlay").height = picture.height;
    byId("empty").hidden = true;
    document.documentElement.style.setProperty("--aspect", picture.width / picture.height);
    this.changed();
  }

  // Changes the hole by a function of it, so that it can be undone.
  edit(change) {
    if (!this.hole) return;
    this.history.note(this.hole);
    change(this.hole);
    this.changed();
    this.onRelease();
  }

  undo() { if (this.hole && this.history.undo(this.hole)) this.changed(); }

  redo() { if (this.hole && this.history.redo(this.hole)) this.changed(); }

  act(name) {
    if (name === "undo" || name === "redo") this[name]();
    else this.edit((hole) => (name === "invert" ? hole.invert() : hole.clear()));
  }

  choose(tool) {
    this.tool = tool;
    this.path = [];
    this.changed();
    this.drawTools();
  }

  resize(radius) {
    this.radius = Math.max(0.5, Math.min(100, radius));
    byId("brush").value = Math.round(2 * this.radius);
    byId("brush-shown").value = Math.round(2 * this.radius);
    this.drawCursor();
  }

  changed() {
    this.draw();
    this.drawActions();
    if (!this.hole) return;
    byId("share").textContent = `hole ${percent(this.hole.share)}`;
    this.onChange(this.hole.share);
  }

  // The hole, and the outline of a box or lasso that is not closed yet.
  draw() {
    if (!this.hole) return;
    const { width, height, pixels } = this.hole;
    const shown = this.overlay.createImageData(width, height);
    const words = new Uint32Array(shown.data.buffer);
    const [violet] = new Uint32Array(new Uint8ClampedArray(VIOLET).buffer);
    for (let i = 0; i < words.length; i++) words[i] = pixels[i] ? violet : 0;
    this.overlay.putImageData(shown, 0, 0);
    if (this.path.length < 2) return;
    this.overlay.strokeStyle = "#fff";
    this.overlay.lineWidth = Math.max(1, width / 256);
    this.overlay.beginPath();
    const [a, b] = [this.path[0], this.path[this.path.length - 1]];
    if (this.tool === "rectangle") this.overlay.rect(a.x, a.y, b.x - a.x, b.y - a.y);
    else this.path.forEach((p) => this.overlay.lineTo(p.x, p.y));
    this.overlay.stroke();
  }

  drawTools() {
    byId("tools").replaceChildren(...TOOLS.map(([name, text, key]) => h("button", {
      type: "button", title: `${text} (${key})`, "aria-pressed": String(this.tool === name),
      onclick: () => this.choose(name), "data-tool": name,
    }, text)));
    byId("actions").replaceChildren(...ACTIONS.map(([name, text, key]) => h("button", {
      type: "button", title: `${text} (${key})`, onclick: () => this.act(name), "data-action": name,
    }, text)));
    this.drawActions();
  }

  drawActions() {
    const able = { undo: this.history.past.length, redo: this.history.future.length };
    byId("actions").querySelectorAll("button").forEach((button) => {
      button.disabled = able[button.dataset.action] === 0 || !this.hole;
    });
  }

  // A ring as large as the brush, where the pointer or the keyboard is.
  drawCursor() {
    const cursor = byId("cursor"), place = inPane(this.at);
    if (!this.hole) return;
    const round = this.tool === "brush" || this.tool === "eraser";
    const span = inPane({ x: this.at.x + this.radius / this.hole.width, y: 0 }).x - place.x;
    cursor.classList.toggle("round", round);
    cursor.style.left = `${100 * place.x}%`;
    cursor.style.top = `${100 * place.y}%`;
    cursor.style.width = round ? `${200 * span}%` : "";
  }

  pixel() { return { x: this.at.x * this.hole.width, y: this.at.y * this.hole.height }; }

  value() { return this.tool === "eraser" || this.erasing ? 0 : 1; }

  begin() {
    this.history.note(this.hole);
    this.path = [this.pixel()];
    this.go();
  }

  go() {
    const point = this.pixel(), last = this.path[this.path.length - 1];
    if (this.tool === "brush" || this.tool === "eraser") {
      this.hole.stroke(last, point, this.radius, this.value());
      this.path = [point];
    } else {
      this.path.push(point);
    }
    this.draw();
  }

  end() {
    const [first] = this.path, last = this.path[this.path.length - 1];
    if (this.tool === "rectangle") this.hole.rectangle(first, last, this.value());
    if (this.tool === "lasso") this.hole.polygon(this.path, this.value());
    if (this.tool === "flood") this.hole.flood(last, this.value());
    this.path = [];
    this.changed();
    this.onRelease();
  }

  listen() {
    const { pane } = this;
    let down = false;
    for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      pane.addEventListener(type, (event) => {
        if (!this.hole) return;
        const twice = pinched(pane, event);
        if (twice && down) {  // a second finger: what the first one drew was not meant
          down = false;
          this.path = [];
          this.undo();
        }
        this.at = within(pane, event);
        byId("cursor").hidden = event.pointerType === "touch";
        this.drawCursor();
        if (twice) return;
        if (type === "pointerdown" && event.button !== 1) {
          event.preventDefault();
          pane.focus({ preventScroll: true });
          pane.setPointerCapture(event.pointerId);
          this.erasing = event.button === 2 || event.shiftKey;
          down = true;
          this.begin();
        } else if (type === "pointermove" && down) {
          this.go();
        } else if (type !== "pointermove" && down) {
          down = false;
          this.end();
        }
      });
    }
    pane.addEventListener("pointerleave", () => { if (!down) byId("cursor").hidden = true; });
    pane.addEventListener("contextmenu", (event) => event.preventDefault());
    pane.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) zoomByWheel(pane, event);
      else {
        event.preventDefault();
        this.resize(this.radius * Math.exp(-event.deltaY / 500));
      }
    }, { passive: false });
    pane.addEventListener("keydown", (event) => this.key(event));
    byId("brush").addEventListener("input", (event) => this.resize(Number(event.target.value) / 2));
  }

  // Arrows move the cursor, Space paints; of a box or lasso, Space sets a corner, C closes it.
  key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key], shape = this.tool === "rectangle" || this.tool === "lasso";
    if (!this.hole || event.ctrlKey || event.metaKey) return;
    if (arrow) {
      const step = event.shiftKey ? 1 : Math.max(1, this.radius);
      const edge = (value) => Math.max(0, Math.min(1, value));
      this.at.x = edge(this.at.x + (arrow[0] * step) / this.hole.width);
      this.at.y = edge(this.at.y + (arrow[1] * step) / this.hole.height);
      byId("cursor").hidden = false;
      if (zoomed()) panBy(arrow[0] * 0.02, arrow[1] * 0.02);
      this.drawCursor();
    } else if (event.key === " " && shape) {
      if (this.path.length) this.go();
      else this.begin();
      if (this.tool === "rectangle" && this.path.length > 2) this.end();
    } else if (event.key === " ") {
      this.begin();
      this.end();
    } else if (event.key.toLowerCase() === "c" && this.path.length > 1) {
      this.end();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
