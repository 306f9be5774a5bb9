/**
 * Command palette: the entries of the navigation and what the search knows.
 *
 * The dialog names the search in `data-source`; asked for JSON it answers
 * `{"results": [{"label", "href", "icon", "detail"}]}`. Any link or button with `data-command`
 * becomes a command too.
 */
import Combobox from "@github/combobox-nav";
import { visit } from "@hotwired/turbo";

/** @typedef {{label: string, href?: string, icon?: string, detail?: string, element?: HTMLElement}} Entry */

const MOST = 12;
let combobox = null;
let request = new AbortController();
let timer = 0;
/** @type {Entry[]} */
let shown = [];

/**
 * Finds the commands of the page itself.
 * @param {string} words
 * @returns {Entry[]}
 */
function commands(words) {
  const found = [...document.querySelectorAll(".nav .item, [data-command]")].map(element => ({
    label: element.dataset.command || element.childNodes[1]?.textContent.trim() || element.textContent.trim(),
    icon: element.querySelector("use")?.getAttribute("href").split("#")[1],
    element,
  }));
  return found.filter(entry => entry.label.toLowerCase().includes(words.toLowerCase()));
}

/**
 * Asks the search.
 * @param {HTMLDialogElement} dialog
 * @param {string} words
 * @returns {Promise<Entry[]>}
 */
async function search(dialog, words) {
  request.abort();
  request = new AbortController();
  if (words.length < 2) return [];
  try {
    const address = `${dialog.dataset.source}?${new URLSearchParams({ q: words })}`;
    const headers = { Accept: "application/json" };
    const answer = await fetch(address, { headers, signal: request.signal });
    const json = answer.headers.get("Content-Type")?.includes("json");
    return answer.ok && json ? (await answer.json()).results : [];
  } catch {
    return [];
  }
}

/**
 * Draws one entry.
 * @param {HTMLDialogElement} dialog
 * @param {Entry} entry
 * @param {number} place
 */
function option(dialog, entry, place) {
  const item = document.createElement("li");
  item.id = `palette-${place}`;
  item.role = "option";
  item.dataset.place = String(place);
  if (entry.icon) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS(svg.namespaceURI, "use");
    svg.setAttribute("class", "icon");
    use.setAttribute("href", `${dialog.dataset.icons}#${entry.icon}`);
    svg.append(use);
    item.append(svg);
  }
  const detail = document.createElement("span");
  detail.className = "sub";
  detail.textContent = entry.detail ?? "";
  item.append(entry.label, detail);
  return item;
}

/**
 * Shows entries and hands them to the keyboard.
 * @param {HTMLDialogElement} dialog
 * @param {Entry[]} entries
 */
function show(dialog, entries) {
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  const status = dialog.querySelector("[role=status]");
  shown = entries.slice(0, MOST);
  list.replaceChildren(...shown.map((entry, place) => option(dialog, entry, place)));
  status.textContent = shown.length ? "" : status.dataset.empty;
  combobox?.destroy();
  combobox = new Combobox(field, list, { firstOptionSelectionMode: "active" });
  combobox.start();
}

/**
 * Fills the list for what has been typed.
 * @param {HTMLDialogElement} dialog
 */
async function fill(dialog) {
  const words = dialog.querySelector("input").value.trim();
  const own = commands(words);
  show(dialog, own);
  const found = await search(dialog, words);
  if (dialog.open && found.length) show(dialog, [...found, ...own]);
}

/**
 * Opens the palette.
 * @param {string} words text to start with
 */
export function open(words = "") {
  const dialog = document.getElementById("palette");
  if (!dialog || dialog.open) return;
  const field = dialog.querySelector("input");
  field.value = words;
  field.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => fill(dialog), 120);
  };
  dialog.onclose = () => {
    combobox?.destroy();
    combobox = null;
  };
  dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
  dialog.showModal();
  fill(dialog);
}

addEventListener("combobox-commit", event => {
  const entry = shown[Number(event.target.dataset.place)];
  document.getElementById("palette").close();
  if (entry.element) entry.element.click();
  else visit(entry.href);
});
