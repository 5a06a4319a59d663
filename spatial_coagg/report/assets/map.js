/* The page: what is shown now, and who is told when it changes.

   A part is an object with update(page, changed) and, if it needs one, start(page);
   `changed` is the set of keys of page.state that are new. A pane is one of the two
   maps: the first is always there, the second while two are seen side by side. */
"use strict";

SpatialCoagg.start = (map, data) => {
  const frames = new Map();
  const { decodeValues, frameOf, fillWords } = SpatialCoagg.data;
  data.layers.forEach((layer) => {
    layer.values = decodeValues(layer.values, data.names.codes.length);
  });
  if (data.what_if) data.layers.push(SpatialCoagg.whatIf.layerOf(data));

  /* The place of the last year in which a layer has data. */
  function lastYearOf(layer) {
    if (layer.values.length === 1) return Math.max(0, data.years.length - 1);
    return layer.values.findLastIndex((year) => year.some((value) => value !== null));
  }

  const page = {
    map,
    data,
    words: data.words,
    /* layer, year and those of the side are places in their lists, sideYear null for
       the same year; city and pointed are places or null; scheme is a name or "". */
    state: {
      layer: 0,
      year: lastYearOf(data.layers[0]),
      side: false,
      sideLayer: 0,
      sideYear: null,
      scheme: "",
      percent: 10,
      city: null,
      pointed: null,
    },

    layer: () => data.layers[page.state.layer],
    scheme: (layer) => layer.schemes.find(({ name }) => name === page.state.scheme) ?? layer.schemes[0],

    set(change) {
      const changed = new Set(
        Object.keys(change).filter((key) => page.state[key] !== change[key]),
      );
      if (changed.size === 0) return;
      Object.assign(page.state, change);
      page.tell(changed);
    },

    tell(changed) {
      if (changed.size === 1 && changed.has("pointed")) {
        SpatialCoagg.parts[0].update(page, changed);
        return;
      }
      SpatialCoagg.parts.forEach((part) => part.update(page, changed));
      if (["layer", "year", "percent"].some((key) => changed.has(key))) page.say(page.summary());
      else if (page.state.city !== null) {
        page.say(SpatialCoagg.panel.sentence(page, page.panes[0], page.state.city));
      }
    },

    /* Show a layer, in the same year if it has data there. */
    choose(place) {
      const layer = data.layers[place];
      const year = layer.values.length === 1 ? [] : layer.values[page.state.year];
      const empty = year.length > 0 && year.every((value) => value === null);
      page.set({
        layer: place,
        ...(empty ? { year: lastYearOf(layer) } : {}),
        ...(layer.whatIf ? { city: page.source(layer) } : {}),
      });
    },

    /* The city a what-if starts from: the one selected, else the first in rank. */
    source(layer) {
      const { places } = layer.whatIf;
      if (places.has(page.state.city)) return page.state.city;
      return page.panes[0].frame().order.find((city) => places.has(city)) ?? page.state.city;
    },

    /* Select a city and bring it into sight. */
    visit(city) {
      page.set({ city });
      SpatialCoagg.view.showCity(page, city);
    },

    summary() {
      const { order } = page.panes[0].frame();
      const words = {
        layer: page.layer().heading?.(page) ?? page.layer().title,
        year: page.layer().values.length === 1 ? "" : `, ${data.years[page.state.year]}`,
        count: order.length,
        city: data.names.shown[order[0]],
      };
      return fillWords(order.length ? page.words.summary : page.words.nothing, words);
    },

    say(text) {
      document.getElementById("coagg-status").textContent = text;
    },
  };

  function makePane(layerKey, yearOf) {
    const pane = {
      layer: () => data.layers[page.state[layerKey]],
      year: yearOf,
      frame() {
        const layer = pane.layer();
        const scheme = page.scheme(layer);
        const year = layer.values.length === 1 ? 0 : pane.year();
        const key = layer.key?.(page) ?? `${page.state[layerKey]}:${year}:${scheme.name}`;
        if (frames.size > 500) frames.clear();
        if (!frames.has(key)) frames.set(key, layer.frame?.(page) ?? frameOf(layer, scheme, year));
        return frames.get(key);
      },
      heading() {
        const { title, unit, values, heading } = pane.layer();
        if (heading) return heading(page);
        const what = unit ? `${title} (${unit})` : title;
        return values.length === 1 ? what : `${what} \u00b7 ${data.years[pane.year()]}`;
      },
    };
    return pane;
  }

  page.panes = [
    makePane("layer", () => page.state.year),
    makePane("sideLayer", () => page.state.sideYear ?? page.state.year),
  ];
  page.shown = () => (page.state.side ? page.panes : page.panes.slice(0, 1));

  /* In another page the wheel scrolls that page until the map is clicked. */
  function waitForClick() {
    map.scrollWheelZoom.disable();
    map.on("click", () => map.scrollWheelZoom.enable());
    map.on("mouseout", () => map.scrollWheelZoom.disable());
  }

  /* In another page the frame grows with its content where the parts are stacked. */
  function fitFrame() {
    const frame = window.frameElement;
    if (!frame) return;
    waitForClick();
    const stacked = window.matchMedia("(max-width: 899px)");
    const own = frame.style.height;
    const fit = () => {
      const height = document.getElementById("coagg").offsetHeight;
      frame.style.height = stacked.matches ? `${height}px` : own;
    };
    new ResizeObserver(fit).observe(document.getElementById("coagg"));
    stacked.addEventListener("change", fit);
  }

  const [west, south, east, north] = data.shapes.view;
  document.getElementById("coagg").style.setProperty("--map-shape", String((east - west) / (north - south)));
  SpatialCoagg.parts.forEach((part) => part.start?.(page));
  page.tell(new Set(Object.keys(page.state)));
  fitFrame();
};
