/* The question of a what-if: a percentage, what it says in words, and its sums. */
"use strict";

(() => {
  const { fillWords } = SpatialCoagg.data;
  const { element } = SpatialCoagg.panel;
  const { sumsOf, thetaOf } = SpatialCoagg.whatIf;
  const byId = (id) => document.getElementById(`coagg-${id}`);
  const LOWEST = -100; // per cent; no driver can lose all of itself or more
  const HIGHEST = 1000;

  const shownLayer = (page) => page.shown().map((pane) => pane.layer()).find((layer) => layer.whatIf);

  function read(page) {
    const box = byId("percent");
    const percent = box.value.trim() === "" ? NaN : Number(box.value);
    const valid = percent > LOWEST && percent <= HIGHEST;
    box.setAttribute("aria-invalid", String(!valid));
    byId("percent-wrong").hidden = valid;
    if (valid) page.set({ percent });
  }

  function sumRows(page, coded, source) {
    return sumsOf(coded, source, page.state.percent).map(({ key, text, interval }) =>
      element("tr", { "data-sum": key }, [
        element("th", { scope: "row" }, [fillWords(page.words[key], { others: coded.cities.length - 1 })]),
        element("td", {}, [text]),
        element("td", {}, [interval]),
      ]),
    );
  }

  function unanswered(page) {
    const { city } = page.state;
    const name = city === null ? "" : page.data.names.shown[city];
    const words = city === null ? page.words.what_if_choose : page.words.what_if_outside;
    byId("asked").textContent = fillWords(words, { city: name });
    byId("extrapolation").hidden = true;
  }

  function answer(page, coded, source) {
    const theta = thetaOf(coded, source, page.state.percent);
    const words = { ...coded.terms, ...theta, city: page.data.names.shown[page.state.city] };
    byId("asked").textContent = fillWords(page.words.asked, words);
    byId("extrapolation").hidden = !theta.outside;
    byId("extrapolation").textContent = theta.outside ? fillWords(page.words.extrapolation, words) : "";
    byId("sums").tBodies[0].replaceChildren(...sumRows(page, coded, source));
  }

  SpatialCoagg.parts.push({
    start(page) {
      byId("percent").addEventListener("input", () => read(page));
    },
    update(page) {
      const layer = shownLayer(page);
      byId("question").hidden = !layer;
      if (!layer) return;
      const coded = layer.whatIf;
      byId("rise").textContent = fillWords(page.words.rise, coded.terms);
      byId("sums-interval").textContent = fillWords(page.words.interval, coded.terms);
      byId("sums-note").textContent = fillWords(
        coded.outcome_logged ? page.words.sums_logged : page.words.sums_levels,
        coded.terms,
      );
      const source = coded.places.get(page.state.city);
      byId("sums").hidden = source === undefined;
      byId("sums-note").hidden = source === undefined;
      if (source === undefined) unanswered(page);
      else answer(page, coded, source);
    },
  });
})();
