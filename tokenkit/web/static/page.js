/* What the accounts page does beyond plain forms: the consent in a pop-up, and times as the reader's clock has them. */

import { authorize } from "./button.js";

const message = document.getElementById("message");

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

async function connect(form) {
  const { authorize: provider, title } = form.dataset;
  const button = form.querySelector("button");
  const label = button.textContent;
  say("");
  button.disabled = true;
  button.textContent = "Go on in the other window";
  try {
    const { outcome } = await authorize({ ...Object.fromEntries(new FormData(form)), provider });
    if (outcome === "connected") return window.location.reload();
    say(told(outcome, title));
  } catch (error) {
    if (error.kind === "ClientMissing") return window.location.assign(`client/${provider}`);
    say([error.message, error.hint].filter(Boolean).join(". "));
  }
  button.disabled = false;
  button.textContent = label;
  button.focus();
}

function told(outcome, title) {
  if (outcome === "declined") return `${title} was not connected: the consent was not given.`;
  if (outcome === "cancelled") return `${title} was not connected: the window was closed.`;
  return `${title} was not connected. You can begin again.`;
}

function say(text) {
  if (message === null) return;
  message.textContent = text;
  message.hidden = text === "";
}
