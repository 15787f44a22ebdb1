/* casethread:overview */
// Searches window.casethreadIndex. Without scripts the list of all guides stands on the page.
(function () {
  "use strict";
  var form = document.getElementById("search");
  var field = document.getElementById("words");
  var hits = document.getElementById("hits");
  var count = document.getElementById("count");
  var all = document.getElementById("all");
  var index = (window.casethreadIndex || []).map(function (entry) {
    return { entry: entry, heavy: entry.k.split(" "), light: entry.w.split(" ") };
  });
  var letters = { "æ": "a", "ä": "a", "ø": "o", "ö": "o", "å": "a", "ß": "ss", "đ": "d" };

  // The same as connector/sites/html/overview.py, folded.
  function folded(text) {
    return text.normalize("NFC").toLowerCase()
      .replace(/[æäøöåßđ]/g, function (letter) { return letters[letter]; })
      .normalize("NFD").replace(/\p{M}/gu, "")
      .replace(/ae/g, "a").replace(/oe/g, "o").replace(/aa/g, "a");
  }

  // "flytninger" finds "flytning": the endings of Danish nouns and verbs are taken off what is
  // asked, and words that begin with the rest are hits.
  function stem(word) {
    return word.length < 6 ? word : word.replace(/(erne|ene|ede|er|en|et|es|e|s)$/, "");
  }

  function weight(words, asked, stemmed) {
    var best = 0;
    for (var i = 0; i < words.length; i += 1) {
      if (words[i] === asked) { return 3; }
      if (words[i].indexOf(asked) === 0) { best = Math.max(best, 2); }
      else if (words[i].indexOf(stemmed) === 0) { best = Math.max(best, 1); }
    }
    return best;
  }

  // Every word must be found; a hit in title, keyword or subject weighs more.
  function scored(one, asked) {
    var sum = 0;
    for (var i = 0; i < asked.length; i += 1) {
      var short = stem(asked[i]);
      var found = 10 * weight(one.heavy, asked[i], short) + weight(one.light, asked[i], short);
      if (!found) { return 0; }
      sum += found;
    }
    return sum;
  }

  function shown(entry) {
    var item = document.createElement("li");
    var link = document.createElement("a");
    link.href = entry.u.split("/").map(encodeURIComponent).join("/");
    link.textContent = entry.t;
    item.appendChild(link);
    if (entry.s) {
      var summary = document.createElement("p");
      summary.textContent = entry.s;
      item.appendChild(summary);
    }
    return item;
  }

  function search() {
    var asked = folded(field.value).match(/[\p{L}\p{N}]+/gu) || [];
    hits.textContent = "";
    all.hidden = asked.length > 0;
    count.textContent = "";
    if (!asked.length) { return; }
    var found = index.map(function (one) { return { entry: one.entry, sum: scored(one, asked) }; })
      .filter(function (one) { return one.sum > 0; });
    found.sort(function (a, b) { return b.sum - a.sum || a.entry.t.localeCompare(b.entry.t, "da"); });
    found.slice(0, 50).forEach(function (one) { hits.appendChild(shown(one.entry)); });
    var said = form.dataset;
    count.textContent = found.length === 0 ? said.none
      : found.length === 1 ? said.one : said.many.replace("{count}", String(found.length));
  }

  form.hidden = false;
  var given = new URLSearchParams(location.search).get("q");
  if (given) { field.value = given; search(); }
  field.addEventListener("input", search);
  form.addEventListener("submit", function (event) { event.preventDefault(); search(); });
})();
