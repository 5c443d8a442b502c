// Any two pictures of a painting against each other: a slider, or their difference.
import { byId, h } from "./dom.js";
import { panBy, pinched, zoomByWheel, zoomed } from "./view.js";

const GAIN = 4;  // a difference of a quarter of the range is white
const MODES = [["slider", "Slider", "V"], ["difference", "Difference", "V"]];
let sides = [], left = null, right = null, mode = "slider", at = 50, outline = true;

const find = (key) => sides.find((side) => side.key === key);

// all: [{key, name, src}] of one painting, with its outline; the last answer comes up by itself.
export function setSides(all, rim) {
  sides = all;
  byId("stage").dataset.outline = rim;
  if (!find(left)) left = sides[0].key;
  if (!find(right)) right = sides[Math.min(2, sides.length - 1)].key;
  fillSelects();
  draw();
}

export function choose(which, key) {
  if (!find(key)) return;
  if (which === "left") left = key;
  else right = key;
  fillSelects();
  draw();
}

export function chooseNth(which, number) {
  if (sides[number]) choose(which, sides[number].key);
}

export function stepRight(by) {
  if (!sides.length) return;
  const next = (sides.indexOf(find(right)) + by + sides.length) % sides.length;
  choose("right", sides[next].key);
}

export function toggleMode() {
  mode = mode === "slider" ? "difference" : "slider";
  drawModes();
  draw();
}

export function toggleOutline() {
  outline = !outline;
  document.body.classList.toggle("outlined", outline);
  drawModes();
}

function fillSelects() {
  for (const [id, key] of [["left", left], ["right", right]]) {
    byId(id).replaceChildren(...sides.map((s) => h("option", { value: s.key }, s.name)));
    byId(id).value = key;
  }
}

function drawModes() {
  byId("modes").replaceChildren(...MODES.map(([name, text, key]) => h("button", {
    type: "button", "aria-pressed": String(mode === name), title: `${text} (${key})`,
    onclick: () => { if (mode !== name) toggleMode(); },
  }, text)), h("button", {
    type: "button", "aria-pressed": String(outline), title: "Outline of the hole (O)",
    onclick: toggleOutline,
  }, "Outline"));
}

const layer = (name, content) => h("div", { class: `layer ${name}` },
  h("div", { class: "zoomed" }, content));

function draw() {
  const stage = byId("stage"), a = find(left), b = find(right);
  if (!a || !b) return;
  const picture = (side) => h("img", { src: side.src, alt: side.name, draggable: "false" });
  const rim = h("img", { class: "outline", src: stage.dataset.outline, alt: "" });
  byId("slider").disabled = mode !== "slider";
  if (mode === "difference") {
    const canvas = h("canvas", { role: "img", "aria-label": `${a.name} against ${b.name}` });
    difference(canvas, a.src, b.src);
    stage.replaceChildren(layer("before", [canvas, rim]),
      h("span", { class: "tag" }, `${GAIN} × |${a.name} − ${b.name}|`));
    return;
  }
  stage.replaceChildren(layer("before", picture(a)), layer("after", picture(b)),
    layer("rim", rim), h("div", { class: "bar" }), h("span", { class: "tag" }, a.name),
    h("span", { class: "tag right" }, b.name));
  place();
}

function place() {
  const after = byId("stage").querySelector(".after");
  byId("slider").value = at;
  if (!after) return;
  after.style.clipPath = `inset(0 0 0 ${at}%)`;
  byId("stage").querySelector(".bar").style.left = `${at}%`;
}

async function difference(canvas, one, other) {
  const [a, b] = await Promise.all([one, other].map(pixelsOf));
  canvas.width = a.width;
  canvas.height = a.height;
  const shown = new ImageData(a.width, a.height);
  for (let i = 0; i < shown.data.length; i++) {
    shown.data[i] = i % 4 === 3 ? 255 : GAIN * Math.abs(a.data[i] - b.data[i]);
  }
  canvas.getContext("2d").putImageData(shown, 0, 0);
}

async function pixelsOf(src) {
  const image = new Image();
  image.src = src;
  await image.decode();
  const canvas = h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// Near the bar, or where nothing is zoomed, the pointer moves the bar; elsewhere the picture.
function listen() {
  const stage = byId("stage");
  let dragging = null, last = null;
  const move = (event) => {
    const box = stage.getBoundingClientRect(), dx = event.clientX - last.clientX;
    if (dragging === "bar") {
      at = Math.max(0, Math.min(100, (100 * (event.clientX - box.left)) / box.width));
      place();
    } else {
      panBy(-dx / box.width, -(event.clientY - last.clientY) / box.height);
    }
    last = event;
  };
  for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
    stage.addEventListener(type, (event) => {
      if (pinched(stage, event)) dragging = null;
      else if (type === "pointerdown") {
        const box = stage.getBoundingClientRect();
        const apart = Math.abs(event.clientX - box.left - (at / 100) * box.width);
        dragging = mode === "slider" && (!zoomed() || apart < 24) ? "bar" : "picture";
        last = event;
        stage.setPointerCapture(event.pointerId);
        move(event);
      } else if (type === "pointermove" && dragging) move(event);
      else if (type !== "pointermove") dragging = null;
    });
  }
  stage.addEventListener("wheel", (event) => zoomByWheel(stage, event), { passive: false });
  stage.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by && mode === "slider") { at = Math.max(0, Math.min(100, at + by)); place(); }
    else if (turn) stepRight(turn);
    else return;
    event.preventDefault();
  });
}

export function startCompare() {
  document.body.classList.toggle("outlined", outline);
  drawModes();
  listen();
  byId("slider").addEventListener("input", (event) => {
    at = Number(event.target.value);
    place();
  });
  for (const id of ["left", "right"]) {
    byId(id).addEventListener("change", (event) => choose(id, event.target.value));
  }
}

