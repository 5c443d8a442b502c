// A card's scores, over the image and over the hole; the best of all cards stand out.
import { h } from "./dom.js";

const METRICS = [["l1", "L1", -1, 2], ["psnr", "PSNR", 1, 2], ["lpips", "LPIPS", -1, 3]];

function cell(name, sign, places, scores, all) {
  if (scores[name] === undefined) return h("td", {}, "");
  const others = all.map((one) => one[name]).filter((value) => value !== undefined);
  const best = others.length > 1 && others.every((value) => sign * (scores[name] - value) >= 0);
  return h("td", best ? { class: "best" } : {}, scores[name].toFixed(places));
}

export function scoreTable(scores, all) {
  const head = h("tr", {}, h("th", {}, ""), METRICS.map(([, title, sign]) =>
    h("th", { title: sign > 0 ? "higher is better" : "lower is better" },
      title, h("i", {}, sign > 0 ? " ↑" : " ↓"))));
  const row = (title, suffix) => h("tr", {}, h("th", { scope: "row" }, title),
    METRICS.map(([name, , sign, places]) => cell(name + suffix, sign, places, scores, all)));
  return h("table", {}, h("thead", {}, head), h("tbody", {}, row("image", ""),
    row("hole", "_hole")));
}
