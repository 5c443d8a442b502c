// A picture enlarged, with its scores; the arrow keys go through methods and images.
const large = { step: null };

function openLarge(name) {  // of the comparison: target, hole or a method, at the current image
  const b = board(), all = sides(b, shownRows(b)), p = b.pictures;
  const at = Math.max(0, all.findIndex((side) => side[0] === name)), k = state.image;
  const row = b.rows.find((r) => r.name === all[at][0]);
  drawLarge(b, {
    name: all[at][0], id: p.ids[k], place: all[at][1][k], scores: row && scoresAt(b, row),
    where: `${at + 1} of ${all.length}, image ${k + 1} of ${p.ids.length}`,
  });
  large.step = (across, along) => {
    if (along) stepImage(along);
    openLarge(all[(at + across + all.length) % all.length][0]);
  };
}
function showLarge(b, c, sides, at) {  // of a case: target, hole and output
  drawLarge(b, {
    name: sides[at][0], id: c.id, place: sides[at][1], scores: at === 2 && c.scores,
    where: `${at + 1} of ${sides.length}`,
  });
  large.step = (across, along) =>
    showLarge(b, c, sides, (at + across + along + sides.length) % sides.length);
}
function drawLarge(b, shown) {
  const dialog = byId("large"), known = b.metrics.filter((m) => (shown.scores || {})[m.name]);
  const button = (text, title, across, along) => h("button", {
    type: "button", title, onclick: () => large.step(across, along),
  }, text);
  dialog.replaceChildren(
    h("div", { class: "choices" }, h("strong", {}, shown.name), h("span", {}, shown.id),
      h("span", { class: "note" }, shown.where),
      h("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close")),
    h("img", { alt: `${shown.name}, ${shown.id}`, src: picture(shown.place) }),
    h("p", { class: "scores" }, known.map((m) => `${m.title} ${shown.scores[m.name]}`).join("   ")),
    creditLine(b, shown.id) || "",
    h("div", { class: "choices" }, button("← Method", "Left arrow", -1, 0),
      button("Method →", "Right arrow", 1, 0), button("↑ Image", "Up arrow", 0, -1),
      button("Image ↓", "Down arrow", 0, 1)));
  if (!dialog.open) dialog.showModal();
}
function onLargeKey(event) {
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key] || 0;
  const along = { ArrowUp: -1, ArrowDown: 1 }[event.key] || 0;
  if (!across && !along) return;
  large.step(across, along);
  event.preventDefault();
}
function startLarge() {
  const dialog = byId("large");
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
