// Holes that are not painted: drawn by a generator with a seed, or read from a mask file.
import { post, postFile } from "./api.js";
import { attempt, byId, h, tell } from "./dom.js";
import { fieldset, parameters } from "./forms.js";
import { fromBase64 } from "./hole.js";

export function startMasks(offers, easel) {
  const offer = () => offers[Number(byId("mask").value)];
  const show = () => {
    byId("mask-about").textContent = offer().about;
    byId("mask-fields").replaceChildren(...fieldset(offer().fields));
  };
  const drawn = async () => {
    if (!easel.picture) return;
    const found = await post("holes", {
      image: easel.picture.key, seed: Number(byId("mask-seed").value),
      mask: { place: Number(byId("mask").value), parameters: parameters(byId("mask-fields")) },
    });
    easel.edit((hole) => hole.unpack(fromBase64(found.hole)));
    tell(`Drawn by ${found.text}, mask seed ${byId("mask-seed").value}.`);
  };
  const roll = () => {
    byId("mask-seed").value = (Number(byId("mask-seed").value) + 1) % 2 ** 31;
    return attempt(drawn);
  };
  const read = async (file) => {
    if (!file || !easel.picture) return;
    const found = await postFile("masks", { image: easel.picture.key }, file);
    easel.edit((hole) => {
      hole.unpack(fromBase64(found.hole));
      if (byId("polarity").value === "black") hole.invert();
    });
    tell(`The ${byId("polarity").value} pixels of ${file.name} are the hole.`);
  };
  byId("mask").replaceChildren(...offers.map((one, k) => h("option", { value: k }, one.name)));
  const usual = offers.findIndex((one) => one.name === "free-form");
  byId("mask").value = Math.max(0, usual);
  byId("mask").addEventListener("change", show);
  byId("draw").addEventListener("click", () => attempt(drawn));
  byId("roll").addEventListener("click", roll);
  byId("choose-mask").addEventListener("click", () => byId("mask-file").click());
  byId("mask-file").addEventListener("change", (event) => {
    attempt(() => read(event.target.files[0]));
    event.target.value = "";
  });
  show();
  return { roll };
}
