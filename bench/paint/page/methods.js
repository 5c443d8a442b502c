// The methods to fill with: a row each, its parameters folded away, and variants beside it.
import { byId, h } from "./dom.js";
import { fieldset, parameters } from "./forms.js";

function row(offer, place, chosen) {
  const check = h("input", { type: "checkbox", checked: chosen });
  const name = h("label", { class: "method", title: offer.about }, check, ` ${offer.name}`);
  const element = h("div", { class: "method-row", "data-place": place, "data-name": offer.name },
    name);
  if (!offer.fields.length) return element;
  const fields = h("div", { class: "fields" }, fieldset(offer.fields));
  const twin = h("button", {
    type: "button", class: "small", title: "The same method with other parameters, beside this one",
    onclick: () => {
      const other = row(offer, place, true);
      element.after(other);
      other.querySelector("details").open = true;
      other.querySelector("summary").focus();
    },
  }, "Add a variant");
  const folded = h("details", {}, h("summary", {}, "parameters"),
    h("p", { class: "note" }, offer.about), fields, twin);
  element.append(folded);
  return element;
}

export function drawMethods(offers) {
  byId("methods").replaceChildren(...offers.map((offer, k) => row(offer, k, offer.chosen)));
}

// The chosen ones, as the server takes them.
export function chosenMethods() {
  const rows = [...byId("methods").querySelectorAll(".method-row")];
  return rows.filter((one) => one.querySelector("input[type=checkbox]").checked)
    .map((one) => ({ place: Number(one.dataset.place), parameters: parameters(one) }));
}
