"use strict";
// The interactive parts of a run's report. d3 draws; this file says what. It reads the JSON value in #data only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = id => document.getElementById(id);
  // Okabe and Ito's palette; what it cannot tell apart, shapes do.
  const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#808080"];
  const shapes = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar];
  const OUTCOMES = ["right", "wrong", "no target"];

  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  };
  const missing = value => value === null || value === undefined || Number.isNaN(value);
  const number = (value, decimals) => {
    if (missing(value)) return "–";
    const text = value.toFixed(decimals);
    return /^-[0.]+$/.test(text) ? text.slice(1) : text;
  };
  const count = value => value.toLocaleString("en");
  const long = id => id.replace(/^L(\d+)H(\d+)$/, "layer $1, head $2");
  const capital = text => text.charAt(0).toUpperCase() + text.slice(1);
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const visible = text => text.replace(/\n/g, "↵").replace(/\t/g, "→").replace(/ /g, "·").replace(/[\u0000-\u001f]/g, "□");
  const shortened = (text, most) => [...text].length > most ? [...text].slice(0, most - 1).join("") + "…" : text;
  const size = cluster => cluster.right + cluster.wrong + cluster.none;
  const labelName = label => label < 0 ? "Noise" : "Pattern " + label;

  // ---- the grid of heads -------------------------------------------------------------------------------------------
  const state = { head: null, label: null, shown: 0, measure: data.measures[0] };
  const share = (measure, value) => {
    const extent = measure.high - measure.low;
    return extent > 0 ? (value - measure.low) / extent : 0;
  };
  const colour = (measure, value) => {
    if (missing(value)) return "#d0d0d0";
    const scale = measure.signed ? data.diverging : data.sequential;
    return "#" + scale[Math.max(0, Math.min(255, Math.round(share(measure, value) * 255)))];
  };
  const dark = hex => {
    const [r, g, b] = [1, 3, 5].map(i => {
      const v = parseInt(hex.slice(i, i + 2), 16) / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179;
  };

  function heads() {
    const box = $("heads");
    if (!box || !state.measure) return;
    const select = $("measure");
    data.measures.forEach(m => select.append(el("option", { value: m.key }, m.label)));
    select.addEventListener("change", () => {
      state.measure = data.measures.find(m => m.key === select.value);
      paintHeads();
    });
    const places = new Map(data.heads.map((id, i) => [id, i]));
    const layers = Math.max(...data.heads.map(id => +id.match(/^L(\d+)/)[1])) + 1;
    const wide = Math.max(...data.heads.map(id => +id.match(/H(\d+)$/)[1])) + 1;
    const table = el("table", { class: "heads" + (wide > 12 ? " narrow" : ""), role: "grid", "aria-label": "Heads by layer" });
    const top = el("tr", {}, el("th", { scope: "col" }, "layer"));
    for (let h = 0; h < wide; h++) top.append(el("th", { scope: "col" }, String(h)));
    table.append(el("thead", {}, top));
    const body = el("tbody");
    for (let l = 0; l < layers; l++) {
      const row = el("tr", {}, el("th", { scope: "row" }, String(l)));
      for (let h = 0; h < wide; h++) {
        const id = "L" + l + "H" + h;
        const cell = el("td", { role: "gridcell" });
        if (places.has(id)) {
          cell.append(el("button", {
            type: "button", "data-head": id, "data-place": places.get(id), tabindex: places.get(id) === 0 ? 0 : -1,
            onclick: () => open(id, true), onkeydown: event => move(event, l, h),
          }));
        }
        row.append(cell);
      }
      body.append(row);
    }
    table.append(body);
    box.append(table);
    paintHeads();
  }

  function move(event, layer, head) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = document.querySelector(`[data-head="L${layer + step[0]}H${head + step[1]}"]`);
    if (next) {
      document.querySelectorAll("[data-head]").forEach(b => { b.tabIndex = -1; });
      next.tabIndex = 0;
      next.focus();
    }
  }

  function paintHeads() {
    const m = state.measure;
    document.querySelectorAll("[data-head]").forEach(button => {
      const value = m.values[+button.dataset.place];
      const fill = colour(m, value);
      button.style.background = fill;
      button.style.color = dark(fill) ? "#111" : "#fff";
      button.textContent = number(value, m.decimals);
      button.dataset.value = missing(value) ? "" : value;
      const text = long(button.dataset.head) + ": " + m.label + " " + number(value, m.decimals);
      button.title = capital(text);
      button.setAttribute("aria-label", text);
    });
    const legend = $("legend");
    const scale = m.signed ? data.diverging : data.sequential;
    const stops = d3.range(0, 256, 15).map(i => "#" + scale[i]).join(",");
    legend.replaceChildren(el("p", { class: "legend" }, number(m.low, m.decimals) + " ",
      el("span", { class: "scale", style: `background:linear-gradient(to right,${stops})` }), " " + number(m.high, m.decimals)));
  }

  // ---- one head ----------------------------------------------------------------------------------------------------
  function open(id, show) {
    state.head = id;
    const clusters = data.clusters[id] || [];
    const shown = data.shown[id] || [];
    state.label = clusters.length ? clusters[0].label : null;
    state.shown = 0;
    document.querySelectorAll("[data-head]").forEach(b => {
      b.setAttribute("aria-pressed", b.dataset.head === id);
      b.tabIndex = b.dataset.head === id ? 0 : -1;
    });
    const box = $("head");
    const facts = el("dl", { class: "facts" });
    const place = data.heads.indexOf(id);
    data.measures.forEach(m => facts.append(el("div", {}, el("dt", {}, m.label),
      el("dd", { "data-measure": m.key }, number(m.values[place], m.decimals)))));
    const tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Patterns of " + long(id) });
    clusters.forEach(c => tabs.append(el("button", {
      type: "button", role: "tab", "data-label": c.label, "aria-controls": "cluster",
      onclick: () => { state.label = c.label; state.shown = 0; cluster(); },
      onkeydown: event => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        const next = step && event.currentTarget[step < 0 ? "previousElementSibling" : "nextElementSibling"];
        if (next) { next.focus(); next.click(); }
      },
    }, labelName(c.label) + " · " + count(size(c)))));
    box.replaceChildren(el("h3", {}, capital(long(id))), facts, tabs, el("div", { id: "cluster", role: "tabpanel" }));
    if (!shown.length) box.append(el("p", { class: "note" }, "The run keeps no patterns of this head to be shown."));
    cluster();
    const select = $("map-head");
    if (select && [...select.options].some(o => o.value === id)) { select.value = id; map(); }
    if (show) {
      history.replaceState(null, "", "#" + id);
      box.scrollIntoView({ block: "nearest" });
      box.focus({ preventScroll: true });
    }
  }

  function cluster() {
    document.querySelectorAll("#head [role=tab]").forEach(tab => {
      const chosen = +tab.dataset.label === state.label;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    });
    const box = $("cluster");
    const own = (data.clusters[state.head] || []).find(c => c.label === state.label);
    if (!own) { box.replaceChildren(); return; }
    const shown = (data.shown[state.head] || []).filter(s => s.label === state.label);
    box.replaceChildren();
    const main = el("div", { class: "main" });
    const side = el("div", { class: "side" });
    if (shown.length) {
      const chosen = shown[Math.min(state.shown, shown.length - 1)];
      main.append(pattern(chosen));
      side.append(el("h4", {}, caption(chosen)), code(chosen.id));
    }
    side.append(counts(own));
    box.append(el("div", { class: "view" }, main, side));
    if (shown.length > 1) {
      box.append(el("h4", {}, state.label < 0 ? "Others of the noise" : "Members, from firm to loose"));
      const members = el("div", { class: "members" });
      shown.forEach((s, i) => {
        if (i === state.shown) return;
        members.append(el("div", { class: "member" }, el("button", {
          type: "button", "aria-label": "Show " + caption(s) + " large",
          onclick: () => { state.shown = i; cluster(); box.querySelector("canvas").focus(); },
        }, thumb(s)), el("p", { class: "what" }, caption(s)), code(s.id)));
      });
      box.append(members);
    }
  }

  function caption(shown) {
    const scenario = data.scenarios[shown.id] || {};
    return (shown.medoid ? "Medoid: " : "") + (scenario.task || "scenario") + ", " + OUTCOMES[scenario.outcome ?? 2]
      + (shown.label >= 0 && !shown.medoid ? ", strength " + shown.strength.toFixed(2) : "");
  }

  function code(id) {
    const s = data.scenarios[id] || {};
    const box = el("div", { class: "code" });
    const pre = el("pre", { tabindex: 0, "aria-label": "Code of the scenario" });
    pre.append(el("code", {}, s.before || "", el("mark", {}, s.target || "‸"), s.after || ""));
    box.append(el("p", { class: "what" }, s.path || ""), pre);
    if (s.predicted !== undefined) {
      box.append(el("p", { class: "what" }, "The model goes on with ", el("b", {}, visible(s.predicted)),
        s.top === undefined ? "" : " (probability " + s.top.toFixed(2) + ")"));
    }
    // The gap is what a reader looks for, so it stands in the middle of the box.
    requestAnimationFrame(() => {
      const mark = pre.querySelector("mark");
      pre.scrollTop = Math.max(0, mark.offsetTop + mark.offsetHeight / 2 - pre.clientHeight / 2);
      if (mark.offsetLeft + mark.offsetWidth > pre.clientWidth) pre.scrollLeft = mark.offsetLeft - pre.clientWidth / 2;
    });
    return box;
  }

  function counts(own) {
    const all = d3.rollup((data.clusters[state.head] || []).flatMap(c => c.tasks.map((n, i) => [i, n])), v => d3.sum(v, d => d[1]), d => d[0]);
    const known = own.right + own.wrong;
    const box = el("div", { class: "counts" });
    const outcome = el("p", { "data-right": own.right, "data-wrong": own.wrong, "data-none": own.none }, count(size(own)) + " scenarios: ",
      el("b", {}, count(own.right)), " right, ", el("b", {}, count(own.wrong)), " wrong" + (own.none ? ", " + count(own.none) + " without a target" : "")
      + (known ? " (" + (100 * own.right / known).toFixed(0) + " % right)" : ""));
    const table = el("table", { class: "tasks" }, el("caption", {}, "Tasks, with their share of the head's scenarios of that task"));
    own.tasks.forEach((n, i) => {
      const part = all.get(i) ? n / all.get(i) : 0;
      table.append(el("tr", {}, el("th", { scope: "row" }, data.tasks[i]), el("td", { class: "number" }, count(n)),
        el("td", {}, el("span", { class: "bar", style: `width:${(part * 100).toFixed(1)}px` })),
        el("td", { class: "number" }, (100 * part).toFixed(0) + " %")));
    });
    box.append(outcome, table);
    return box;
  }

  // ---- one pattern -------------------------------------------------------------------------------------------------
  const images = new Map();
  /** Grey levels of a pattern's picture, row by row. */
  function pixels(shown) {
    if (!images.has(shown.image)) {
      images.set(shown.image, new Promise((resolve, reject) => {
        const image = new Image();
        image.onload = () => {
          const canvas = el("canvas", { width: shown.side, height: shown.side });
          const context = canvas.getContext("2d", { willReadFrequently: true });
          context.drawImage(image, 0, 0);
          const rgba = context.getImageData(0, 0, shown.side, shown.side).data;
          resolve(Uint8Array.from({ length: shown.side * shown.side }, (_, i) => rgba[4 * i]));
        };
        image.onerror = () => reject(new Error("a pattern's picture is damaged"));
        image.src = "data:image/png;base64," + shown.image;
      }));
    }
    return images.get(shown.image);
  }
  const top = (data.steps - 1) * 4;
  const shade = grey => data.sequential[Math.round(grey / top * 255)];
  const rgb = hex => [parseInt(hex.slice(0, 2), 16), parseInt(hex.slice(2, 4), 16), parseInt(hex.slice(4, 6), 16)];

  function thumb(shown) {
    const canvas = el("canvas", { width: shown.side, height: shown.side, class: "thumb" });
    pixels(shown).then(grey => {
      const context = canvas.getContext("2d");
      const image = context.createImageData(shown.side, shown.side);
      grey.forEach((g, i) => {
        const below = i % shown.side <= Math.floor(i / shown.side);
        const [r, gr, b] = rgb(shade(g));
        image.data.set([r, gr, b, below ? 255 : 0], 4 * i);
      });
      context.putImageData(image, 0, 0);
    });
    return canvas;
  }

  function pattern(shown) {
    const scenario = data.scenarios[shown.id] || { tokens: [] };
    const words = (scenario.tokens || []).map(w => data.words[w]);
    const tokens = shown.tokens;
    const view = { from: [0, 0], span: tokens, at: [tokens - 1, tokens - 1] };
    const canvas = el("canvas", { tabindex: 0, class: "pattern", role: "img",
      "aria-label": caption(shown) + ", attention pattern. Arrow keys read single weights, plus and minus zoom." });
    const text = el("p", { class: "readout", "aria-live": "polite" });
    const zoom = el("select", { "aria-label": "Tokens in view", onchange: () => look(+zoom.value) });
    for (let n = tokens; n >= Math.min(16, tokens); n = Math.floor(n / 2)) zoom.append(el("option", { value: n }, n + " tokens"));
    const legend = el("p", { class: "legend" }, "smallest weight ",
      el("span", { class: "scale", style: `background:linear-gradient(to right,${d3.range(0, 256, 15).map(i => "#" + data.sequential[i]).join(",")})` }), " 1 (logarithmic)");
    const box = el("div", { class: "patternbox" }, canvas, el("p", { class: "control" }, el("label", {}, "In view ", zoom), legend), text);
    let grey = null;
    let left = 0, cell = 1;
    const weight = (q, k) => {
      const g = grey[Math.floor(q / shown.block) * shown.side + Math.floor(k / shown.block)];
      return Math.exp(shown.low * (1 - g / top));
    };
    const word = i => words[i] === undefined ? String(i) : visible(words[i]);
    const clamp = value => Math.max(0, Math.min(tokens - view.span, value));

    function look(span) {
      view.span = span;
      zoom.value = span;
      view.from = view.at.map(a => clamp(a - Math.floor(span / 2)));
      draw();
    }
    function draw() {
      const width = Math.max(240, Math.min(640, box.clientWidth || 560));
      const ratio = window.devicePixelRatio || 1;
      left = Math.min(92, width * 0.2);
      const side = Math.floor(width - left - 6);
      const height = side + left;
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.style.width = width + "px";
      canvas.style.height = height + "px";
      const c = canvas.getContext("2d");
      c.scale(ratio, ratio);
      cell = side / view.span;
      const ink = getComputedStyle(box).color;
      if (grey) {
        const per = view.span / shown.block;
        const part = new ImageData(Math.ceil(per), Math.ceil(per));
        const fq = Math.floor(view.from[0] / shown.block), fk = Math.floor(view.from[1] / shown.block);
        for (let y = 0; y < part.height; y++) {
          for (let x = 0; x < part.width; x++) {
            const q = fq + y, k = fk + x;
            if (q >= shown.side || k > q) continue;
            const [r, g, b] = rgb(shade(grey[q * shown.side + k]));
            part.data.set([r, g, b, 255], 4 * (y * part.width + x));
          }
        }
        const small = el("canvas", { width: part.width, height: part.height });
        small.getContext("2d").putImageData(part, 0, 0);
        c.imageSmoothingEnabled = false;
        c.drawImage(small, 0, 0, per, per, left, 0, side, side);
      }
      c.strokeStyle = ink;
      c.globalAlpha = 0.35;
      c.strokeRect(left + 0.5, 0.5, side - 1, side - 1);
      c.globalAlpha = 1;
      c.fillStyle = ink;
      c.font = "11px ui-monospace, 'DejaVu Sans Mono', Consolas, monospace";
      c.textBaseline = "middle";
      const step = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].find(s => s * cell >= 12) || view.span;
      for (let i = 0; i < view.span; i += step) {
        const most = Math.floor((left - 8) / 6.7);
        c.textAlign = "right";
        c.fillText(shortened(word(view.from[0] + i), most), left - 5, Math.min(side - 5, i * cell + Math.max(cell / 2, 5)));
        c.save();
        c.translate(left + Math.min(side - 4, i * cell + Math.max(cell / 2, 5)), side + 5);
        c.rotate(-Math.PI / 2);
        c.fillText(shortened(word(view.from[1] + i), most), 0, 0);
        c.restore();
      }
      const [q, k] = view.at;
      const x = left + (k - view.from[1] + 0.5) * cell, y = (q - view.from[0] + 0.5) * cell;
      c.strokeStyle = "#ffffff";
      c.lineWidth = 3;
      const ring = () => { c.beginPath(); c.arc(x, y, Math.max(4, cell / 2), 0, 2 * Math.PI); c.stroke(); };
      if (x >= left && x <= left + side && y >= 0 && y <= side) {
        ring();
        c.strokeStyle = "#d55e00";
        c.lineWidth = 1.5;
        ring();
      }
    }
    function read() {
      const [q, k] = view.at;
      if (!grey) return;
      text.replaceChildren("From ", el("b", {}, word(q)), " (" + q + ") to ", el("b", {}, word(k)), " (" + k + "): "
        + (k > q ? "not seen, it comes later" : "weight about " + weight(q, k).toPrecision(2))
        + (shown.block > 1 ? ", mean over " + shown.block + " x " + shown.block + " tokens" : ""));
    }
    function at(event) {
      const box = canvas.getBoundingClientRect();
      const q = Math.floor((event.clientY - box.top) / cell) + view.from[0];
      const k = Math.floor((event.clientX - box.left - left) / cell) + view.from[1];
      return q >= view.from[0] && q < view.from[0] + view.span && k >= view.from[1] && k < view.from[1] + view.span ? [q, k] : null;
    }
    canvas.addEventListener("pointermove", event => { const p = at(event); if (p) { view.at = p; draw(); read(); } });
    canvas.addEventListener("click", event => {
      const p = at(event);
      if (p) { view.at = p; look(view.span > 32 ? Math.max(16, Math.floor(view.span / 4)) : tokens); read(); }
    });
    canvas.addEventListener("keydown", event => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (step) {
        event.preventDefault();
        view.at = view.at.map((a, i) => Math.max(0, Math.min(tokens - 1, a + step[i])));
        view.from = view.from.map((f, i) => clamp(Math.max(Math.min(f, view.at[i]), view.at[i] - view.span + 1)));
        draw();
        read();
      } else if (event.key === "+" || event.key === "-") {
        const next = zoom.selectedIndex + (event.key === "+" ? 1 : -1);
        if (zoom.options[next]) { look(+zoom.options[next].value); read(); }
      }
    });
    pixels(shown).then(found => { grey = found; draw(); read(); canvas.dataset.ready = "yes"; });
    redraw.set(canvas, draw);
    requestAnimationFrame(draw);
    return box;
  }

  // ---- charts ------------------------------------------------------------------------------------------------------
  const redraw = new Map();
  const marker = (i, area = 55) => d3.symbol(shapes[i % shapes.length], area)();

  function legend(series, svgShapes = true) {
    const box = el("p", { class: "key" });
    series.forEach((s, i) => {
      const swatch = d3.create("svg").attr("width", 14).attr("height", 14).attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true");
      swatch.append("path").attr("d", marker(svgShapes ? i : 0)).attr("fill", palette[i % palette.length]);
      box.append(el("span", {}, swatch.node(), " " + s.name));
    });
    return box;
  }

  function axes(svg, x, y, f, m, width, height, counts) {
    const ticks = Math.max(3, Math.min(8, Math.floor(width / 80)));
    const across = f.kind === "LINES_LOG"
      ? d3.axisBottom(x).tickValues([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter(v => v >= x.domain()[0] && v <= x.domain()[1])).tickFormat(d3.format("d"))
      : d3.axisBottom(x).ticks(ticks);
    svg.append("g").attr("class", "axis grid").attr("transform", `translate(${m.left},0)`)
      .call((counts ? d3.axisLeft(y).ticks(Math.min(6, y.domain()[1]), "d") : d3.axisLeft(y).ticks(6)).tickSize(-(width - m.left - m.right)));
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - m.bottom})`).call(across.tickSizeOuter(0));
    svg.append("text").attr("class", "title").attr("x", (m.left + width - m.right) / 2).attr("y", height - 4).attr("text-anchor", "middle").text(f.x);
    svg.append("text").attr("class", "title").attr("x", 4).attr("y", 11).text(f.y);
  }

  function lines(box, f, width) {
    const square = f.kind === "SQUARE";
    const m = { top: 24, right: 12, bottom: 40, left: 48 };
    const height = square ? Math.min(width, 440) : Math.round(Math.max(230, Math.min(380, width * 0.55)));
    const all = f.series.flatMap(s => s.points).filter(p => !missing(p.y));
    const ys = all.flatMap(p => [p.y, p.low, p.high]).filter(v => !missing(v));
    if (!missing(f.reference)) ys.push(f.reference);
    // whole numbers from 0 on are counts, and there is no half of a scenario
    const counts = ys.length > 0 && ys.every(v => Number.isInteger(v) && v >= 0);
    // the first points keep off the labels of the axis
    const inset = 8;
    const x = (f.kind === "LINES_LOG" ? d3.scaleLog() : d3.scaleLinear())
      .domain(square ? [0, 1] : d3.extent(all, p => p.x)).range([m.left + inset, width - m.right - inset]);
    if (x.domain()[0] === x.domain()[1]) x.domain([x.domain()[0] * 0.5, x.domain()[1] * 1.5 || 1]);
    const y = d3.scaleLinear().domain(square ? [0, 1] : counts ? [0, Math.max(1, d3.max(ys))] : d3.extent(ys)).nice().range([height - m.bottom, m.top]);
    if (y.domain()[0] === y.domain()[1]) y.domain([y.domain()[0] - 1, y.domain()[1] + 1]);
    const svg = frame(f, width, height);
    axes(svg, x, y, f, m, width, height, counts && !square);
    if (square) svg.append("line").attr("class", "reference").attr("x1", x(0)).attr("y1", y(0)).attr("x2", x(1)).attr("y2", y(1));
    else if (!missing(f.reference)) svg.append("line").attr("class", "reference").attr("x1", m.left).attr("x2", width - m.right).attr("y1", y(f.reference)).attr("y2", y(f.reference));
    f.series.forEach((s, i) => {
      const points = s.points.filter(p => !missing(p.y));
      const tint = palette[i % palette.length];
      const band = points.filter(p => !missing(p.low));
      if (band.length > 1) svg.append("path").attr("class", f.series.length > 5 ? "band faint" : "band").attr("fill", tint).attr("d", d3.area().x(p => x(p.x)).y0(p => y(p.low)).y1(p => y(p.high))(band));
      svg.append("path").attr("class", "line").attr("stroke", tint).attr("stroke-dasharray", i % 2 ? "6 3" : null).attr("d", d3.line().x(p => x(p.x)).y(p => y(p.y))(points));
      if (points.length <= 60) points.forEach(p => point(svg, x(p.x), y(p.y), i, s, p, f));
    });
    box.append(svg.node());
    if (f.series.length > 1) box.append(legend(f.series));
  }

  function point(svg, x, y, i, s, p, f, name) {
    const shown = v => Math.abs(v) >= 100 || Number.isInteger(v) ? String(v) : v.toFixed(3);
    svg.append("path").attr("class", "point").attr("d", marker(i)).attr("fill", palette[i % palette.length]).attr("transform", `translate(${x},${y})`)
      .attr("data-series", s.name).attr("data-x", name ?? p.x).attr("data-y", p.y)
      .append("title").text(`${s.name}, ${name ?? f.x + " " + shown(p.x)}: ${shown(p.y)}` + (missing(p.low) ? "" : ` [${shown(p.low)}, ${shown(p.high)}]`));
  }

  /** Categories run downwards, so that their names can be read on any width. */
  function intervals(box, f, width) {
    const longest = Math.max(...f.categories.map(c => c.length));
    const m = { top: 22, right: 26, bottom: 40, left: Math.min(width * 0.42, 12 + longest * 6.6) };
    const row = Math.max(20, 9 * f.series.length + 8);
    const height = m.top + m.bottom + row * f.categories.length;
    const values = f.series.flatMap(s => s.points).flatMap(p => [p.y, p.low, p.high]).filter(v => !missing(v));
    if (!missing(f.reference)) values.push(f.reference);
    const x = d3.scaleLinear().domain(d3.extent(values)).nice().range([m.left, width - m.right]);
    if (x.domain()[0] === x.domain()[1]) x.domain([x.domain()[0] - 1, x.domain()[1] + 1]);
    const y = d3.scaleBand().domain(f.categories).range([m.top, height - m.bottom]);
    const svg = frame(f, width, height);
    svg.append("g").attr("class", "axis grid").attr("transform", `translate(0,${height - m.bottom})`).call(d3.axisBottom(x).ticks(Math.max(3, Math.min(7, Math.floor((width - m.left) / 85)))).tickSize(-(height - m.top - m.bottom)));
    svg.append("g").attr("class", "axis names").attr("transform", `translate(${m.left},0)`).call(d3.axisLeft(y).tickSize(0).tickFormat(c => shortened(c, Math.floor(m.left / 6.4))));
    svg.append("text").attr("class", "title").attr("x", (m.left + width - m.right) / 2).attr("y", height - 4).attr("text-anchor", "middle").text(f.y);
    if (!missing(f.reference)) svg.append("line").attr("class", "reference").attr("x1", x(f.reference)).attr("x2", x(f.reference)).attr("y1", m.top).attr("y2", height - m.bottom);
    f.series.forEach((s, i) => s.points.forEach((p, c) => {
      if (missing(p.y)) return;
      const name = f.categories[c];
      const middle = y(name) + y.bandwidth() / 2 + (i - (f.series.length - 1) / 2) * Math.min(9, y.bandwidth() / f.series.length);
      if (!missing(p.low)) svg.append("line").attr("class", "whisker").attr("stroke", palette[i % palette.length]).attr("x1", x(p.low)).attr("x2", x(p.high)).attr("y1", middle).attr("y2", middle);
      point(svg, x(p.y), middle, i, s, p, f, name);
    }));
    box.append(svg.node());
    if (f.series.length > 1) box.append(legend(f.series));
  }

  function frame(f, width, height) {
    return d3.create("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height).attr("role", "img").attr("aria-label", f.title);
  }

  function chart(figure) {
    const f = data.figures.find(each => each.id === figure.dataset.figure);
    if (!f) return;
    const box = el("div", { class: "plot" });
    figure.append(box);
    let drawn = 0;
    const draw = () => {
      const width = Math.max(220, Math.min(f.kind === "SQUARE" ? 460 : 900, figure.clientWidth));
      if (width === drawn) return;
      drawn = width;
      box.replaceChildren();
      (f.kind === "INTERVALS" ? intervals : lines)(box, f, width);
    };
    draw();
    redraw.set(figure, draw);
  }

  // ---- the map of encodings ----------------------------------------------------------------------------------------
  function map() {
    const box = $("map-plot");
    const id = $("map-head").value;
    const mode = $("map-colour").value;
    const layout = data.layouts[id];
    if (!layout) { box.replaceChildren(el("p", { class: "note" }, "This head was not laid out.")); return; }
    const places = new Uint16Array(bytes(layout.xy).buffer);
    const labels = bytes(layout.labels);
    const points = data.points.task.map((task, i) => ({
      i, x: places[2 * i], y: places[2 * i + 1], task, outcome: data.points.outcome[i], label: labels[i] - 1,
    }));
    const clusters = [...new Set(points.map(p => p.label))].sort((a, b) => (a < 0) - (b < 0) || a - b);
    const classes = mode === "task" ? data.tasks : mode === "outcome" ? OUTCOMES : clusters.map(labelName);
    const own = p => mode === "task" ? p.task : mode === "outcome" ? p.outcome : clusters.indexOf(p.label);
    const grey = c => mode === "cluster" && clusters[c] < 0 || mode === "outcome" && c === 2;
    // Seven colours with one shape, then the same with the next: no class rests on its colour alone.
    const tint = c => grey(c) ? "#909090" : palette[c % 6];
    const shape = c => d3.symbol(mode === "task" ? shapes[Math.floor(c / 6) % shapes.length] : shapes[c % shapes.length], 26)();
    const width = Math.max(240, Math.min(820, box.clientWidth || 800));
    const extentY = Math.max(d3.max(points, p => p.y) || 1, 16000), extentX = Math.max(d3.max(points, p => p.x) || 1, 16000);
    const pad = 12;
    const scale = Math.min((width - 2 * pad) / extentX, 620 / extentY);
    const height = Math.round(extentY * scale + 2 * pad);
    const svg = d3.create("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height)
      .attr("role", "img").attr("tabindex", 0).attr("aria-label", `Encodings of ${long(id)}, by ${mode}. Arrow keys go from point to point.`);
    const shift = (width - extentX * scale) / 2;
    let lit = null;
    const marks = svg.append("g").selectAll("path").data(points).join("path")
      .attr("class", "dot").attr("d", p => shape(own(p))).attr("fill", p => tint(own(p))).attr("data-class", p => classes[own(p)])
      .attr("transform", p => `translate(${shift + p.x * scale},${height - pad - p.y * scale})`);
    const text = $("map-text");
    const say = p => {
      marks.classed("chosen", q => q === p);
      text.textContent = `${labelName(p.label)}, ${data.tasks[p.task] || "task unknown"}, ${OUTCOMES[p.outcome]}: ${data.points.paths[data.points.path[p.i]]}`;
    };
    marks.on("pointerenter click", (event, p) => say(p));
    const order = d3.sort(points, p => p.x, p => p.y);
    let at = -1;
    svg.on("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step || !order.length) return;
      event.preventDefault();
      at = (at + step + order.length) % order.length;
      say(order[at]);
    });
    box.replaceChildren(svg.node());
    text.textContent = "";
    const key = el("p", { class: "key" });
    classes.forEach((name, c) => {
      const number = points.filter(p => own(p) === c).length;
      if (!number) return;
      const swatch = d3.create("svg").attr("width", 14).attr("height", 14).attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true");
      swatch.append("path").attr("d", shape(c)).attr("transform", "scale(1.5)").attr("fill", tint(c));
      key.append(el("button", {
        type: "button", "aria-pressed": false, "data-class": name, "data-count": number,
        onclick: event => {
          lit = lit === c ? null : c;
          key.querySelectorAll("button").forEach(b => b.setAttribute("aria-pressed", lit !== null && b === event.currentTarget));
          marks.classed("faded", p => lit !== null && own(p) !== lit);
        },
      }, swatch.node(), " " + name + " " + count(number)));
    });
    $("map-legend").replaceChildren(key);
  }

  // ---- start -------------------------------------------------------------------------------------------------------
  heads();
  if ($("map-head")) {
    const select = $("map-head");
    data.heads.filter(id => data.layouts[id]).forEach(id => select.append(el("option", { value: id }, long(id))));
    select.addEventListener("change", map);
    $("map-colour").addEventListener("change", map);
    map();
    let drawn = $("map-plot").clientWidth;
    redraw.set($("map-plot"), () => { const w = $("map-plot").clientWidth; if (w !== drawn) { drawn = w; map(); } });
  }
  document.querySelectorAll("[data-figure]").forEach(chart);
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = data.heads.includes(wanted) ? wanted : loudest();
  if (first && $("head")) open(first, false);
  if (data.heads.includes(wanted)) $("head").scrollIntoView();
  addEventListener("hashchange", () => { const id = location.hash.slice(1); if (data.heads.includes(id)) open(id, true); });
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => redraw.forEach((draw, node) => { if (node.isConnected) draw(); else redraw.delete(node); }), 120);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw.forEach((draw, node) => { if (node.isConnected && node.tagName === "CANVAS") draw(); }));
  document.documentElement.dataset.ready = "yes";

  /** The head to begin with: the one that counts most for the prediction, or the first. */
  function loudest() {
    const shap = data.measures.find(m => m.key === "shap");
    if (!shap) return data.heads[0];
    const place = d3.maxIndex(shap.values, v => missing(v) ? -1 : Math.abs(v));
    return data.heads[Math.max(0, place)];
  }
})();
