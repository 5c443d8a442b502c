// The keyboard: one letter a tool, everywhere but in fields; the list of keys is made from this.
import { byId, h } from "./dom.js";
import { chooseNth, toggleMode, toggleOutline } from "./compare.js";
import { ACTIONS, TOOLS } from "./easel.js";
import { reset, zoomBy } from "./view.js";

export function startKeys(easel, { fill, cancel, roll }) {
  const table = [
    ...TOOLS.map(([name, text, key]) => [key, text, () => easel.choose(name)]),
    ...ACTIONS.map(([name, text, key]) => [key, text, () => easel.act(name)]),
    ["[", "Smaller brush", () => easel.resize(easel.radius / 1.2)],
    ["]", "Larger brush", () => easel.resize(easel.radius * 1.2)],
    ["G", "Roll the generator's seed", roll],
    ["P", "To the image: arrows move, Space paints, C closes a lasso", () => byId("easel").focus()],
    ["Enter", "Fill", fill],
    ["Escape", "Cancel", cancel],
    ["V", "Slider or difference", toggleMode],
    ["O", "Outline of the hole", toggleOutline],
    ["+", "Zoom in", () => zoomBy(1.5)],
    ["-", "Zoom out", () => zoomBy(1 / 1.5)],
    ["0", "All of the picture", reset],
    ["1 – 9", "That picture on the right; with Alt on the left", null],
    ["?", "This list", () => byId("show-keys").click()],
  ];
  const actions = new Map(table.filter(([, , act]) => act).map(([key, , act]) =>
    [key.toLowerCase(), act]));
  byId("keys").replaceChildren(h("dl", {}, table.map(([key, text]) =>
    h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)))));
  byId("show-keys").addEventListener("click", (event) => {
    byId("keys").hidden = !byId("keys").hidden;
    event.currentTarget.setAttribute("aria-expanded", String(!byId("keys").hidden));
  });
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const typing = target.matches("select, textarea, input:not([type=checkbox], [type=range])");
    const pressing = key === "Enter" && target.matches("button, a, summary, code");
    if ((typing && key !== "Escape") || pressing) return;
    if ((event.ctrlKey || event.metaKey) && "zy".includes(key.toLowerCase())) {
      easel.act(key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo");
    } else if (event.ctrlKey || event.metaKey) {
      return;
    } else if (/^Digit[1-9]$/.test(event.code)) {
      chooseNth(event.altKey ? "left" : "right", Number(event.code[5]) - 1);
    } else if (actions.has(key.toLowerCase()) && !event.altKey) {
      actions.get(key.toLowerCase())();
    } else {
      return;
    }
    event.preventDefault();
  });
}
