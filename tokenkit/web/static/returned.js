/* The last page of a sign-in: it tells the page that began it, and goes. Without scripts it leads back to the accounts. */

const { outcome, provider, account } = document.documentElement.dataset;
const here = new URL(".", import.meta.url);
const flow = sessionStorage.getItem("tokenkit:flow");
const back = sessionStorage.getItem("tokenkit:return");
sessionStorage.removeItem("tokenkit:flow");
sessionStorage.removeItem("tokenkit:return");

const channel = new BroadcastChannel(`tokenkit:${here.pathname}`);
channel.postMessage({ flow, outcome, provider, account });
channel.close();

if (flow !== null) {
  if (outcome !== "failed") window.close(); // what went wrong is read here
  document.getElementById("close").hidden = false;
} else if (back !== null && new URL(back).origin === window.location.origin) {
  if (outcome === "connected") window.location.replace(back);
  document.querySelector(".below a").href = back;
}
