// Formulas that are wider than their place are drawn smaller, down to half of their size. Rows of tables that are wider
// than a narrow screen are put on two lines.
(function () {
  const fit = () => {
    for (const place of document.querySelectorAll("div.math")) {
      place.style.fontSize = "";
      const ratio = place.clientWidth / place.scrollWidth;
      if (place.clientWidth && ratio < 1) {
        place.style.fontSize = 100 * Math.max(0.5, ratio * 0.98) + "%";
      }
    }
  };
  const stack = () => {
    for (const table of document.querySelectorAll(".table-wrapper > table.docutils")) {
      table.classList.remove("stacked");
      if (table.offsetWidth > table.parentElement.clientWidth + 1) table.classList.add("stacked");
    }
  };
  window.addEventListener("load", () => {
    stack();
    const drawn = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (drawn) drawn.then(fit);
  });
  window.addEventListener("resize", fit);
  window.addEventListener("resize", stack);
})();
