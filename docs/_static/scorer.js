// Ranks the results of the search: the page of a loss before the tables that name it, and texts about the project last.
var Scorer = {
  score: ([docname, , , , score]) => {
    if (docname.startsWith("losses/")) return score + 3;
    if (docname === "quickstart" || docname.startsWith("guide/")) return score + 2;
    if (docname.startsWith("coming-from/") || docname === "tutorials/from_lasagne") return score - 1;
    if (["changelog", "architecture", "contributing"].includes(docname)) return score - 4;
    return score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 15, 1: 5, 2: -5},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
