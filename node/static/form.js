// A convenience only: every form works without it.
"use strict";

const unitOf = (input) => {
  const list = input.list;
  const option = list && [...list.options].find((one) => one.value === input.value);
  const long = input.value.length > 18 ? input.value.replace(/ \([^()]*\)$/, "") + " · " : "";
  return option ? long + option.label : "";
};

document.addEventListener("input", (event) => {
  const hint = event.target.closest(".line")?.querySelector("[data-hint]");
  if (hint && event.target.list) hint.textContent = unitOf(event.target);
});

document.addEventListener("click", (event) => {
  const more = event.target.closest("[data-more]");
  if (!more) return;
  event.preventDefault();
  const lines = more.closest("fieldset").querySelector(".lines");
  const all = lines.querySelectorAll(".line");
  const fresh = all[all.length - 1].cloneNode(true);
  fresh.querySelectorAll(".error, .picks").forEach((part) => part.remove());
  fresh.querySelectorAll("[data-hint]").forEach((part) => (part.textContent = ""));
  fresh.querySelectorAll("input").forEach((input) => {
    input.value = "";
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    input.id = input.id.replace(/\d+$/, all.length);
    const label = fresh.querySelector(`label[for="${input.id.replace(/\d+$/, all.length - 1)}"]`);
    if (label) label.htmlFor = input.id;
  });
  lines.append(fresh);
  fresh.querySelector("input:not([type=hidden])").focus();
});

// The node sorts out a form that was sent twice; this only spares a second of doubt.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.matches(".primary")) setTimeout(() => (button.disabled = true), 0);
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("button[disabled]").forEach((button) => (button.disabled = false));
});
