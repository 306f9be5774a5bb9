/**
 * Short confirmations. A server message is in #toasts from the start; a module sends
 * `calibrify:toast` with `detail.text`. Each goes after six seconds, not while pointed at or focused.
 */
const SHOWN = 6000;

/**
 * Removes a toast when its time is over.
 * @param {Element} toast
 */
function expire(toast) {
  toast.dataset.timed = "";
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else toast.remove();
  };
  setTimeout(leave, SHOWN);
}

/** Starts the clock of every toast that has none yet. */
function sweep() {
  document.querySelectorAll("#toasts .toast:not([data-timed])").forEach(expire);
}

addEventListener("turbo:load", sweep);
addEventListener("turbo:render", sweep);
addEventListener("calibrify:toast", event => {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = event.detail.text;
  document.getElementById("toasts")?.append(toast);
  sweep();
});
