/* Two maps side by side: the second pane, its choices, and moving both together. */
"use strict";

(() => {
  const { fillWords } = SpatialCoagg.data;
  const { element, swatch, layerOptions } = SpatialCoagg.panel;
  const byId = (id) => document.getElementById(`coagg-${id}`);
  const MAP_OPTIONS = ["crs", "zoomSnap", "zoomDelta", "wheelPxPerZoomLevel", "zoomAnimation", "fadeAnimation"];

  /* What the second map shows first: the same layer at its other end in time, or
     another layer where this one has no years. */
  function opening(page) {
    const { layer, year } = page.state;
    const { values } = page.layer();
    if (values.length === 1) return { sideLayer: layer === 0 ? 1 : 0, sideYear: null };
    const first = values.findIndex((list) => list.some((value) => value !== null));
    return { sideLayer: layer, sideYear: first === year ? values.length - 1 : first };
  }

  function makeMap(page) {
    const options = Object.fromEntries(MAP_OPTIONS.map((key) => [key, page.map.options[key]]));
    return L.map("coagg-side-map", { ...options, zoomControl: false, attributionControl: false, keyboard: false });
  }

  /* Two panes of one size show the same; of two sizes the same enlargement. */
  function follow(from, to) {
    from.map.on("move zoom", () => {
      if (from.fitting || to.fitting || from.followed || !from.page.state.side) return;
      to.followed = true;
      const zoom = to.whole + from.map.getZoom() - from.whole;
      to.map.setView(from.map.getCenter(), zoom, { animate: false });
      to.followed = false;
    });
  }

  function open(page) {
    const [main, side] = page.panes;
    if (side.map) return;
    const inset = main.root.querySelector(".coagg-inset");
    if (inset) {
      const copy = inset.cloneNode(true);
      copy.querySelector("svg").replaceChildren();
      byId("side").querySelector(".coagg-canvas").append(copy);
    }
    SpatialCoagg.view.draw(page, side, byId("side"), makeMap(page));
    follow(main, side);
    follow(side, main);
    SpatialCoagg.view.update(side);
  }

  /* A legend in a line, under the map it belongs to. */
  function strip(page, pane, box) {
    const frame = pane.frame();
    const entry = (colour, label) => element("span", {}, [swatch(colour), label]);
    const entries = frame.legend.map(({ label, place }) => entry(frame.colours[place], label));
    if (frame.ranked) entries.reverse();
    if (frame.everMissing) entries.push(entry(SpatialCoagg.view.NO_DATA, page.words.no_data));
    box.replaceChildren(...entries);
  }

  function fillYears(page) {
    const { years } = page.data;
    const same = fillWords(page.words.same_year, { year: years[page.state.year] ?? "" });
    const option = (value, label) => element("option", { value }, [label]);
    byId("side-year").replaceChildren(option("", same), ...years.map((year, place) => option(place, String(year))));
    byId("side-year").value = String(page.state.sideYear ?? "");
    byId("side-year").hidden = page.panes[1].layer().values.length === 1;
  }

  function show(page) {
    const { side } = page.state;
    byId("side").hidden = !side;
    byId("panes").dataset.side = String(side);
    byId("compare").setAttribute("aria-pressed", String(side));
    byId("main").querySelector(".coagg-strip").hidden = !side;
    if (side) open(page);
    page.shown().filter((pane) => !pane.moved).forEach(SpatialCoagg.view.showAgain);
  }

  SpatialCoagg.parts.push({
    start(page) {
      const { layers, years } = page.data;
      byId("compare").hidden = layers.length < 2 && years.length < 2;
      byId("compare").addEventListener("click", () =>
        page.set(page.state.side ? { side: false } : { side: true, ...opening(page) }),
      );
      byId("side-close").addEventListener("click", () => {
        page.set({ side: false });
        byId("compare").focus();
      });
      byId("side-layer").append(...layerOptions(layers));
      byId("side-layer").addEventListener("change", (event) => {
        const place = Number(event.target.value);
        const { whatIf } = layers[place];
        page.set({ sideLayer: place, ...(whatIf ? { city: page.source(layers[place]) } : {}) });
      });
      byId("side-year").addEventListener("change", ({ target }) =>
        page.set({ sideYear: target.value === "" ? null : Number(target.value) }),
      );
    },
    update(page, changed) {
      if (changed.has("side")) show(page);
      if (!page.state.side) return;
      byId("side-layer").value = String(page.state.sideLayer);
      fillYears(page);
      byId("side-map").setAttribute("aria-label", `${page.panes[1].heading()}. ${page.words.map}`);
      byId("side-heading").textContent = page.panes[1].heading();
      [byId("main"), byId("side")].forEach((root, place) =>
        strip(page, page.panes[place], root.querySelector(".coagg-strip")),
      );
    },
  });
})();
