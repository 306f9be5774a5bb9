/**
 * The definition of a test point, while it is typed: name, limits and the preview of `<cal-grid>`
 * follow. A preview only: the server reads the definition again, exactly.
 */

const SPACE = "\u00a0";
const PARTS = ["nominal", "plus_minus", "lower_limit", "upper_limit", "expanded_uncertainty", "unit"];

/**
 * Reads a number as people type it.
 * @param {string | undefined} text
 * @returns {number | null} null for nothing and for what is no number
 */
function read(text) {
  const plain = (text ?? "").trim().replace(/^±/, "").replace(",", ".").replace("\u2212", "-");
  return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
}

/**
 * Keeps or takes away an attribute of a row.
 * @param {HTMLElement} row
 * @param {string} name
 * @param {number | null} value
 */
function keep(row, name, value) {
  if (value === null) delete row.dataset[name];
  else row.dataset[name] = String(value);
}

/**
 * Writes limits the way the server does.
 * @param {Record<string, string>} typed
 * @returns {string}
 */
function inWords(typed) {
  const unit = typed.unit ? SPACE + typed.unit : "";
  if (typed.plus_minus) return `±${typed.plus_minus.replace(/^±\s*/, "")}${unit}`;
  if (typed.lower_limit && typed.upper_limit) return `${typed.lower_limit} … ${typed.upper_limit}${unit}`;
  if (typed.upper_limit) return `≤${SPACE}${typed.upper_limit}${unit}`;
  if (typed.lower_limit) return `≥${SPACE}${typed.lower_limit}${unit}`;
  return "";
}

/**
 * Brings the row above a definition up to date.
 * @param {Element} define
 */
function refresh(define) {
  const row = define.previousElementSibling;
  if (!(row instanceof HTMLElement)) return;
  const typed = Object.fromEntries(PARTS.map(part => [part, define.querySelector(`[data-part=${part}]`)?.value.trim() ?? ""]));
  const nominal = read(typed.nominal);
  const width = read(typed.plus_minus);
  const around = nominal !== null && width !== null;
  keep(row, "nominal", nominal ?? 0);
  keep(row, "lower", around ? nominal - width : read(typed.lower_limit));
  keep(row, "upper", around ? nominal + width : read(typed.upper_limit));
  keep(row, "uncertainty", read(typed.expanded_uncertainty));
  keep(row, "acceptLower", null);
  keep(row, "acceptUpper", null);
  const name = row.querySelector("[data-name]");
  if (name && typed.nominal) name.textContent = typed.nominal + (typed.unit ? SPACE + typed.unit : "");
  const place = row.querySelector("[data-limits]");
  if (place) place.textContent = inWords(typed);
  row.querySelector("[data-column=found]")?.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", event => {
  const define = event.target instanceof Element && event.target.matches("[data-part]") && event.target.closest("tr.define");
  if (define) refresh(define);
});
