// What refreshes itself, politely: not while it is paused, not in a tab that nobody sees, and not
// for ever. A page that asks again by itself would keep its reader signed in after they left.
"use strict";

(function () {
  const MOST_IDLE_MS = 20 * 60 * 1000;
  let touched = Date.now();
  for (const name of ["pointerdown", "keydown", "visibilitychange"]) {
    document.addEventListener(name, () => { touched = Date.now(); }, { passive: true });
  }

  function start(region) {
    const controls = document.getElementById(region.dataset.controls);
    const button = controls.querySelector("button");
    const status = controls.querySelector("[role=status]");
    let isOn = true;

    function tell() {
      button.textContent = isOn ? button.dataset.pause : button.dataset.goOn;
      status.textContent = isOn ? status.dataset.on : status.dataset.off;
    }

    button.hidden = false;
    button.addEventListener("click", () => {
      isOn = !isOn;
      tell();
      if (isOn) htmx.trigger(region, "refresh");
    });
    window.setInterval(() => {
      if (isOn && Date.now() - touched > MOST_IDLE_MS) {
        isOn = false;
        tell();
      }
      if (isOn && !document.hidden) htmx.trigger(region, "refresh");
    }, Number(region.dataset.refreshS) * 1000);
    tell();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-refresh-s]").forEach(start);
  });
})();
