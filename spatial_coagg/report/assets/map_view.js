/* The drawing: cities on the Leaflet map and in the inset, hover, click, keys. */
"use strict";

SpatialCoagg.view = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const NO_DATA = "url(#coagg-no-data) #e9ecef";
  const BORDER = { color: "#5d6b7a", weight: 0.5, opacity: 0.75 };
  const HOVER = { color: "#14202e", weight: 1.75, opacity: 1 };
  const SELECTED = { color: "#14202e", weight: 2.25, opacity: 1 };
  const HALO = { color: "#ffffff", weight: 7, fill: false, interactive: false, noClip: true };

  function svgElement(name, attributes) {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }

  /* Hatching for cities without data; defined once, used by map, inset and legend. */
  function defineHatching() {
    const svg = svgElement("svg", { width: 0, height: 0, "aria-hidden": "true" });
    svg.style.position = "absolute";
    const pattern = svgElement("pattern", {
      id: "coagg-no-data",
      width: 6,
      height: 6,
      patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)",
    });
    pattern.append(
      svgElement("rect", { width: 6, height: 6, fill: "#f3f4f5" }),
      svgElement("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: "#cdd3da", "stroke-width": 2 }),
    );
    svg.append(pattern);
    document.body.append(svg);
  }

  /* Grid steps to Leaflet's plane, one unit of which is a grid step. */
  const toLatLngs = (rings) => rings.map((ring) => ring.map(([x, y]) => [y, x]));
  const toBounds = ([west, south, east, north]) => [[south, west], [north, east]];

  function drawCities(page) {
    const style = { renderer: page.renderer, fillOpacity: 1, smoothFactor: 0.6, noClip: true, ...BORDER };
    return page.rings.map((rings, city) => {
      const shape = L.polygon(toLatLngs(rings), style).addTo(page.map);
      shape.getElement().dataset.city = page.data.names.codes[city];
      shape.on({
        mouseover: () => page.set({ pointed: city }),
        mouseout: () => page.set({ pointed: null }),
        click: () => page.set({ city }),
      });
      shape.bindTooltip(() => SpatialCoagg.panel.describe(page, city), {
        sticky: true,
        className: "coagg-tip",
        opacity: 1,
      });
      return shape;
    });
  }

  function drawLines(page) {
    page.lines.forEach((line) => {
      L.polyline(line.map(([x, y]) => [y, x]), {
        color: "#3d4a58",
        weight: 1.5,
        interactive: false,
        renderer: page.renderer,
      }).addTo(page.map);
    });
  }

  const pathOf = (rings, closing) =>
    rings.map((ring) => `M${ring.map(([x, y]) => `${x},${-y}`).join("L")}${closing}`).join("");

  function overlaps(rings, [west, south, east, north]) {
    return rings.some((ring) =>
      ring.some(([x, y]) => x >= west && x <= east && y >= south && y <= north),
    );
  }

  /* The inset is a still picture; returns its paths by city. */
  function drawInset(page) {
    const box = page.data.shapes.inset;
    const paths = new Map();
    if (!box) return paths;
    const [west, south, east, north] = box;
    const svg = document.querySelector("#coagg-inset svg");
    svg.setAttribute("viewBox", `${west} ${-north} ${east - west} ${north - south}`);
    document.getElementById("coagg-inset").style.setProperty(
      "--inset-shape",
      String((east - west) / (north - south)),
    );
    page.rings.forEach((rings, city) => {
      if (!overlaps(rings, box)) return;
      const path = svgElement("path", { d: pathOf(rings, "Z"), "fill-rule": "evenodd" });
      paths.set(city, path);
      svg.append(path);
    });
    page.lines.forEach((line) => {
      svg.append(svgElement("path", { d: pathOf([line], ""), class: "coagg-line" }));
    });
    return paths;
  }

  /* The largest inset that hides no city, in the first corner that takes one of a fair
     size; a small one before none; under the map where every corner is land. */
  const CORNERS = ["bottom-right", "bottom-left", "top-right", "top-left"];
  const FAIR_WIDTHS = [150, 132, 116, 102, 90, 80];
  const SMALL_WIDTHS = [70, 62, 54];
  const SPECK = 5; // pixels: a smaller island may lie under the inset

  function landPoints(page, ring) {
    const points = ring.map(([x, y]) => page.map.latLngToContainerPoint([y, x]));
    const { x, y } = L.bounds(points).getSize();
    return x < SPECK && y < SPECK ? [] : points;
  }

  function placeInset(page) {
    const inset = document.getElementById("coagg-inset");
    if (!inset) return;
    const frame = page.map.getContainer().getBoundingClientRect();
    const points = page.rings.flatMap((rings) => rings.flatMap((ring) => landPoints(page, ring)));
    const fits = (corner, width) => {
      inset.dataset.corner = corner;
      inset.style.width = `${width}px`;
      inset.dataset.small = String(width < 80);
      const box = inset.getBoundingClientRect();
      const left = box.left - frame.left - 3;
      const top = box.top - frame.top - 3;
      return !points.some(
        ({ x, y }) =>
          x > left && x < left + box.width + 6 && y > top && y < top + box.height + 6,
      );
    };
    const places = [FAIR_WIDTHS, SMALL_WIDTHS].flatMap((widths) =>
      CORNERS.flatMap((corner) => widths.map((width) => [corner, width])),
    );
    if (!places.some(([corner, width]) => fits(corner, width))) fits("under", 102);
  }

  /* Fit the whole map; after that the user's own view is left alone. */
  function showWhole(page) {
    page.map.invalidateSize({ animate: false });
    const { x, y } = page.map.getSize();
    if (x === 0 || y === 0) return; // not shown yet; the observer calls again
    page.map.setMinZoom(-30);
    page.map.fitBounds(toBounds(page.data.shapes.view), { padding: [10, 10], animate: false });
    page.map.setMinZoom(page.map.getZoom() - 0.5);
    page.map.setMaxZoom(page.map.getZoom() + 5);
    page.whole = page.map.getZoom();
    followZoom(page);
    placeInset(page);
  }

  /* The inset is part of the whole map; over an enlarged one it would hide land. The
     whole map needs no dragging, and a finger on it shall scroll the page. */
  function followZoom(page) {
    page.moved = Math.abs(page.map.getZoom() - page.whole) > 0.01;
    document.getElementById("coagg-inset")?.toggleAttribute("hidden", page.moved);
    if (page.moved) page.map.dragging.enable();
    else page.map.dragging.disable();
  }

  function showCity(page, city) {
    const bounds = page.shapes[city].getBounds();
    const zoom = Math.min(page.map.getBoundsZoom(bounds.pad(3)), page.map.getMaxZoom());
    page.map.setView(bounds.getCenter(), Math.max(zoom, page.map.getZoom()));
  }

  /* The nearest city that lies in the direction of an arrow key. */
  function neighbourTowards(page, city, [right, up]) {
    const start = page.centres[city];
    let best = null;
    let shortest = Infinity;
    page.centres.forEach(([x, y], other) => {
      const along = (x - start[0]) * right + (y - start[1]) * up;
      const aside = Math.abs((x - start[0]) * up) + Math.abs((y - start[1]) * right);
      const effort = along + 2 * aside;
      if (other !== city && along > 0 && aside <= 2 * along && effort < shortest) {
        best = other;
        shortest = effort;
      }
    });
    return best;
  }

  const ARROWS = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1],
  };

  function listenToKeys(page) {
    const keys = {
      "+": () => page.map.zoomIn(),
      "=": () => page.map.zoomIn(),
      "-": () => page.map.zoomOut(),
      0: () => showWhole(page),
      Enter: () => page.set({ city: page.state.pointed }),
      Escape: () => page.set({ city: null, pointed: null }),
    };
    const box = page.map.getContainer();
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const arrow = ARROWS[event.key];
      if (arrow) walk(page, arrow);
      else if (keys[event.key]) keys[event.key]();
      else return;
      event.preventDefault();
    });
    box.addEventListener("blur", () => {
      if (page.state.pointed !== null) page.shapes[page.state.pointed].closeTooltip();
      page.set({ pointed: null });
    });
  }

  function walk(page, arrow) {
    const { pointed, city } = page.state;
    if (pointed !== null) page.shapes[pointed].closeTooltip();
    const from = pointed ?? city;
    const next = from === null ? page.frame().order[0] ?? 0 : neighbourTowards(page, from, arrow);
    if (next === null) return;
    const [x, y] = page.centres[next];
    page.map.panInside([y, x], { padding: [60, 60], animate: false });
    page.set({ pointed: next });
    page.shapes[next].openTooltip([y, x]);
    page.say(SpatialCoagg.panel.sentence(page, next));
  }

  /* The middle of the longest ring's box: good enough to walk by and to point at. */
  function centreOf(rings) {
    const longest = rings.reduce((a, b) => (b.length > a.length ? b : a));
    const xs = longest.map(([x]) => x);
    const ys = longest.map(([, y]) => y);
    return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  }

  function refreshTooltip(page) {
    const { pointed } = page.state;
    if (pointed !== null && page.shapes[pointed].isTooltipOpen()) page.shapes[pointed].getTooltip().update();
  }

  function outline(page) {
    const { city, pointed } = page.state;
    [page.outlined.pointed, page.outlined.city].forEach((old) => {
      if (old !== null) page.shapes[old].setStyle(BORDER);
    });
    page.halo.setLatLngs(city === null ? [] : page.shapes[city].getLatLngs());
    if (city !== null) {
      page.halo.bringToFront();
      page.shapes[city].setStyle(SELECTED).bringToFront();
    }
    if (pointed !== null && pointed !== city) page.shapes[pointed].setStyle(HOVER).bringToFront();
    page.outlined = { pointed, city };
  }

  function paint(page) {
    const frame = page.frame();
    const { colours } = page.layer();
    page.shapes.forEach((shape, city) => {
      const own = frame.classes[city];
      const fillColor = own < 0 ? NO_DATA : colours[own];
      if (shape.options.fillColor !== fillColor) shape.setStyle({ fillColor });
      const still = page.inset.get(city);
      if (still) still.setAttribute("fill", fillColor);
    });
  }

  function start(page) {
    const { codes } = page.data.names;
    page.rings = page.data.shapes.cities.map(SpatialCoagg.data.decodeRings);
    page.lines = page.data.shapes.lines.flatMap(SpatialCoagg.data.decodeRings);
    page.centres = codes.map((_, city) => centreOf(page.rings[city]));
    page.outlined = { pointed: null, city: null };
    defineHatching();
    page.map.setView([0, 0], 0);
    page.map.attributionControl?.remove();
    showWhole(page);
    page.renderer = L.svg({ padding: 0.5 });
    page.shapes = drawCities(page);
    page.halo = L.polygon([], { ...HALO, renderer: page.renderer }).addTo(page.map);
    drawLines(page);
    page.inset = drawInset(page);
    placeInset(page);
    listenToKeys(page);
    page.map.on("zoomend", () => followZoom(page));
    document.getElementById("coagg-zoom-in").addEventListener("click", () => page.map.zoomIn());
    document.getElementById("coagg-zoom-out").addEventListener("click", () => page.map.zoomOut());
    document.getElementById("coagg-zoom-whole").addEventListener("click", () => showWhole(page));
    new ResizeObserver(() => {
      if (page.moved) page.map.invalidateSize({ animate: false });
      else showWhole(page);
    }).observe(page.map.getContainer());
  }

  SpatialCoagg.parts.push({
    start,
    update(page, changed) {
      if (changed.has("layer") || changed.has("year")) {
        paint(page);
        refreshTooltip(page);
      }
      if (changed.has("city") || changed.has("pointed")) outline(page);
    },
  });

  return { svgElement, showCity, NO_DATA };
})();
