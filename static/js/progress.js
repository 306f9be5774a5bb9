/** `<job-progress data-href data-running>` asks for its own page again until the job has ended. */
const EVERY = 2000;

customElements.define("job-progress", class extends HTMLElement {
  // A page that shows the same address again keeps the element and changes its attributes alone.
  static observedAttributes = ["data-running"];

  connectedCallback() {
    this.wait();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.wait();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  /** Plans the next question, as long as there is something to wait for. */
  wait() {
    clearTimeout(this.timer);
    if ("running" in this.dataset) this.timer = setTimeout(() => this.refresh(), EVERY);
  }

  /** Takes over the same element from a fresh copy of the page. */
  async refresh() {
    if (!document.hidden) {
      try {
        const answer = await fetch(this.dataset.href, { headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = answer.ok && page.querySelector("job-progress");
        if (fresh) {
          this.replaceChildren(...fresh.childNodes);
          if (!("running" in fresh.dataset)) delete this.dataset.running;
        }
      } catch { /* the network is away: the next question may get through */ }
    }
    this.wait();
  }
});
