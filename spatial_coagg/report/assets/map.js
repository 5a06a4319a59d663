/* The page: what is shown now, and who is told when it changes.

   A part is an object with update(page, changed) and, if it needs one, start(page);
   `changed` is the set of keys of page.state that are new. A further part, such as a
   what-if, is one more script that pushes its part to SpatialCoagg.parts. */
"use strict";

SpatialCoagg.start = (map, data) => {
  const frames = new Map();

  /* The place of the last year in which a layer has data. */
  function lastYearOf(layer) {
    if (layer.values.length === 1) return Math.max(0, data.years.length - 1);
    return layer.values.findLastIndex((year) => year.some((value) => value !== null));
  }

  const page = {
    map,
    data,
    words: data.words,
    /* layer and year are places in their lists; city and pointed places or null. */
    state: { layer: 0, year: lastYearOf(data.layers[0]), city: null, pointed: null },
    layer: () => data.layers[page.state.layer],

    frame() {
      const { layer, year } = page.state;
      const key = `${layer}:${page.layer().values.length === 1 ? 0 : year}`;
      if (!frames.has(key)) frames.set(key, SpatialCoagg.data.frameOf(page.layer(), year));
      return frames.get(key);
    },

    heading() {
      const { title, unit, values } = page.layer();
      const what = unit ? `${title} (${unit})` : title;
      return values.length === 1 ? what : `${what} \u00b7 ${data.years[page.state.year]}`;
    },

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
      if (changed.has("layer") || changed.has("year")) page.say(page.summary());
      else if (page.state.city !== null) page.say(SpatialCoagg.panel.sentence(page, page.state.city));
    },

    /* Show a layer, in the same year if it has data there. */
    choose(place) {
      const layer = data.layers[place];
      const year = layer.values.length === 1 ? [] : layer.values[page.state.year];
      const empty = year.length > 0 && year.every((value) => value === null);
      page.set(empty ? { layer: place, year: lastYearOf(layer) } : { layer: place });
    },

    /* Select a city and bring it into sight. */
    visit(city) {
      page.set({ city });
      SpatialCoagg.view.showCity(page, city);
    },

    summary() {
      const { order } = page.frame();
      const words = {
        layer: page.layer().title,
        year: data.years[page.state.year] ?? "",
        count: order.length,
        city: data.names.shown[order[0]],
      };
      const pattern = order.length ? page.words.summary : page.words.nothing;
      return SpatialCoagg.data.fillWords(pattern, words);
    },

    say(text) {
      document.getElementById("coagg-status").textContent = text;
    },
  };

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
