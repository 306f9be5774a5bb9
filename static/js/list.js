/**
 * Lists: filter while typing, select rows, close popovers. Everything is delegated to the window,
 * so it serves rows that arrive later and tables that plugins draw.
 *
 * Sends `calibrify:selection` with `detail.count` from the form when the selection changes.
 */
const ROWS = "td.check input[name=id]";
let timer = 0;
let last = null;
let popped = false;

/**
 * Says how many rows are selected.
 * @param {HTMLFormElement} form
 */
function report(form) {
  const count = form.querySelectorAll(`${ROWS}:checked`).length;
  const place = form.querySelector("[data-check-count]");
  if (place) place.textContent = place.dataset.checkCount.replace("{n}", String(count));
  form.dispatchEvent(new CustomEvent("calibrify:selection", { bubbles: true, detail: { count } }));
}

/**
 * Selects from the row that was clicked last to this one.
 * @param {HTMLInputElement} box
 */
function extend(box) {
  const all = [...box.form.querySelectorAll(ROWS)];
  const ends = [all.indexOf(last), all.indexOf(box)];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  if (from >= 0) for (const other of all.slice(from, to + 1)) other.checked = box.checked;
}

/** Gives the filter fields the values of the address: a cached page keeps what was typed last. */
function restore() {
  const query = new URLSearchParams(location.search);
  for (const form of document.querySelectorAll("form[data-auto-submit]")) {
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden") continue;
      if (field.type === "checkbox") field.checked = query.getAll(field.name).includes(field.value);
      else field.value = query.get(field.name) ?? "";
    }
  }
}

addEventListener("input", event => {
  const form = event.target.closest("form[data-auto-submit]");
  if (!form) return;
  clearTimeout(timer);
  timer = setTimeout(() => form.requestSubmit(), event.target.type === "search" ? 250 : 0);
});

addEventListener("change", event => {
  const box = event.target;
  if (!box.matches("[data-check-all]")) return;
  for (const other of box.form.querySelectorAll(ROWS)) other.checked = box.checked;
  report(box.form);
});

addEventListener("click", event => {
  const box = event.target;
  if (box.matches?.(ROWS)) {
    if (event.shiftKey && last) extend(box);
    last = box;
    report(box.form);
  }
  for (const pop of document.querySelectorAll("details.pop[open]")) {
    if (!pop.contains(box)) pop.open = false;
  }
});

addEventListener("keydown", event => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const pops = [...document.querySelectorAll("details.pop[open]")];
  for (const pop of pops) {
    pop.open = false;
    pop.querySelector("summary").focus();
  }
  const boxes = pops.length ? [] : [...document.querySelectorAll(`${ROWS}:checked, [data-check-all]:checked`)];
  for (const box of boxes) box.checked = false;
  if (boxes.length) report(boxes[0].form);
});

addEventListener("popstate", () => { popped = true; });
addEventListener("turbo:load", () => {
  if (popped) restore();
  popped = false;
});
