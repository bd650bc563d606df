// Formulas that are wider than their place are drawn smaller, down to half of their size.
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
  window.addEventListener("load", () => {
    const drawn = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (drawn) drawn.then(fit);
  });
  window.addEventListener("resize", fit);
})();
