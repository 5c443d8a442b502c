// Forms for plug-ins: a field for each parameter, empty where the default is meant.
import { h } from "./dom.js";

const texts = (options) => options.map((option) => h("option", { value: option }, option));

function select(field, onchange) {
  const element = h("select", { "data-parameter": field.name, onchange }, texts(field.options));
  element.value = field.default;
  element.dataset.default = field.default;
  return element;
}

function control(field) {
  if (field.type === "choice") return select(field);
  return h("input", {
    type: "text", "data-parameter": field.name, placeholder: field.default || "required",
    title: field.type, autocomplete: "off", spellcheck: "false", size: 8,
  });
}

// The fields of a plug-in.  A part, such as a sampler, brings fields of its own.
export function fieldset(fields) {
  return fields.map((field) => {
    if (field.type !== "part") return h("label", {}, `${field.name} `, control(field));
    const inner = h("div", { class: "fields part" }, fieldset(field.parts[field.default]));
    const choose = select(field, (event) => {
      inner.replaceChildren(...fieldset(field.parts[event.target.value]));
    });
    return [h("label", {}, `${field.name} `, choose), inner];
  }).flat();
}

// What was filled in: the parameters that are not left at their defaults.
export function parameters(element) {
  const found = {};
  element.querySelectorAll("[data-parameter]").forEach((one) => {
    const value = one.value.trim();
    if (value && value !== one.dataset.default) found[one.dataset.parameter] = value;
  });
  return found;
}
