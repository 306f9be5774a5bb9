/** `<chart-tip>` shows the `data-tip` of the point under the pointer or in focus. */
customElements.define("chart-tip", class extends HTMLElement {
  connectedCallback() {
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.tip.setAttribute("aria-hidden", "true");
    this.append(this.tip);
    this.stop = new AbortController();
    const { signal } = this.stop;
    for (const name of ["pointermove", "focusin"]) {
      this.addEventListener(name, event => this.show(event.target.closest("[data-tip]")), { signal });
    }
    for (const name of ["pointerleave", "focusout"]) {
      this.addEventListener(name, () => this.show(null), { signal });
    }
  }

  disconnectedCallback() {
    this.stop.abort();
    this.tip.remove();
  }

  /**
   * Puts the tip beside a point, on the side where it has room.
   * @param {SVGGElement | null} point
   */
  show(point) {
    this.tip.hidden = !point;
    if (!point) return;
    this.tip.textContent = point.dataset.tip;
    const room = this.getBoundingClientRect();
    const mark = (point.querySelector("circle, rect") ?? point).getBoundingClientRect();
    const centre = mark.left - room.left + mark.width / 2;
    const fits = centre + 12 + this.tip.offsetWidth <= room.width;
    const left = Math.max(0, fits ? centre + 12 : centre - 12 - this.tip.offsetWidth);
    const top = Math.max(0, mark.top - room.top - 10);
    this.tip.style.translate = `${left}px ${top}px`;
  }
});
