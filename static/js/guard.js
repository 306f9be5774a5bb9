/**
 * Forms with `data-guard="words of the question"` ask before typed text is lost. Signed or unsaved
 * data never vanishes under its author.
 */
const dirty = new Set();

/** The first changed form that is still on the page. */
function changed() {
  for (const form of dirty) if (form.isConnected) return form;
  return undefined;
}

addEventListener("input", event => {
  const form = event.target.closest("form[data-guard]");
  if (form) dirty.add(form);
});
// In the capture phase: Turbo lets no later listener hear of a submission.
addEventListener("submit", event => dirty.delete(event.target), true);
addEventListener("beforeunload", event => {
  if (changed()) event.preventDefault();
});
addEventListener("turbo:before-visit", event => {
  const form = changed();
  if (!form) return;
  if (confirm(form.dataset.guard)) dirty.clear();
  else event.preventDefault();
});
