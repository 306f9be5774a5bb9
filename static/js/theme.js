/** Switches between light and dark; the choice stays in this browser. */

/** Turns the colours over. */
export function toggle() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  root.dataset.theme = theme;
  try {
    localStorage.theme = theme;
  } catch { /* storage is switched off: the choice lasts until the next page */ }
}

addEventListener("click", event => {
  if (event.target.closest("[data-theme-toggle]")) toggle();
});
