/**
 * Entry module of every page. Links and forms work without it; it removes the waiting.
 *
 * Other modules are loaded when a page holds what they serve, so that a page asks for few files.
 */
import * as Turbo from "@hotwired/turbo";
import "./theme.js";
import "./list.js";
import "./toast.js";
import { bind } from "./hotkeys.js";

// The style sheet shows progress by html[aria-busy]; Turbo's own bar would need an inline style.
Turbo.config.drive.progressBarDelay = 2 ** 31 - 1;

/** What on a page needs which module. */
const PARTS = {
  "chart-tip": () => import("./chart-tip.js"),
  "cal-grid": () => import("./cal-grid.js"),
  "job-progress": () => import("./progress.js"),
  "form[data-guard]": () => import("./guard.js"),
  "main[data-live]": () => import("./pulse.js"),
};

/** Loads the modules that the page needs and puts focus where the page asks for it. */
function furnish() {
  for (const [selector, load] of Object.entries(PARTS)) {
    if (document.querySelector(selector)) load();
  }
  bind();
  document.querySelector("[data-autofocus]")?.focus();
}

for (const name of ["turbo:load", "turbo:render", "turbo:frame-load", "calibrify:refresh"]) {
  addEventListener(name, furnish);
}

// The command palette is loaded when it is first asked for; without scripts the field searches.
addEventListener("click", async event => {
  const opener = event.target.closest("[data-open-palette]");
  if (!opener) return;
  event.preventDefault();
  const { open } = await import("./palette.js");
  open(opener.value ?? "");
});

// A frame is morphed instead of replaced: focus, caret and open popovers survive filtering.
let typed = -Infinity;
addEventListener("input", () => { typed = performance.now(); }, true);
addEventListener("popstate", () => { typed = -Infinity; });
addEventListener("turbo:before-frame-render", event => {
  event.detail.render = (current, next) => Turbo.morphChildren(current, next);
});
addEventListener("turbo:before-morph-attribute", event => {
  const { attributeName } = event.detail;
  const field = event.target;
  const typing = field === document.activeElement && performance.now() - typed < 3000;
  const keeps = attributeName === "open" ? field.matches("details") : attributeName === "value" && typing;
  if (keeps) event.preventDefault();
});
