// Where images come from: the datasets of this machine, and files that are opened, dropped, pasted.
import { get, post, postFile } from "./api.js";
import { attempt, byId, h, tell } from "./dom.js";
import { fromBase64 } from "./hole.js";

const SIZES = [32, 64, 128, 256, 512, 1024];
let source = null;  // what is open: asked for again when the size changes
let listed = 0, listing = 0;

const size = () => (byId("size").value === "own" ? null : Number(byId("size").value));

async function openFrom(from, onOpen) {
  tell("Opening …");
  const picture = from.file
    ? await postFile("uploads", { size: size() || "own", name: from.file.name || "pasted" },
      from.file)
    : await post("images", { dataset: from.dataset, n: from.n, size: size() });
  source = from;
  byId("thumbs").querySelectorAll("button").forEach((button) => button.setAttribute(
    "aria-pressed", String(!from.file && Number(button.dataset.n) === from.n)));
  onOpen(picture, picture.hole ? fromBase64(picture.hole) : null);
}

async function list(onOpen, from = 0) {
  const number = ++listing, dataset = Number(byId("dataset").value);
  const query = new URLSearchParams({ search: byId("search").value.trim(), start: from });
  const found = await get(`datasets/${dataset}?${query}`);
  if (number !== listing) return;  // a later search is under way
  const buttons = found.images.map(({ n, id }) => h("button", {
    type: "button", title: id, "data-n": n, "aria-pressed": "false",
    onclick: () => attempt(() => openFrom({ dataset, n }, onOpen)),
  }, h("img", { src: `datasets/${dataset}/${n}.webp`, alt: id, loading: "lazy", width: 60 })));
  if (from) byId("thumbs").append(...buttons);
  else byId("thumbs").replaceChildren(...buttons);
  listed = from + buttons.length;
  byId("more").hidden = listed >= found.total;
  byId("more").textContent = `More (${found.total - listed})`;
  if (!found.total) byId("thumbs").append(h("p", { class: "note" }, "No image has such an id."));
}

export async function startImages(choices, onOpen) {
  const option = (value, text) => h("option", { value }, text);
  byId("dataset").replaceChildren(...choices.datasets.map((name, k) => option(k, name)));
  byId("dataset").value = choices.dataset;
  const sizes = [...new Set([...SIZES, choices.size || 256])].sort((a, b) => a - b);
  byId("size").replaceChildren(...sizes.map((side) => option(side, side)), option("own", "own"));
  byId("size").value = choices.size || 256;
  const open = (from) => attempt(() => openFrom(from, onOpen));
  const openFile = (file) => file && open({ file });
  byId("dataset").addEventListener("change", () => attempt(() => list(onOpen)));
  byId("search").addEventListener("input", () => attempt(() => list(onOpen)));
  byId("more").addEventListener("click", () => attempt(() => list(onOpen, listed)));
  byId("size").addEventListener("change", () => source && open(source));
  byId("choose-file").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    openFile(event.target.files[0]);
    event.target.value = "";
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files.length) openFile(event.dataTransfer.files[0]);
    else tell("Drop an image file; what was dropped is none.", true);
  });
  document.addEventListener("paste", (event) => openFile(event.clipboardData.files[0]));
  await attempt(() => list(onOpen));
  await open({ dataset: choices.dataset, n: 0 });
}
