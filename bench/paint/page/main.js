// Puts the parts of the page together.
import { get, post } from "./api.js";
import { attempt, byId, startTheme, tell } from "./dom.js";
import { startCompare } from "./compare.js";
import { Easel } from "./easel.js";
import { cancel, fill, isRunning } from "./fills.js";
import { startImages } from "./images.js";
import { startKeys } from "./keys.js";
import { startMasks } from "./masks.js";
import { chosenMethods, drawMethods } from "./methods.js";
import { reset } from "./view.js";

let again = false;  // a stroke ended while a filling ran: fill once more after it

const easel = new Easel(showState, () => { if (byId("live").checked) run(); });

function showState() {
  const share = easel.hole ? easel.hole.share : 0;
  const number = chosenMethods().length;
  byId("fill").disabled = isRunning() || share === 0 || share === 1 || !number;
  const methods = number > 1 ? "methods" : "method";
  byId("fill").textContent = number ? `Fill with ${number} ${methods}` : "Fill";
  byId("cancel").disabled = !isRunning();
}

async function run() {
  if (isRunning()) {
    again = byId("live").checked;
    return;
  }
  showState();
  if (byId("fill").disabled) {
    if (easel.picture) tell("Paint a hole and choose a method first.", true);
    return;
  }
  again = false;
  await fill(easel, {
    methods: chosenMethods(), seed: Number(byId("seed").value),
    samples: Number(byId("samples").value), truth: !byId("no-truth").checked,
  }, showState);
  if (again) run();
}

function opened(picture, bits) {
  easel.open(picture, bits);
  reset();
  byId("no-truth").checked = Boolean(bits);
  byId("about").textContent = `${picture.name}, ${picture.width} × ${picture.height},`;
  tell(bits ? "The transparent part of the image is its hole." : "Paint what is to be filled.");
}

function stop() {
  again = false;
  cancel();
}

async function start() {
  startTheme();
  const choices = await get("choices");
  drawMethods(choices.methods);
  byId("method-panel").addEventListener("change", showState);
  byId("method-panel").addEventListener("click", showState);
  startCompare();
  const { roll } = startMasks(choices.masks, easel);
  byId("fill").addEventListener("click", run);
  byId("cancel").addEventListener("click", stop);
  startKeys(easel, { fill: run, cancel: stop, roll });
  if (matchMedia("(max-width: 760px)").matches) {
    document.querySelectorAll("aside details").forEach((panel) => { panel.open = false; });
  }
  await startImages(choices, opened);
  await post("warm", { methods: chosenMethods() });
}

attempt(start);
