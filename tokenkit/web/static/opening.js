/* What a pop-up waits with: the page that opened it says where to go, or that it was for nothing. */

const flow = window.location.hash.slice(1);
const channel = new BroadcastChannel(`tokenkit:${new URL(".", import.meta.url).pathname}`);

sessionStorage.setItem("tokenkit:flow", flow);
channel.addEventListener("message", ({ data }) => {
  if (data.flow !== flow) return;
  if (data.go) window.location.replace(data.go);
  if (data.stop) window.close();
});
channel.postMessage({ flow, ready: true });
