/**
 * The board of work orders: a card is dragged to a column, as its "Move" form would send it there.
 *
 * Only columns take it that the form offers, and the server decides: what it refuses stands above the
 * board that it sends back. Where it does not answer at all, the card returns. Everything is delegated
 * to the window, so it serves boards that arrive later.
 */
let moved = null;

/**
 * Returns the form that moves a card.
 * @param {Element} card
 */
const formOf = card => card.querySelector("form");

/**
 * Returns the column below the pointer, if it takes the card that is dragged.
 * @param {DragEvent} event
 */
function taker(event) {
  return moved && event.target.closest(".board-column.taking");
}

/** Ends a drag: columns look as they did. */
function settle() {
  for (const column of document.querySelectorAll(".board-column")) column.classList.remove("taking", "over");
  moved?.classList.remove("moving");
  moved = null;
}

/**
 * Puts a card into a column, and sends its form.
 * @param {Element} card
 * @param {Element} column
 */
function send(card, column) {
  const form = formOf(card);
  const board = card.closest(".board");
  const home = document.createComment("");
  card.before(home);
  column.append(card);
  form.elements.to.value = column.dataset.status;
  form.addEventListener("turbo:submit-end", event => {
    if (event.detail.fetchResponse) return;
    home.replaceWith(card);
    const said = document.createElement("p");
    said.className = "problems";
    said.role = "alert";
    said.textContent = board.dataset.unanswered;
    board.before(said);
  }, { once: true });
  form.requestSubmit();
}

// A card is only draggable by what is not a control itself.
addEventListener("pointerdown", event => {
  const card = event.target.closest(".board-card");
  if (card && formOf(card)) card.draggable = !event.target.closest("a, button, select");
});

addEventListener("dragstart", event => {
  const card = event.target.closest?.(".board-card[draggable=true]");
  if (!card) return;
  moved = card;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.querySelector(".title").href);
  const offered = new Set([...formOf(card).elements.to.options].map(option => option.value));
  card.classList.add("moving");
  for (const column of card.closest(".board").querySelectorAll(".board-column")) {
    column.classList.toggle("taking", offered.has(column.dataset.status));
  }
});

addEventListener("dragover", event => {
  const column = taker(event);
  for (const other of document.querySelectorAll(".board-column.over")) {
    if (other !== column) other.classList.remove("over");
  }
  if (!column) return;
  event.preventDefault();
  column.classList.add("over");
});

addEventListener("drop", event => {
  const column = taker(event);
  if (!column) return;
  event.preventDefault();
  const card = moved;
  settle();
  send(card, column);
});

addEventListener("dragend", settle);
