/* Arithmetic of the map: decoding, classes, ranks, numbers as text. No page here. */
"use strict";

const SpatialCoagg = { parts: [] };

SpatialCoagg.data = (() => {
  /* Numbers written five bits to a character, lowest first, the sign in the last bit. */
  function decodeNumbers(text) {
    const numbers = [];
    let bits = 0;
    let shift = 0;
    for (let place = 0; place < text.length; place += 1) {
      const chunk = text.charCodeAt(place) - 63;
      bits |= (chunk & 31) << shift;
      shift += 5;
      if (chunk < 32) {
        numbers.push(bits & 1 ? ~(bits >> 1) : bits >> 1);
        bits = 0;
        shift = 0;
      }
    }
    return numbers;
  }

  /* Rings of [x, y] in grid steps; each point is written as a step from the last. */
  function decodeRings(text) {
    return text.split(" ").map((ring) => {
      const steps = decodeNumbers(ring);
      const points = [];
      let x = 0;
      let y = 0;
      for (let place = 0; place < steps.length; place += 2) {
        x += steps[place];
        y += steps[place + 1];
        points.push([x, y]);
      }
      return points;
    });
  }

  /* A break is the top of its class. */
  function classOf(layer, value) {
    if (value === null) return -1;
    if (layer.labels) return value;
    let place = 0;
    while (place < layer.breaks.length && value > layer.breaks[place]) place += 1;
    return place;
  }

  /* Everything about one layer in one year; `order` runs from the highest value. */
  function frameOf(layer, year) {
    const values = layer.values[layer.values.length === 1 ? 0 : year];
    const classes = values.map((value) => classOf(layer, value));
    const counts = layer.colours.map(
      (_, place) => classes.filter((own) => own === place).length,
    );
    const order = values.map((_, city) => city).filter((city) => values[city] !== null);
    order.sort((a, b) => values[b] - values[a] || a - b);
    const ranks = new Array(values.length).fill(null);
    order.forEach((city, place) => {
      const before = order[place - 1];
      ranks[city] = place > 0 && values[before] === values[city] ? ranks[before] : place + 1;
    });
    return { values, classes, counts, order, ranks, missing: values.length - order.length };
  }

  /* `value` is whole: the number times ten to the power of layer.decimals. */
  function writeNumber(layer, value, decimals = layer.decimals) {
    const text = (value / 10 ** layer.decimals).toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    return text.replace("-", "\u2212");
  }

  function writeValue(layer, value) {
    return layer.labels ? layer.labels[value] : writeNumber(layer, value);
  }

  function classLabels(layer) {
    if (layer.labels) return layer.labels;
    const tops = layer.breaks.map((top) => writeNumber(layer, top, layer.break_decimals));
    if (tops.length === 0) return [""];
    const between = tops.slice(1).map((top, place) => `${tops[place]} \u2013 ${top}`);
    return [`\u2264 ${tops[0]}`, ...between, `> ${tops[tops.length - 1]}`];
  }

  function fillWords(pattern, words) {
    return pattern.replace(/\{(\w+)\}/g, (_, key) => String(words[key]));
  }

  return { decodeRings, classOf, frameOf, writeNumber, writeValue, classLabels, fillWords };
})();
