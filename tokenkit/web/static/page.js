/* What the accounts page does beyond plain forms: the consent in a pop-up, a search while one types, times by the reader's clock. */

import { ANSWERS, authorize, inFull, status } from "./button.js";

for (const form of document.querySelectorAll("form[data-authorize]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    connect(form);
  });
}

for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  time.textContent = moment.toLocaleDateString("en-GB", { dateStyle: "long" });
  time.title = moment.toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" });
}

window.addEventListener("pageshow", (event) => event.persisted && window.location.reload()); // as it was left, it waits

let waiting = 0;
new BroadcastChannel(ANSWERS).addEventListener("message", ({ data }) => hear(data));

const search = document.getElementById("find");
search?.addEventListener("input", () => find(search.value.trim().toLowerCase()));
arrive();

async function connect(form) {
  const { authorize: provider, title } = form.dataset;
  const button = form.querySelector("button");
  const label = [...button.childNodes];
  const result = form.querySelector(".result");
  result.textContent = "";
  button.disabled = true;
  button.textContent = "Go on in the other window";
  waiting += 1;
  try {
    const away = authorize({ ...Object.fromEntries(new FormData(form)), provider });
    const before = stands(provider);
    const { outcome } = await away;
    if (outcome === "connected") return reload(provider);
    const now = await stands(provider);
    if (now && now !== (await before)) return reload(provider);
    result.textContent = told(outcome, title);
  } catch (error) {
    if (error.kind === "ClientMissing") return window.location.assign(`client/${provider}`);
    result.textContent = inFull(error);
  } finally {
    waiting -= 1;
  }
  button.disabled = false;
  button.replaceChildren(...label);
  button.focus();
  form.scrollIntoView({ block: "nearest" });
}

function told(outcome, title) {
  if (outcome === "declined") return `${title} was not connected: the consent was not given.`;
  if (outcome === "cancelled") return `${title} was not connected: the window was closed.`;
  return `${title} was not connected: the other window says why.`;
}

/** What there is of a provider: an answer that came twice is told as a failure, though the first one has connected. */
async function stands(provider) {
  const found = await status(provider).catch(() => null);
  return JSON.stringify(found?.providers[0].accounts.map(({ id, authorized_at }) => [id, authorized_at]));
}

/**
 * Show what was connected in another window: by a pop-up that a policy has cut off from this page, so that it looked
 * closed, or for another tab. What the person is about to choose or to type here is kept.
 */
function hear({ outcome, provider }) {
  if (outcome !== "connected" || waiting > 0) return;
  if (document.querySelector(`form[data-authorize="${provider}"] .result:not(:empty)`)) return reload(provider);
  const touched = (input) => input.value !== input.defaultValue || input.checked !== input.defaultChecked;
  const busy = document.querySelector(".chooser[open], input:focus, select:focus") || [...document.querySelectorAll("input")].some(touched);
  if (!busy) window.location.reload();
}

function reload(provider) {
  window.location.hash = provider;
  window.location.reload();
}

/** Who comes back to a provider, from a sign-in in this tab say, finds it unfolded, in sight and with the focus. */
function arrive() {
  const place = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (place === null) return;
  for (let fold = place.closest("details"); fold !== null; fold = fold.parentElement.closest("details")) fold.open = true;
  place.scrollIntoView({ block: "nearest" });
  place.querySelector("button, summary, a")?.focus({ preventScroll: true });
}

/** Show what has the words in its name; an account also where its provider has. */
function find(words) {
  let any = false;
  const has = (element) => element.dataset.find.toLowerCase().includes(words);
  for (const fold of document.querySelectorAll("details.fold")) fold.open = words !== "";
  for (const entry of document.querySelectorAll("article[data-find], li[data-find]")) {
    const accounts = [...entry.querySelectorAll(".account")];
    for (const account of accounts) account.hidden = !has(entry) && !has(account);
    entry.hidden = !has(entry) && accounts.every((account) => account.hidden);
    any ||= !entry.hidden;
  }
  for (const part of document.querySelectorAll("main > section, .fold, .rows")) {
    const entries = [...part.querySelectorAll("article[data-find], li[data-find]")];
    part.hidden = entries.length > 0 && entries.every((entry) => entry.hidden);
  }
  document.getElementById("nothing").hidden = any;
}
