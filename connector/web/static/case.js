// Quicker where scripts run; nothing here is needed.
(function () {
  "use strict";
  // The button that opens the browser's print dialog exists only where it can.
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
  document.querySelectorAll("[data-print-hint]").forEach(function (hint) { hint.hidden = true; });
  // A link to a message within a folded part unfolds it.
  function unfold() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    for (var each = target.parentElement; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") { each.open = true; }
    }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", unfold);
  unfold();
  // A note that was begun is not lost by a click on a link.
  var unsaved = new Set();
  document.querySelectorAll("details.write form").forEach(function (form) {
    form.addEventListener("input", function () { unsaved.add(form); });
    form.addEventListener("submit", function () { unsaved.delete(form); });
  });
  window.addEventListener("beforeunload", function (event) {
    if (unsaved.size) { event.preventDefault(); }
  });
})();
