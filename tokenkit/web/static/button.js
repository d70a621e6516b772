/**
 * <tokenkit-authorize provider="google" scopes="gmail.readonly"></tokenkit-authorize>
 *
 * A button that connects an account, and shows how it stands. Load it as a module from where the app is mounted:
 *
 *     <script type="module" src="/connect/button.js"></script>
 *
 * It needs no build step and nothing else, keeps to a Content-Security-Policy of 'self', and never sees a token.
 * Attributes, events and custom properties: docs/how-to/dashboard.md.
 */

const HERE = new URL(".", import.meta.url);
/** The channel on which pages and pop-ups of this app tell each other what came of a sign-in. */
export const ANSWERS = `tokenkit:${HERE.pathname}`;
const CLOSED_GRACE = 700;
const LOOK_AGAIN = 3000;
const LIMIT = 500;
const NAME_LIMIT = 80;
const NAMED = 3;
const HIDES = /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]|(?<=\p{M}{3})\p{M}/gu;
const SILENT = "The dashboard does not answer. Load the page again.";
const SIZE = { width: 520, height: 720 };

/** Ask the server how the accounts stand. It only looks: nothing is refreshed. */
export async function status(provider = "") {
  const query = provider ? `?provider=${encodeURIComponent(provider)}` : "";
  return ask(`status${query}`);
}

/**
 * Send the person to the provider, in a pop-up, or in this tab where pop-ups are blocked.
 *
 * Call it from a click. `wanted` has `provider`, and may have `scopes`, `account`, `name` and further fields of the form
 * of /start. Resolves to { outcome: "connected" | "declined" | "failed" | "cancelled", account }; rejects with an Error
 * when the sign-in cannot begin. `waiting(cancel)` is called once the person is away.
 */
export async function authorize(wanted, waiting = () => {}) {
  const flow = crypto.randomUUID();
  const popup = openPopup(flow);
  if (popup === null) return leave(await begin(wanted));
  const talk = new Talk(flow, popup);
  try {
    await talk.send(await begin(wanted));
    waiting(() => talk.cancel());
    return await talk.answer;
  } catch (error) {
    talk.cancel();
    throw error;
  }
}

async function begin({ provider, ...fields }) {
  const { csrf } = await status(provider);
  const body = new URLSearchParams({ ...fields, csrf });
  const begun = await ask(`start/${encodeURIComponent(provider)}`, { method: "POST", body });
  return begun.url;
}

/** The first request, which brings the cookie: sent together, each of several would be given another one. */
let first = null;

function ask(path, options = {}) {
  const ours = () => send(new URL(path, HERE), options);
  const answered = first === null ? ours() : first.then(ours);
  first ??= answered.catch(() => {});
  return answered;
}

async function send(url, options) {
  const headers = { accept: "application/json" };
  const response = await fetch(url, { ...options, headers, cache: "no-store", redirect: "error" }).catch(() => null);
  if (response === null) throw new Error(SILENT); // it has ended, or sends whoever is not signed in to another page
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.error?.message ?? SILENT), answer.error);
  return answer;
}

function openPopup(flow) {
  const left = Math.round(window.screenX + (window.outerWidth - SIZE.width) / 2);
  const top = Math.round(window.screenY + Math.max(0, window.outerHeight - SIZE.height) / 3);
  const features = `popup,width=${SIZE.width},height=${SIZE.height},left=${left},top=${top}`;
  const popup = window.open(new URL(`opening#${flow}`, HERE), "", features);
  return popup === null || popup.closed ? null : popup;
}

function leave(url) {
  sessionStorage.setItem("tokenkit:return", window.location.href);
  window.location.assign(url);
  return new Promise(() => {}); // this page is about to go
}

/**
 * What is said between this page and the pop-up, by a channel of this origin.
 *
 * Not through the window itself: a Cross-Origin-Opener-Policy, the provider's or the dashboard's, cuts the two apart and
 * makes a pop-up that is open look closed. So that counts only once the person is back here; an answer that comes later
 * is still heard by every button on the page.
 */
class Talk {
  #flow;
  #popup;
  #channel = new BroadcastChannel(ANSWERS);
  #ready;
  #timer;
  #settle;
  #ended = false;

  constructor(flow, popup) {
    this.#flow = flow;
    this.#popup = popup;
    this.answer = new Promise((resolve) => (this.#settle = resolve));
    this.#ready = new Promise((resolve) => {
      this.#channel.addEventListener("message", ({ data }) => {
        if (data.flow !== flow) return;
        if (data.ready) resolve();
        if (data.outcome) this.#end(data);
      });
    });
    this.#timer = setInterval(() => this.#look(), 250);
  }

  async send(url) {
    await Promise.race([this.#ready, this.answer]);
    this.#say({ go: url });
  }

  cancel() {
    this.#say({ stop: true });
    this.#popup.close();
    this.#end({ outcome: "cancelled" });
  }

  #say(words) {
    if (!this.#ended) this.#channel.postMessage({ flow: this.#flow, ...words }); // it may be closed before it is sent on
  }

  #look() {
    if (!this.#popup.closed || !document.hasFocus()) return;
    clearInterval(this.#timer);
    setTimeout(() => this.#end({ outcome: "cancelled" }), CLOSED_GRACE);
  }

  #end(result) {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#channel.close();
    this.#settle(result);
  }
}

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host {
  display: block; max-width: 30rem;
  --_quiet: var(--tokenkit-quiet, color-mix(in srgb, currentcolor 78%, transparent));
  --_ground: var(--tokenkit-ground, transparent);
  --_line: var(--tokenkit-line, color-mix(in srgb, currentcolor 20%, transparent));
  --_accent: var(--tokenkit-accent, light-dark(#1b6747, #7bd3a3));
  --_on-accent: var(--tokenkit-on-accent, light-dark(#fff, #0c2317));
  --_good: var(--tokenkit-good, color-mix(in srgb, #24a163 50%, currentcolor));
  --_attention: var(--tokenkit-attention, color-mix(in srgb, #b98008 50%, currentcolor));
  --_radius: var(--tokenkit-radius, 0.875rem);
  font: var(--tokenkit-font, inherit);
  line-height: 1.45;
  color: var(--tokenkit-ink, inherit);
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[part=box] {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.625rem 0.875rem; padding: 0.8125rem 0.9375rem;
  background: var(--_ground); border: 1px solid var(--_line); border-radius: var(--_radius);
}
[part=mark] {
  flex: none; display: grid; place-content: center; width: 2.375rem; height: 2.375rem; border-radius: calc(var(--_radius) * 0.75);
  font-weight: 650; color: var(--_accent); background: color-mix(in srgb, var(--_accent) 13%, transparent);
}
[part=text] { flex: 1 1 9rem; min-width: 0; }
[part=title] { display: block; font-weight: 620; overflow-wrap: anywhere; }
[part=state] { display: block; color: var(--_quiet); overflow-wrap: anywhere; }
:host([state=connected]) [part=state] { color: var(--_good); }
:host([state=attention]) [part=state] { color: var(--_attention); }
[part=actions] { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-left: auto; }
button, a {
  display: inline-flex; align-items: center; min-height: 2.375rem; padding: 0.375rem 0.9375rem; border: 1px solid transparent;
  border-radius: calc(var(--_radius) * 0.6875); font: inherit; font-weight: 560; text-decoration: none; cursor: pointer;
}
[part~=primary] { background: var(--_accent); color: var(--_on-accent); }
[part~=secondary] { background: none; color: inherit; border-color: color-mix(in srgb, currentcolor 55%, transparent); }
button:hover, a:hover { filter: brightness(0.93); }
button[disabled] { opacity: 0.6; cursor: default; filter: none; }
:focus-visible { outline: 3px solid currentcolor; outline-offset: 2px; }
:host([state=connecting]) [part=mark] { animation: breathe 1.4s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: 0.35; } }
@media (prefers-reduced-motion: reduce) { :host([state=connecting]) [part=mark] { animation: none; } }
[hidden] { display: none; }
`);

function element(tag, part, members = {}) {
  const made = document.createElement(tag);
  if (part) made.setAttribute("part", part);
  return Object.assign(made, members);
}

function sentence(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1) + (/[.!?:…]$|@[\w.-]+$/.test(text) ? "" : ".");
}

/** What happened, and what helps. */
export function inFull(error) {
  return [error.message, error.hint].filter(Boolean).join(". ");
}

/** What a provider or another user wrote is data: what is invisible, or turns the line around, is shown by its number. */
function visible(text, limit = LIMIT) {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replace(HIDES, (character) => `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

class TokenkitAuthorize extends HTMLElement {
  static observedAttributes = ["provider", "scopes", "account"];

  #built = null;
  #away = false;
  #focused = false;
  #looked = 0;
  #looks = 0;
  #seen = (event) => this.#comeBack(event);
  #channel = null;

  /** What it shows: "loading", "connect", "connecting", "connected", "attention" or "unavailable". */
  get state() {
    return this.getAttribute("state") ?? "loading";
  }

  connectedCallback() {
    this.#build();
    this.#channel = new BroadcastChannel(ANSWERS);
    this.#channel.addEventListener("message", this.#seen);
    document.addEventListener("visibilitychange", this.#seen);
    window.addEventListener("pageshow", this.#seen);
    this.refresh();
  }

  disconnectedCallback() {
    this.#channel?.close();
    document.removeEventListener("visibilitychange", this.#seen);
    window.removeEventListener("pageshow", this.#seen);
  }

  attributeChangedCallback(name, before, now) {
    if (this.isConnected && this.#built && before !== now) this.refresh();
  }

  /** Look again how the account stands. */
  async refresh() {
    const look = ++this.#looks;
    this.#looked = Date.now();
    try {
      const name = this.getAttribute("provider") ?? "";
      if (!name) throw new Error("The attribute provider is missing.");
      const { providers } = await status(name);
      if (look === this.#looks && !this.#away) this.#show(providers[0]);
    } catch (error) {
      if (look === this.#looks) this.#set("unavailable", error.message, { label: "Try again", act: () => this.refresh() });
    }
  }

  /** Connect, as a click on the button does. A pop-up opens only where the call comes from a click. */
  async authorize() {
    const provider = this.getAttribute("provider") ?? "";
    const wanted = { provider, scopes: this.getAttribute("scopes") ?? "", account: this.#name() };
    this.#away = true;
    this.#set("connecting", "One moment …");
    try {
      const result = await authorize(wanted, (cancel) => this.#wait(cancel));
      this.#away = false;
      await this.refresh();
      this.#tell(result.outcome, { provider, account: result.account ?? "" });
    } catch (error) {
      this.#away = false;
      this.#looked = Date.now(); // what is said now is not taken away by the return from the pop-up
      this.#set("unavailable", inFull(error), { label: "Try again", act: () => this.authorize() });
      this.#tell("failed", { provider, account: "" });
    }
  }

  #wait(cancel) {
    const act = (event) => event.detail > 1 || cancel(); // where the second click of a double click on Connect lands
    this.#set("connecting", "Go on in the other window.", { label: "Cancel", part: "secondary", act });
  }

  #comeBack(event) {
    if (event.type === "message" && !event.data.outcome) return; // what page and pop-up say to each other before
    if (event.type === "pageshow" && !event.persisted) return;
    if (event.type === "pageshow") this.#away = false; // back from the provider, to the page as it was left
    if (event.type === "visibilitychange" && (document.hidden || Date.now() - this.#looked < LOOK_AGAIN)) return;
    if (!this.#away) this.refresh();
  }

  #name() {
    const [, ...name] = (this.getAttribute("account") ?? "").split("/");
    return name.join("/");
  }

  #show(view) {
    this.#built.title.textContent = visible(view.title, NAME_LIMIT);
    this.#built.mark.textContent = view.title.slice(0, 1).toUpperCase();
    const wanted = this.getAttribute("account");
    const accounts = wanted ? view.accounts.filter((account) => account.id === wanted) : view.accounts;
    const connect = (label) => ({ label, hint: `${label} ${view.title}`, part: "primary", act: () => this.authorize() });
    if (view.problem) return this.#set("unavailable", view.problem);
    if (accounts.length === 0 && !view.registered) return this.#set("unavailable", "It has to be set up first.", this.#link("Set up"));
    if (accounts.length === 0) return this.#set("connect", wanted ? `${wanted} is not connected.` : "Not connected.", connect("Connect"));
    const troubled = accounts.find((account) => account.state === "attention");
    if (troubled) return this.#set("attention", troubled.reason, troubled.broken ? this.#link("Look") : connect("Reconnect"));
    const missing = this.#missing(view, accounts);
    if (missing.length) return this.#set("attention", `It may not yet ${missing.join(", or ")}.`, connect("Reconnect"));
    const away = accounts.find((account) => account.state === "unavailable");
    if (away) return this.#set("unavailable", away.reason, this.#link("Manage"));
    const names = accounts.slice(0, NAMED).map((account) => visible(account.name, NAME_LIMIT));
    const more = accounts.length > NAMED ? ` and ${accounts.length - NAMED} more` : "";
    return this.#set("connected", `Connected as ${names.join(", ")}${more}`, this.#link("Manage"));
  }

  /** What none of the accounts may do, of that which the attribute `scopes` names; unknown grants count as given. */
  #missing(view, accounts) {
    const names = (this.getAttribute("scopes") ?? "").split(/[\s,]+/).filter(Boolean);
    return names
      .map((name) => view.scopes.find((scope) => scope.alias === name) ?? { value: name, about: name })
      .filter(({ value }) => accounts.every(({ scopes }) => scopes !== null && !scopes.includes(value)))
      .map(({ about, alias }) => about || alias);
  }

  #link(label) {
    return { label, part: "secondary", href: HERE.href };
  }

  #set(state, text, action = null) {
    const { state: line, actions } = this.#built;
    const focused = this.#focused || this.shadowRoot.activeElement !== null;
    line.textContent = visible(sentence(text));
    actions.replaceChildren(...(action ? [this.#action(action)] : []));
    if (focused && document.activeElement === document.body) actions.firstElementChild?.focus();
    this.#focused = focused && action === null; // until there is something again that can have it
    this.setAttribute("state", state);
    this.setAttribute("aria-busy", String(state === "loading" || state === "connecting"));
    this.#tell("state", { state });
  }

  #action({ label, hint = label, part = "primary", href, act }) {
    const made = href ? element("a", `action ${part}`, { href }) : element("button", `action ${part}`, { type: "button" });
    made.textContent = label;
    made.setAttribute("aria-label", hint === label ? `${label}: ${this.#built.title.textContent}` : hint);
    if (act) made.addEventListener("click", act);
    return made;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`tokenkit-${name}`, { detail, bubbles: true, composed: true }));
  }

  #build() {
    if (this.#built) return;
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [SHEET];
    const name = this.getAttribute("provider") ?? "";
    const title = element("span", "title", { textContent: name.slice(0, 1).toUpperCase() + name.slice(1) });
    const state = element("span", "state", { textContent: "…" });
    state.setAttribute("role", "status");
    const mark = element("span", "mark", { textContent: name.slice(0, 1).toUpperCase(), ariaHidden: "true" });
    const text = element("span", "text");
    const actions = element("span", "actions");
    const box = element("div", "box");
    text.append(title, state);
    box.append(mark, text, actions);
    root.append(box);
    this.#built = { title, state, mark, actions };
  }
}

customElements.define("tokenkit-authorize", TokenkitAuthorize);
