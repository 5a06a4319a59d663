/* The drawing of a pane: cities on a Leaflet map and in the inset, hover, click, keys.

   A pane that is drawn has page, root (its element), map, shapes, inset and painted. */
"use strict";

SpatialCoagg.view = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const NO_DATA = "url(#coagg-no-data) #e9ecef";
  const BORDER = { color: "#5d6b7a", weight: 0.5, opacity: 0.75 };
  const HOVER = { color: "#14202e", weight: 1.75, opacity: 1 };
  const SELECTED = { color: "#14202e", opacity: 1 };
  const HALO = { color: "#ffffff", fill: false, interactive: false, noClip: true };

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

  /* Grid steps to what Leaflet takes: without tiles its plane, one unit of which is a
     grid step; with tiles degrees, the steps being those of Web Mercator. */
  function placer({ tiles, shapes }) {
    if (!tiles) return ([x, y]) => [y, x];
    const step = 1000 * shapes.step_km;
    return ([x, y]) => {
      const { lat, lng } = L.CRS.EPSG3857.unproject(L.point(x * step, y * step));
      return L.latLng(lat, lng + shapes.middle);
    };
  }

  function drawCities(pane) {
    const { page, map } = pane;
    const style = {
      renderer: pane.renderer,
      fillOpacity: page.data.tiles ? 0.8 : 1,
      smoothFactor: 0.6,
      noClip: true,
      ...BORDER,
    };
    return page.rings.map((rings, city) => {
      const shape = L.polygon(rings.map((ring) => ring.map(page.place)), style).addTo(map);
      shape.getElement().dataset.city = page.data.names.codes[city];
      shape.on({
        mouseover: ({ containerPoint }) => {
          page.set({ pointed: city });
          SpatialCoagg.tip.show(pane, city, containerPoint);
        },
        mousemove: ({ containerPoint }) => SpatialCoagg.tip.move(pane, containerPoint),
        mouseout: () => {
          page.set({ pointed: null });
          SpatialCoagg.tip.hide(pane);
        },
        click: () => page.set({ city }),
      });
      return shape;
    });
  }

  function drawLines(pane) {
    pane.page.lines.forEach((line) => {
      L.polyline(line.map(pane.page.place), {
        color: "#3d4a58",
        weight: 1.5,
        interactive: false,
        renderer: pane.renderer,
      }).addTo(pane.map);
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
  function drawInset(pane) {
    const { page } = pane;
    const box = page.data.shapes.inset;
    const paths = new Map();
    if (!box) return paths;
    const [west, south, east, north] = box;
    const figure = pane.root.querySelector(".coagg-inset");
    const svg = figure.querySelector("svg");
    svg.setAttribute("viewBox", `${west} ${-north} ${east - west} ${north - south}`);
    figure.style.setProperty("--inset-shape", String((east - west) / (north - south)));
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

  function landPoints({ page, map }, ring) {
    const points = ring.map((point) => map.latLngToContainerPoint(page.place(point)));
    const { x, y } = L.bounds(points).getSize();
    return x < SPECK && y < SPECK ? [] : points;
  }

  function placeInset(pane) {
    const inset = pane.root.querySelector(".coagg-inset");
    if (!inset) return;
    const frame = pane.map.getContainer().getBoundingClientRect();
    const points = pane.page.rings.flatMap((rings) => rings.flatMap((ring) => landPoints(pane, ring)));
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

  const boundsOf = (page, [west, south, east, north]) =>
    L.latLngBounds(page.place([west, south]), page.place([east, north]));

  /* Fit a box, the whole map or part of it; after that the user's own view is left
     alone. */
  function fit(pane, box) {
    const { page, map } = pane;
    const { view } = page.data.shapes;
    const margin = { padding: [10, 10], animate: false };
    pane.box = box;
    map.invalidateSize({ animate: false });
    const { x, y } = map.getSize();
    if (x === 0 || y === 0) return; // not shown yet; the observer calls again
    pane.fitting = true;
    map.setMinZoom(-30);
    map.setMaxZoom(30);
    map.fitBounds(boundsOf(page, view), margin);
    map.setMinZoom(map.getZoom() - map.options.zoomDelta);
    map.setMaxZoom(map.getZoom() + 5);
    pane.whole = map.getZoom();
    followZoom(pane);
    placeInset(pane);
    if (box !== view) map.fitBounds(boundsOf(page, box), margin);
    pane.fitted = map.getZoom();
    pane.panned = false;
    pane.fitting = false;
    followZoom(pane);
  }

  const showWhole = (pane) => fit(pane, pane.page.data.shapes.view);

  /* Fit again what was fitted last, the cities studied at first. */
  function showAgain(pane) {
    const { home, view } = pane.page.data.shapes;
    fit(pane, pane.box ?? home ?? view);
  }

  /* The inset is part of the whole map; over an enlarged one it would hide land. The
     whole map needs no dragging, and a finger on it shall scroll the page. */
  function followZoom(pane) {
    const differs = (zoom) => Math.abs(pane.map.getZoom() - zoom) > 0.01;
    const enlarged = differs(pane.whole);
    pane.moved = pane.panned || differs(pane.fitted);
    pane.root.querySelector(".coagg-inset")?.toggleAttribute("hidden", enlarged);
    // What a page opens on shall not hold back a finger that scrolls it.
    const opening = L.Browser.mobile && !pane.moved;
    if (enlarged && !opening) pane.map.dragging.enable();
    else pane.map.dragging.disable();
  }

  function showCity(page, city) {
    const [pane] = page.panes;
    const { map, shapes } = pane;
    const bounds = shapes[city].getBounds();
    const zoom = Math.min(map.getBoundsZoom(bounds.pad(3)), map.getMaxZoom());
    pane.panned = true;
    map.setView(bounds.getCenter(), Math.max(zoom, map.getZoom()));
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

  function listenToKeys(pane) {
    const { page, map } = pane;
    const keys = {
      "+": () => map.zoomIn(),
      "=": () => map.zoomIn(),
      "-": () => map.zoomOut(),
      0: () => page.shown().forEach(showWhole),
      Enter: () => page.set({ city: page.state.pointed }),
      Escape: () => {
        SpatialCoagg.tip.hide(pane);
        page.set({ city: null, pointed: null });
      },
    };
    const box = map.getContainer();
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const arrow = ARROWS[event.key];
      if (arrow) walk(pane, arrow);
      else if (keys[event.key]) keys[event.key]();
      else return;
      event.preventDefault();
    });
    box.addEventListener("blur", () => {
      SpatialCoagg.tip.hide(pane);
      page.set({ pointed: null });
    });
  }

  function walk(pane, arrow) {
    const { page, map } = pane;
    const { pointed, city } = page.state;
    const from = pointed ?? city;
    const next = from === null ? pane.frame().order[0] ?? 0 : neighbourTowards(page, from, arrow);
    if (next === null) return;
    const place = page.place(page.centres[next]);
    map.panInside(place, { padding: [60, 60], animate: false });
    page.set({ pointed: next });
    SpatialCoagg.tip.show(pane, next, map.latLngToContainerPoint(place));
    page.say(SpatialCoagg.panel.sentence(page, pane, next));
  }

  /* The middle of the longest ring's box: good enough to walk by and to point at. */
  function centreOf(rings) {
    const longest = rings.reduce((a, b) => (b.length > a.length ? b : a));
    const xs = longest.map(([x]) => x);
    const ys = longest.map(([, y]) => y);
    return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  }

  function outline(pane) {
    const { city, pointed } = pane.page.state;
    [pane.outlined.pointed, pane.outlined.city].forEach((old) => {
      if (old !== null) pane.shapes[old].setStyle(BORDER);
    });
    const { x: width, y: height } = pane.map.getSize();
    const narrow = Math.min(width, 1.3 * height) < 500; // a small city must show its colour
    pane.halo.setStyle({ weight: narrow ? 4.5 : 7 }).setLatLngs(city === null ? [] : pane.shapes[city].getLatLngs());
    if (city !== null) {
      pane.halo.bringToFront();
      pane.shapes[city].setStyle({ ...SELECTED, weight: narrow ? 1.5 : 2.25 }).bringToFront();
    }
    if (pointed !== null && pointed !== city) pane.shapes[pointed].setStyle(HOVER).bringToFront();
    pane.outlined = { pointed, city };
  }

  function paint(pane) {
    const frame = pane.frame();
    if (frame === pane.painted) return;
    pane.painted = frame;
    pane.shapes.forEach((shape, city) => {
      const own = frame.classes[city];
      const fillColor = own < 0 ? NO_DATA : frame.colours[own];
      if (shape.options.fillColor !== fillColor) shape.setStyle({ fillColor });
      const still = pane.inset.get(city);
      if (still) still.setAttribute("fill", fillColor);
    });
    SpatialCoagg.tip.refresh(pane);
  }

  function update(pane) {
    paint(pane);
    outline(pane);
  }

  /* Draw a pane on its map, once. */
  function draw(page, pane, root, map) {
    Object.assign(pane, { page, root, map, outlined: { pointed: null, city: null } });
    map.setView([0, 0], 0);
    map.attributionControl?.remove();
    if (page.data.tiles) L.tileLayer(page.data.tiles, { maxZoom: 19 }).addTo(map);
    showAgain(pane);
    pane.renderer = L.svg({ padding: 0.5 });
    pane.shapes = drawCities(pane);
    pane.halo = L.polygon([], { ...HALO, renderer: pane.renderer }).addTo(map);
    drawLines(pane);
    pane.inset = drawInset(pane);
    placeInset(pane);
    listenToKeys(pane);
    map.on("zoomend", () => followZoom(pane));
    map.on("dragend", () => {
      pane.panned = true;
      followZoom(pane);
    });
    new ResizeObserver(() => {
      if (pane.moved) map.invalidateSize({ animate: false });
      else showAgain(pane);
    }).observe(map.getContainer());
  }

  function start(page) {
    page.place = placer(page.data);
    page.rings = page.data.shapes.cities.map(SpatialCoagg.data.decodeRings);
    page.lines = page.data.shapes.lines.flatMap(SpatialCoagg.data.decodeRings);
    page.centres = page.rings.map(centreOf);
    defineHatching();
    draw(page, page.panes[0], document.getElementById("coagg-main"), page.map);
    const on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("coagg-zoom-in", () => page.map.zoomIn());
    on("coagg-zoom-out", () => page.map.zoomOut());
    on("coagg-zoom-whole", () => page.shown().forEach(showWhole));
  }

  SpatialCoagg.parts.push({
    start,
    update(page) {
      page.shown().filter((pane) => pane.map).forEach(update);
    },
  });

  return { svgElement, showCity, showAgain, draw, update, NO_DATA };
})();
