/**
 * Keyboard. `data-hotkey="g d"` on a link, button or field names its keys. Keys without a modifier
 * do nothing in fields, and nothing at all with <html data-shortcuts="off">.
 */
import { install } from "@github/hotkey";

const bound = new WeakSet();
const off = () => document.documentElement.dataset.shortcuts === "off";

/** Binds the elements of the page that have not been bound yet. */
export function bind() {
  if (off()) return;
  for (const element of document.querySelectorAll("[data-hotkey]")) {
    if (bound.has(element)) continue;
    bound.add(element);
    install(element);
  }
}

/**
 * Moves between the rows of a list.
 * @param {number} step 1 for the next row, -1 for the previous one
 */
function move(step) {
  const links = [...document.querySelectorAll("[data-list] .rowlink")];
  const here = links.indexOf(document.activeElement?.closest("tr")?.querySelector(".rowlink"));
  const next = links[Math.max(0, Math.min(links.length - 1, here + step))];
  next?.focus();
}

/** Opens the list of the keys that do something on this page. */
function list() {
  const sheet = document.getElementById("keys");
  for (const line of sheet?.querySelectorAll("[data-where]") ?? []) {
    line.hidden = !document.querySelector(line.dataset.where);
  }
  sheet?.showModal();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement?.closest("tr")?.querySelector("td.check input")?.click(),
  "?": list,
};

addEventListener("keydown", event => {
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "k") {
    event.preventDefault();
    import("./palette.js").then(palette => palette.open());
  } else if (command && event.key === "Enter") {
    event.target.form?.requestSubmit();
  } else if (!command && !event.altKey && !field && !off() && !document.querySelector("dialog[open]")) {
    KEYS[event.key]?.();
  }
});
