/**
 * `<cal-grid>`: error and verdict while readings are typed. A preview only: the server judges again,
 * exactly, and its verdict is the one that counts.
 *
 * Each row carries, in the unit of its readings: data-nominal, data-lower, data-upper, and where they
 * are known data-accept-lower, data-accept-upper, data-uncertainty. Its inputs have data-column
 * "found" or "left". The row's places are [data-err], [data-gauge], [data-verdict].
 * `data-words` of the element holds the words as JSON: pass, fail, found, guard, none, empty, bad, progress.
 * Several readings stand in one field, separated by spaces or semicolons; their mean is shown.
 *
 * Sends `calibrify:reading` with `detail {row, found, left, tone}`, errors in parts of the tolerance.
 */

/** @typedef {{nominal: number, lower: number, upper: number, acceptLower: number, acceptUpper: number, uncertainty: number}} Limits */

const SVG = "http://www.w3.org/2000/svg";
const STEPS = { Enter: 1, ArrowDown: 1, ArrowUp: -1 };

/**
 * Reads a number as people type it: comma or point, hyphen or minus sign.
 * @param {string | undefined} text
 * @returns {number | null} null for nothing, NaN for what is no number
 */
export function read(text) {
  const plain = (text ?? "").trim().replace(",", ".").replace("\u2212", "-");
  if (plain === "") return null;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/**
 * Reads several readings, separated by spaces or semicolons, as their mean.
 * @param {string | undefined} text
 * @returns {number | null} null for nothing, NaN when one of them is no number
 */
export function mean(text) {
  const all = (text ?? "").split(/[;\s]+/).map(read).filter(value => value !== null);
  return all.length ? all.reduce((sum, value) => sum + value, 0) / all.length : null;
}

/**
 * Takes the limits of a row; a missing one is infinite.
 * @param {DOMStringMap} data
 * @returns {Limits}
 */
export function limits(data) {
  const lower = read(data.lower) ?? -Infinity;
  const upper = read(data.upper) ?? Infinity;
  return {
    nominal: read(data.nominal) ?? 0,
    lower,
    upper,
    acceptLower: read(data.acceptLower) ?? lower,
    acceptUpper: read(data.acceptUpper) ?? upper,
    uncertainty: read(data.uncertainty) ?? 0,
  };
}

/**
 * The error of a value in parts of the tolerance on its side.
 * @param {number} value
 * @param {Limits} row
 */
export function share(value, row) {
  const error = value - row.nominal;
  const span = error < 0 ? row.nominal - row.lower : row.upper - row.nominal;
  return Number.isFinite(span) && span > 0 ? error / span : 0;
}

/**
 * Judges as found and as left.
 * @param {number} found
 * @param {number} left
 * @param {Limits} row
 * @returns {[string, string, string]} tone, icon and key of the word
 */
export function judge(found, left, row) {
  if (row.lower === -Infinity && row.upper === Infinity) return ["out", "minus", "none"];
  const outside = value => value < row.lower || value > row.upper;
  if (outside(left)) return ["oot", "octagon-alert", "fail"];
  if (outside(found)) return ["oot", "octagon-alert", "found"];
  if (left < row.acceptLower || left > row.acceptUpper) return ["soon", "circle-alert", "guard"];
  return ["ok", "circle-check", "pass"];
}

/**
 * Makes an SVG element.
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 */
function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * The x coordinate of a part of the tolerance, held inside the gauge.
 * @param {number} part
 */
function across(part) {
  return 60 + 40 * Math.max(-1.45, Math.min(1.45, part));
}

/**
 * Draws the tolerance gauge.
 * @param {number} found
 * @param {number} left
 * @param {Limits} row
 * @param {string} tone
 */
function gauge(found, left, row, tone) {
  const zone = Math.max(0, Math.min(1, share(row.acceptUpper, row)) || 1) * 40;
  const spread = Math.abs(share(row.nominal + row.uncertainty, row));
  const svg = draw("svg", { class: `tol st-${tone}`, viewBox: "0 0 120 20", "aria-hidden": "true" },
    draw("rect", { class: "track", width: 120, height: 8, y: 6, rx: 4 }),
    draw("rect", { class: "guard", x: 20, y: 6, width: 80, height: 8 }),
    draw("rect", { class: "zone", x: 60 - zone, y: 6, width: 2 * zone, height: 8 }),
    draw("path", { class: "limit", d: "M20 3v14M100 3v14" }),
    draw("path", { class: "zero", d: "M60 6v8" }));
  if (found !== left) svg.append(draw("circle", { class: "found", cx: across(found), cy: 10, r: 3.6 }));
  svg.append(
    draw("path", { class: "u", d: `M${across(left - spread)} 10H${across(left + spread)}` }),
    draw("circle", { class: "left", cx: across(left), cy: 10, r: 4 }));
  return svg;
}

customElements.define("cal-grid", class extends HTMLElement {
  connectedCallback() {
    this.words = JSON.parse(this.dataset.words || "{}");
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.addEventListener("input", event => this.typed(event.target), { signal });
    this.addEventListener("keydown", event => this.step(event), { signal });
    this.addEventListener("paste", event => this.paste(event), { signal });
    this.addEventListener("focusin", event => this.mark(event.target), { signal });
    for (const row of this.rows()) if (this.field(row, "found")?.value) this.preview(row);
    this.count();
  }

  disconnectedCallback() {
    this.stop.abort();
  }

  /** The rows with a test point. */
  rows() {
    return [...this.querySelectorAll("tr[data-nominal]")];
  }

  /**
   * @param {Element} row
   * @param {string} column
   * @returns {HTMLInputElement | null}
   */
  field(row, column) {
    return row.querySelector(`input[data-column=${column}]`);
  }

  /** @param {Element} target */
  typed(target) {
    const row = target.closest("tr[data-nominal]");
    if (row) this.preview(row);
    this.count();
  }

  /** @param {Element} target */
  mark(target) {
    this.querySelector("tr[aria-current]")?.removeAttribute("aria-current");
    target.closest("tr[data-nominal]")?.setAttribute("aria-current", "true");
  }

  /** @param {HTMLInputElement} input */
  column(input) {
    return [...this.querySelectorAll(`input[data-column=${input.dataset.column}]`)];
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    const by = STEPS[event.key];
    if (!by || event.ctrlKey || event.metaKey || !event.target.matches("input[data-column]")) return;
    event.preventDefault();
    const all = this.column(event.target);
    all[all.indexOf(event.target) + by]?.select();
  }

  /**
   * Spreads a pasted column of a spreadsheet downwards.
   * @param {ClipboardEvent} event
   */
  paste(event) {
    if (!event.target.matches("input[data-column]")) return;
    const lines = (event.clipboardData?.getData("text") ?? "").replace(/\s+$/, "").split(/\r?\n/);
    if (lines.length < 2) return;
    event.preventDefault();
    const all = this.column(event.target);
    const start = all.indexOf(event.target);
    lines.slice(0, all.length - start).forEach((line, offset) => {
      all[start + offset].value = line.trim();
      all[start + offset].dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  /** @param {Element} row */
  preview(row) {
    const [first, second] = [this.field(row, "found"), this.field(row, "left")];
    const found = mean(first?.value);
    const left = mean(second?.value) ?? found;
    const bad = Number.isNaN(found) || Number.isNaN(left);
    if (found === null || bad) {
      first?.setAttribute("aria-invalid", String(bad));
      row.classList.remove("fail");
      row.querySelector("[data-gauge]")?.replaceChildren();
      this.write(row, bad ? ["late", "triangle-alert", "bad"] : null, "");
      return;
    }
    const scale = limits(row.dataset);
    const verdict = judge(found, left, scale);
    const parts = [share(found, scale), share(left, scale)];
    const failed = found < scale.lower || found > scale.upper;
    first?.setAttribute("aria-invalid", String(failed));
    row.classList.toggle("fail", failed || verdict[2] === "fail");
    const bare = verdict[2] === "none";
    row.querySelector("[data-gauge]")?.replaceChildren(...bare ? [] : [gauge(parts[0], parts[1], scale, verdict[0])]);
    const percent = Math.round(parts[0] * 100);
    this.write(row, verdict, bare ? "" : `${percent < 0 ? "\u2212" : "+"}${Math.abs(percent)}\u202f%`);
    const detail = { row, found: parts[0], left: parts[1], tone: verdict[0] };
    this.dispatchEvent(new CustomEvent("calibrify:reading", { bubbles: true, detail }));
  }

  /**
   * Writes verdict and error.
   * @param {Element} row
   * @param {[string, string, string] | null} verdict
   * @param {string} error
   */
  write(row, verdict, error) {
    const place = row.querySelector("[data-verdict]");
    const chip = document.createElement("span");
    chip.className = verdict ? `chip st-${verdict[0]}` : "sub";
    if (verdict) {
      const use = draw("use", { href: `${this.dataset.icons}#${verdict[1]}` });
      chip.append(draw("svg", { class: "icon", "aria-hidden": "true" }, use));
    }
    chip.append(this.words[verdict ? verdict[2] : "empty"] ?? "");
    place?.replaceChildren(chip);
    const cell = row.querySelector("[data-err]");
    if (cell) cell.textContent = error;
  }

  /** Says how many points have a reading. */
  count() {
    const rows = this.rows();
    const place = this.querySelector("[data-cal-progress]");
    const done = rows.filter(row => this.field(row, "found")?.value.trim()).length;
    const text = this.words.progress ?? "{n} / {total}";
    if (place) place.textContent = text.replace("{n}", String(done)).replace("{total}", String(rows.length));
  }
});
