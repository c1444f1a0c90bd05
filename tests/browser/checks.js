// Copyright (c) 2026, the llmops.vllm contributors
// SPDX-License-Identifier: Apache-2.0
// What the tests ask a rendered page: an object of functions.
({
  // Elements that stick out to the right, or whose content does.
  overflowing() {
    const wide = document.documentElement.clientWidth + 0.5;
    const found = [];
    for (const element of document.body.querySelectorAll("*")) {
      if (element.closest("svg") && element.tagName !== "svg") continue;
      const box = element.getBoundingClientRect();
      const inside = element instanceof HTMLElement && element.clientWidth > 0
        && getComputedStyle(element).display !== "inline"
        && element.scrollWidth > element.clientWidth + 1;
      if (box.right > wide || box.left < -0.5 || inside) {
        found.push(`${element.tagName}.${element.getAttribute("class")} ${box.left}-${box.right}`
          + ` scrolls ${element.scrollWidth} in ${element.clientWidth}`);
      }
    }
    const root = document.scrollingElement;
    if (root.scrollWidth > root.clientWidth) found.push(`page ${root.scrollWidth}`);
    return found;
  },

  // Texts whose contrast with what is behind them is below WCAG AA.
  faint() {
    const numbers = (color) => color.match(/[\d.]+/g).map(Number);
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const color = numbers(getComputedStyle(e).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color;
      }
      return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    let seen = 0;
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || element.closest("svg")) continue;
      seen += 1;
      const style = getComputedStyle(element);
      const ratio = this.ratio(numbers(style.color), behind(element));
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${element.textContent}`);
    }
    return seen ? found : ["no text at all"];
  },

  // The fillings of the bars by name, with their contrast to the card.
  fillings() {
    const numbers = (color) => color.match(/[\d.]+/g).map(Number);
    const card = numbers(getComputedStyle(document.querySelector(".card")).backgroundColor);
    return Object.fromEntries([...document.querySelectorAll("pattern > rect")].map((rect) => [
      rect.parentElement.id, this.ratio(numbers(getComputedStyle(rect).fill), card)]));
  },

  ratio(one, other) {
    const light = (color) => color.slice(0, 3).map((value) => value / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  },

  // Where the pieces of each bar of a card are drawn, in pixels from the bar's left end.
  bars(name) {
    const card = [...document.querySelectorAll(".card")]
      .find((c) => c.querySelector("h3").textContent === name);
    return [...card.querySelectorAll("svg.bar")].map((svg) => {
      const left = svg.getBoundingClientRect().left;
      const pieces = [...svg.querySelectorAll(":scope > rect, :scope > line")].map((piece) => {
        const matrix = piece.getScreenCTM();
        const box = piece.getBBox();
        const kind = piece.getAttribute("class").split(" ");
        return [kind[0] === "part" ? kind[1] : kind[0],
          [box.x * matrix.a + matrix.e - left, box.width * matrix.a]];
      });
      return {width: svg.getBoundingClientRect().width, pieces: Object.fromEntries(pieces)};
    });
  },

  cardHeights() {
    return [...document.querySelectorAll(".card")].map((c) => c.getBoundingClientRect().height);
  },
})
