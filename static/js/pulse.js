/**
 * `main[data-live]` keeps up with what others change. The server only says that something did; the
 * page then asks for itself again and takes the new content over, unless somebody is at work in it:
 * then it says so and leaves everything as it is.
 *
 * It asks `/ui/pulse` every 20 seconds while it is seen. With `data-live="stream"` it listens to
 * `calibrify live` instead, and asks as before when that is away.
 */
import * as Turbo from "@hotwired/turbo";

const EVERY = 20_000;
const AGAIN = 60_000;
const AT_WORK = "main td.check input:checked, dialog[open], [popover]:popover-open";
let version = null;
let timer = 0;
let source = null;
let touched = false;

/** The part of the page that keeps up, if this page does. */
const place = () => document.querySelector("main[data-live]");

/** Whether somebody would lose something by new content. */
function atWork() {
  const focused = document.activeElement;
  return touched || document.querySelector(AT_WORK) !== null ||
    (place()?.contains(focused) && focused.matches("input, select, textarea"));
}

/** Says that there is something new, and leaves it to the person to see it. */
function tell() {
  const { updated, show } = place().dataset;
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.id = "news";
  toast.dataset.timed = "";
  const button = document.createElement("button");
  button.className = "btn";
  button.type = "button";
  button.textContent = show;
  button.addEventListener("click", () => Turbo.visit(location.href, { action: "replace" }));
  toast.append(updated.replace("{time}", time), button);
  document.getElementById("news")?.remove();
  document.getElementById("toasts")?.append(toast);
}

/** Takes over the content of a fresh copy of the page. */
async function refresh() {
  const before = location.href;
  const answer = await fetch(before, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = answer.ok && page.querySelector("main[data-live]");
  if (!fresh || location.href !== before || !place()) return;
  if (atWork()) return tell();
  Turbo.morphChildren(place(), fresh);
  dispatchEvent(new CustomEvent("calibrify:refresh"));
}

/** Asks whether anything changed since the last time. */
async function ask() {
  clearTimeout(timer);
  if (!place() || document.hidden) return;
  try {
    const headers = version ? { "If-None-Match": version } : {};
    const answer = await fetch("/ui/pulse", { headers, cache: "no-store" });
    // An answer that nobody reads keeps its connection.
    await answer.text();
    if (answer.status === 200) {
      const known = version;
      version = answer.headers.get("ETag");
      if (known) await (atWork() ? tell() : refresh());
    }
  } catch { /* the network is away: the next question may get through */ }
  clearTimeout(timer);
  if (!source) timer = setTimeout(ask, EVERY);
}

/** Listens for news instead of asking, where there is somebody to listen to. */
async function listen() {
  if (source || document.hidden || place()?.dataset.live !== "stream") return;
  try {
    const answer = await fetch("/ui/live", { cache: "no-store" });
    const { href } = answer.ok ? await answer.json() : {};
    if (!href || source || document.hidden) return;
    source = new EventSource(href);
    source.addEventListener("open", ask);
    source.addEventListener("news", ask);
    source.addEventListener("error", () => {
      hush();
      ask();
      setTimeout(listen, AGAIN);
    });
  } catch { /* asking goes on */ }
}

/** Ends the stream: a page that nobody sees holds none. */
function hush() {
  source?.close();
  source = null;
}

/** Begins for a page that has just come. */
function begin() {
  version = null;
  touched = false;
  if (!place()) return hush();
  ask();
  listen();
}

addEventListener("turbo:load", begin);
addEventListener("input", event => {
  if (event.target.matches("main form[method=post] :not([type=checkbox])")) touched = true;
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return hush();
  ask();
  listen();
});
begin();
