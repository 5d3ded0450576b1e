// The zoomed strip and the table of segments of a report.  What does not move is in the page itself; this draws, from the
// numbers in the page, the stretch that is looked at alone, so hours of recording cost what a minute costs.
(function () {
  'use strict';
  const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const PAGE = 25, PICTURES = 66, LANES = 4, LANE = 18, AXIS = 20, CHART = 104, LOW_CHART = 60, STRIP = 13, TITLE = 20;
  const FONT = "px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif";
  document.documentElement.classList.add('has-script');

  const element = (name, text, parent, kind) => {
    const e = document.createElement(name);
    if (text !== null) e.textContent = text;
    if (kind) e.className = kind;
    if (parent) parent.appendChild(e);
    return e;
  };
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const classColour = (index, count) => 'hsl(' + (Math.floor(360 * index / count) + 210) % 360 + ',62%,52%)';

  function clock(seconds) {
    const tenths = Math.floor(seconds * 10 + 0.5), whole = Math.floor(tenths / 10);
    const pad = n => String(n).padStart(2, '0');
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60);
    return (hours ? hours + ':' + pad(minutes % 60) : minutes) + ':' + pad(whole % 60) + '.' + tenths % 10;
  }

  // What the page holds of one recording: segments, and values by (segment, task, row, class).
  function Recording(d) {
    const digit = new Map([...DIGITS].map((c, i) => [c, i]));
    this.tasks = d.tasks;
    this.rows = d.rows;
    this.words = d.words.map(w => ({start: w[0] / 100, end: w[1] / 100, text: w[2], line: w[3] === 1}));
    this.duration = d.duration;
    this.mark = d.mark;
    this.count = d.segments.length / 2;
    this.start = i => d.segments[2 * i] / 100;
    this.end = i => d.segments[2 * i + 1] / 100;
    this.base = [];
    let each = 0;
    for (const task of d.tasks) {
      const size = task.classes ? task.classes.length : 1;
      this.base.push(d.rows.map((_, r) => each + r * size));
      task.apart = each + d.rows.length * size;
      task.size = size;
      each = task.apart + 1;
    }
    this.values = new Float32Array(this.count * each);
    for (let i = 0; i < this.values.length; i++) {
      const high = digit.get(d.values[2 * i]);
      this.values[i] = high === undefined ? NaN : (high * 64 + digit.get(d.values[2 * i + 1])) / 4095;
    }
    this.overlap = false;
    this.longest = 0;
    for (let i = 0; i < this.count; i++) {
      this.overlap = this.overlap || (i > 0 && this.start(i) < this.end(i - 1) - 0.05);
      this.longest = Math.max(this.longest, this.end(i) - this.start(i));
    }
    this.share = (i, k, r, v) => this.values[i * each + this.base[k][r] + v];
    this.apart = (i, k) => this.values[i * each + d.tasks[k].apart];
  }

  Recording.prototype.value = function (i, k, r) {
    const task = this.tasks[k];
    return task.low + this.share(i, k, r, 0) * (task.high - task.low);
  };

  Recording.prototype.top = function (i, k, r) {
    let top = 0;
    for (let c = 1; c < this.tasks[k].size; c++) if (this.share(i, k, r, c) > this.share(i, k, r, top)) top = c;
    return top;
  };

  // As the page says it elsewhere: "+0.31 slightly positive", "joy 71%", "not sure: joy 38%, anger 30%".
  Recording.prototype.says = function (i, k, r) {
    const task = this.tasks[k];
    if (isNaN(this.share(i, k, r, 0))) return '\u2013';
    const percent = c => task.classes[c] + ' ' + (100 * this.share(i, k, r, c)).toFixed(0) + '%';
    if (!task.classes) {
      const value = this.value(i, k, r);
      let word = 0;
      while (word < task.limits.length && (task.limits[word] < 0 ? value > task.limits[word] : value >= task.limits[word])) word++;
      const shown = value.toFixed(2).replace(/^-(0\.00)$/, '$1');
      return (value >= 0 && task.low < 0 || shown === '0.00' ? '+' : '') + shown + ' ' + task.words[word];
    }
    const top = this.top(i, k, r);
    let next = top === 0 ? 1 : 0;
    for (let c = 0; c < task.size; c++)
      if (c !== top && this.share(i, k, r, c) > this.share(i, k, r, next)) next = c;
    if (task.size < 2) return percent(top);
    const share = this.share(i, k, r, top);
    const sure = share >= task.least && share - this.share(i, k, r, next) >= task.lead;
    return sure ? percent(top) : 'not sure: ' + percent(top) + ', ' + percent(next);
  };

  Recording.prototype.text = function (i) {
    const from = this.start(i), to = this.end(i);
    let text = '';
    for (let w = this.wordAt(from - 30); w < this.words.length && this.words[w].start < to; w++) {
      const word = this.words[w], middle = (word.start + word.end) / 2;
      const shared = Math.min(word.end, to) - Math.max(word.start, from);
      const within = shared > 0 && (shared >= 0.5 * (word.end - word.start) || shared >= 0.5 * (to - from));
      if (word.line ? within : middle >= from && middle < to) text += word.text;
    }
    return text.trim();
  };

  const search = (count, at, time) => {
    let low = 0, high = count;
    while (low < high) {
      const middle = low + high >> 1;
      if (at(middle) < time) low = middle + 1; else high = middle;
    }
    return low;
  };
  Recording.prototype.wordAt = function (time) { return search(this.words.length, w => this.words[w].start, time); };
  Recording.prototype.firstAt = function (time) { return search(this.count, this.start, time - this.longest); };

  // The segment whose middle is nearest to a time among those that contain it; -1: none.
  Recording.prototype.segmentAt = function (time) {
    let best = -1, distance = Infinity;
    for (let i = this.firstAt(time); i < this.count && this.start(i) <= time; i++) {
      const away = Math.abs((this.start(i) + this.end(i)) / 2 - time);
      if (this.end(i) >= time && away < distance) { best = i; distance = away; }
    }
    return best;
  };

  // --- the zoomed strip ----------------------------------------------------------------------------------------------

  function Zoom(section, recording, pictures) {
    this.r = recording;
    this.section = section;
    this.box = section.querySelector('.zoom');
    this.view = section.querySelector('.view');
    this.box.hidden = false;
    this.span = Math.min(Math.max(recording.duration, 0.5), this.box.clientWidth < 600 ? 8 : 20);
    this.from = 0;
    this.at = null;
    this.row = 0;
    this.pictures = pictures.map(p => ({time: p[0] / 100, data: p[1], image: null}));
    this.makeControls();
    this.listen();
    this.draw();
  }

  Zoom.prototype.makeControls = function () {
    const bar = element('div', null, this.box, 'bar-of-buttons');
    const button = (text, label, act) => {
      const b = element('button', text, bar);
      b.type = 'button';
      b.setAttribute('aria-label', label);
      b.addEventListener('click', act);
      return b;
    };
    button('\u25c0', 'earlier', () => this.move(this.from - this.span * 0.8));
    this.label = element('span', '', bar, 'time');
    button('\u25b6', 'later', () => this.move(this.from + this.span * 0.8));
    button('\u2212', 'show more', () => this.scale(2));
    button('+', 'zoom in', () => this.scale(0.5));
    if (this.r.tasks.some(t => t.classes) && this.r.rows.length > 1) {
      element('span', 'curves of classes:', bar, 'soft');
      this.choices = this.r.rows.map((name, r) => button(name, 'classes by ' + name, () => { this.row = r; this.draw(); }));
    }
    this.canvas = element('canvas', null, this.box);
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', 'the stretch that is looked at: words, and curves of every task');
    this.tip = element('div', null, this.box, 'tip');
  };

  Zoom.prototype.move = function (from) {
    this.from = Math.max(0, Math.min(from, this.r.duration - this.span));
    this.draw();
  };

  Zoom.prototype.scale = function (factor, around) {
    const middle = around === undefined ? this.from + this.span / 2 : around;
    const span = Math.min(Math.max(this.span * factor, Math.min(2, this.r.duration)), Math.max(this.r.duration, 0.5));
    this.from = middle - (middle - this.from) * span / this.span;
    this.span = span;
    this.move(this.from);
  };

  Zoom.prototype.show = function (time) {
    this.at = time;
    this.move(time - this.span / 2);
  };

  Zoom.prototype.listen = function () {
    const timeOf = e => this.from + (e.clientX - this.canvas.getBoundingClientRect().left) / this.canvas.clientWidth * this.span;
    let held = null;
    this.canvas.addEventListener('pointerdown', e => { held = timeOf(e); this.canvas.setPointerCapture(e.pointerId); });
    this.canvas.addEventListener('pointerup', () => { held = null; });
    this.canvas.addEventListener('pointercancel', () => { held = null; });
    this.canvas.addEventListener('pointermove', e => {
      this.at = timeOf(e);
      if (held !== null && e.buttons) this.move(this.from + held - this.at); else this.draw();
    });
    this.canvas.addEventListener('wheel', e => {
      if (e.ctrlKey) { e.preventDefault(); this.scale(e.deltaY > 0 ? 1.25 : 0.8, timeOf(e)); }
      else if (e.deltaX) { e.preventDefault(); this.move(this.from + e.deltaX / this.canvas.clientWidth * this.span); }
    }, {passive: false});
    this.canvas.addEventListener('keydown', e => {
      const move = {ArrowLeft: -0.1, ArrowRight: 0.1, PageUp: -0.8, PageDown: 0.8}[e.key];
      if (move) { e.preventDefault(); this.move(this.from + move * this.span); }
      else if (e.key === '+' || e.key === '-') this.scale(e.key === '+' ? 0.5 : 2);
    });
    const overview = this.section.querySelector('.overview'), ruler = this.section.querySelector('.ruler');
    const jump = e => {
      const place = ruler.getBoundingClientRect();
      this.show(Math.max(0, Math.min(1, (e.clientX - place.left) / place.width)) * this.r.duration);
    };
    overview.addEventListener('pointerdown', e => { overview.setPointerCapture(e.pointerId); jump(e); });
    overview.addEventListener('pointermove', e => { if (e.buttons) jump(e); });
    new ResizeObserver(() => this.draw()).observe(this.box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    for (const b of this.section.querySelectorAll('button.moment'))
      b.addEventListener('click', () => {
        this.show(Number(b.dataset.time));
        this.box.scrollIntoView({block: 'center', behavior: 'smooth'});
      });
  };

  Zoom.prototype.chart = task => task.classes && task.classes.length < 3 ? LOW_CHART : CHART;

  Zoom.prototype.height = function () {
    let height = (this.pictures.length ? PICTURES : 0) + (this.r.words.length ? LANES * LANE + 4 : 0) + AXIS;
    for (const task of this.r.tasks)
      height += TITLE + this.chart(task) + (task.classes ? (this.r.rows.length - 1) * (STRIP + 3) : 0) + 10;
    return height;
  };

  Zoom.prototype.draw = function () {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => { this.drawing = 0; this.drawNow(); });
  };

  Zoom.prototype.drawNow = function () {
    const width = this.canvas.clientWidth || 300, height = this.height(), ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.height = height + 'px';
    }
    const c = this.canvas.getContext('2d');
    this.c = c;
    this.width = width;
    this.x = time => (time - this.from) / this.span * width;
    this.ink = {};
    for (const name of ['ink', 'soft', 'line', 'mark', 'card', ...this.r.rows]) this.ink[name] = colour(name);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    let y = 0;
    if (this.pictures.length) { this.drawPictures(y); y += PICTURES; }
    if (this.r.words.length) { this.drawWords(y); y += LANES * LANE + 4; }
    this.drawAxis(y, height);
    y += AXIS;
    for (let k = 0; k < this.r.tasks.length; k++) y = this.drawTask(k, y);
    if (this.at !== null) {
      c.strokeStyle = this.ink.soft;
      c.lineWidth = 1;
      c.beginPath(); c.moveTo(this.x(this.at), 0); c.lineTo(this.x(this.at), height); c.stroke();
    }
    this.label.textContent = clock(this.from) + ' \u2013 ' + clock(Math.min(this.from + this.span, this.r.duration));
    if (this.choices) this.choices.forEach((b, r) => { b.disabled = r === this.row; });
    const ruler = this.section.querySelector('.ruler'), all = Math.max(this.r.duration, 0.5);
    this.view.style.left = ruler.offsetLeft + this.from / all * ruler.clientWidth + 'px';
    this.view.style.width = Math.min(1, this.span / all) * ruler.clientWidth + 'px';
    this.drawTip();
  };

  Zoom.prototype.drawPictures = function (y) {
    let free = -Infinity;
    const size = PICTURES - 6, near = this.span * (size / this.width);
    for (const p of this.pictures) {
      if (p.time < this.from - near || p.time > this.from + this.span + near) continue;
      const x = Math.max(0, Math.min(this.x(p.time) - size / 2, this.width - size));
      if (x < free) continue;
      free = x + size + 4;
      this.drawPicture(p, x, y, size);
    }
    if (free > -Infinity) return;
    const middle = this.from + this.span / 2; // a long recording has a picture or two a minute: the nearest, with its time
    const nearest = this.pictures.reduce((a, b) => Math.abs(b.time - middle) < Math.abs(a.time - middle) ? b : a);
    this.drawPicture(nearest, 0, y, size);
    this.c.font = 11 + FONT;
    this.c.textBaseline = 'middle';
    this.c.fillStyle = this.ink.soft;
    this.c.fillText('the nearest picture, of ' + clock(nearest.time), size + 6, y + size / 2);
  };

  Zoom.prototype.drawPicture = function (p, x, y, size) {
    if (!p.image) {
      p.image = new Image();
      p.image.onload = () => this.draw();
      p.image.src = 'data:image/jpeg;base64,' + p.data;
    }
    if (p.image.complete && p.image.naturalWidth) this.c.drawImage(p.image, x, y, size, size);
  };

  Zoom.prototype.drawWords = function (y) {
    const c = this.c, ends = new Array(LANES).fill(-Infinity);
    c.font = 13 + FONT;
    c.textBaseline = 'middle';
    if (this.span > this.width / 26) {
      c.fillStyle = this.ink.soft;
      c.fillText('zoom in to read the words', 4, y + LANE * 1.5);
      return;
    }
    for (let w = Math.max(0, this.r.wordAt(this.from) - 12); w < this.r.words.length; w++) {
      const word = this.r.words[w], x = this.x(word.start), text = word.text.trim();
      if (word.start > this.from + this.span) break;
      let lane = 0;
      while (lane < LANES - 1 && ends[lane] > x) lane++;
      const room = word.line ? this.x(word.end) - x - 6 : Infinity, full = c.measureText(text).width;
      const left = word.line && x < 0 ? Math.min(4, x + Math.max(0, room - full)) : x;
      if (ends[lane] > x) continue;
      ends[lane] = x + full + 5;
      c.fillStyle = this.ink.line;
      c.fillRect(x, y + lane * LANE + LANE - 2, Math.max(this.x(word.end) - x, 1), 1.5);
      c.fillRect(x, y + lane * LANE + 2, 1, LANE - 4);
      c.fillStyle = this.ink.ink;
      c.fillText(text, left + 3, y + lane * LANE + LANE / 2 - 1);
    }
  };

  Zoom.prototype.drawAxis = function (y, height) {
    const c = this.c, step = STEPS.find(s => s / this.span * this.width >= 64) || STEPS[STEPS.length - 1];
    c.font = 11 + FONT;
    c.textBaseline = 'middle';
    c.lineWidth = 1;
    for (let n = Math.ceil(this.from / step); n * step <= this.from + this.span; n++) {
      const x = this.x(n * step), text = clock(n * step), half = c.measureText(text).width / 2;
      c.strokeStyle = this.ink.line;
      c.beginPath(); c.moveTo(x, y + AXIS - 4); c.lineTo(x, height); c.stroke();
      c.fillStyle = this.ink.soft;
      c.fillText(text, Math.max(0, Math.min(x - half, this.width - 2 * half)), y + AXIS / 2 - 2);
    }
  };

  // A row's value through the segments: at their middles where they overlap, from their starts to their ends elsewhere.
  Zoom.prototype.curve = function (k, row, value, yOf) {
    const c = this.c, r = this.r;
    let open = false, before = -Infinity;
    c.beginPath();
    for (let i = Math.max(0, r.firstAt(this.from) - 1); i < r.count; i++) {
      const share = r.share(i, k, row, value), start = r.start(i), end = r.end(i), y = yOf(share);
      const first = r.overlap ? (start + end) / 2 : start;
      if (isNaN(share)) { open = false; continue; }
      if (first - before > Math.max(3, r.longest)) open = false;
      if (open) c.lineTo(this.x(first), y); else c.moveTo(this.x(first), y);
      c.lineTo(this.x(r.overlap ? first + 0.01 : end), y);
      open = true;
      before = r.overlap ? first : end;
      if (start > this.from + this.span) break;
    }
    c.stroke();
  };

  Zoom.prototype.drawTask = function (k, y) {
    const c = this.c, r = this.r, task = r.tasks[k], top = y + TITLE, high = this.chart(task);
    const yOf = share => top + (1 - share) * high;
    c.font = '600 12' + FONT;
    c.textBaseline = 'middle';
    c.fillStyle = this.ink.ink;
    c.fillText(task.classes ? task.name + ' by ' + r.rows[this.row] : task.name, 2, y + TITLE / 2);
    c.fillStyle = this.ink.mark;
    c.globalAlpha = 0.25;
    for (let i = r.firstAt(this.from); i < r.count && r.start(i) < this.from + this.span; i++)
      if (r.apart(i, k) >= r.mark) {
        const end = i + 1 < r.count ? Math.min(r.end(i), Math.max(r.start(i + 1), r.start(i))) : r.end(i);
        c.fillRect(this.x(r.start(i)), top, this.x(end) - this.x(r.start(i)), high);
      }
    c.globalAlpha = 1;
    c.font = 10.5 + FONT;
    for (let n = 0; n <= 4; n += task.classes ? 2 : 1) {
      const level = Math.round(yOf(n / 4)) + 0.5, value = task.low + (task.high - task.low) * n / 4;
      c.strokeStyle = Math.abs(value) < 1e-9 && task.low < 0 ? this.ink.soft : this.ink.line;
      c.lineWidth = 1;
      c.beginPath(); c.moveTo(0, level); c.lineTo(this.width, level); c.stroke();
      c.fillStyle = this.ink.soft;
      c.fillText(task.classes ? 25 * n + '%' : String(Math.round(value * 100) / 100), 2, level + (n === 4 ? 7 : -6));
    }
    c.lineJoin = 'round';
    if (!task.classes) {
      for (let row = r.rows.length - 1; row >= 0; row--) {
        c.strokeStyle = this.ink[r.rows[row]];
        c.lineWidth = row === 0 ? 3 : 1.6;
        c.setLineDash(r.rows[row] === 'shared' ? [5, 4] : []);
        this.curve(k, row, 0, yOf);
      }
      c.setLineDash([]);
      return top + high + 10;
    }
    for (let value = 0; value < task.size; value++) {
      c.strokeStyle = classColour(value, task.size);
      c.lineWidth = 2;
      this.curve(k, this.row, value, yOf);
    }
    y = top + high + 4;
    for (let row = 1; row < r.rows.length; row++, y += STRIP + 3) this.drawStrip(k, row, y);
    return y + 6;
  };

  // The likeliest class of a row, paler where it is less likely.
  Zoom.prototype.drawStrip = function (k, row, y) {
    const c = this.c, r = this.r;
    for (let i = r.firstAt(this.from); i < r.count && r.start(i) < this.from + this.span; i++) {
      if (isNaN(r.share(i, k, row, 0))) continue;
      const top = r.top(i, k, row), end = i + 1 < r.count ? Math.min(r.end(i), r.start(i + 1)) : r.end(i);
      c.globalAlpha = 0.15 + 0.85 * r.share(i, k, row, top);
      c.fillStyle = classColour(top, r.tasks[k].size);
      c.fillRect(this.x(r.start(i)), y, Math.max(this.x(end) - this.x(r.start(i)), 0.5), STRIP);
    }
    c.globalAlpha = 1;
    c.font = 10.5 + FONT;
    const width = c.measureText(r.rows[row]).width + 6;
    c.fillStyle = this.ink.card;
    c.globalAlpha = 0.8;
    c.fillRect(0, y, width, STRIP);
    c.globalAlpha = 1;
    c.fillStyle = this.ink.ink;
    c.fillText(r.rows[row], 2, y + STRIP / 2 + 0.5);
  };

  Zoom.prototype.drawTip = function () {
    const r = this.r, i = this.at === null ? -1 : r.segmentAt(this.at);
    if (this.tipOf === i) return;
    this.tipOf = i;
    this.tip.textContent = '';
    if (i < 0) {
      element('span', this.at === null ? 'Point at the strip to read a segment; drag to move.'
        : 'No segment here: a short pause between utterances.', this.tip, 'soft');
      return;
    }
    const text = r.text(i), body = element('tbody', null, element('table', null, element('div', null, this.tip, 'scroll')));
    this.tip.insertBefore(element('div', clock(r.start(i)) + ' \u2013 ' + clock(r.end(i)) + (text ? '  \u201c' + text + '\u201d' : ''),
      null), this.tip.firstChild);
    const head = element('tr', null, body);
    element('th', '', head);
    for (const name of r.rows) element('th', name, head, name);
    element('th', 'disagreement', head);
    r.tasks.forEach((task, k) => {
      const row = element('tr', null, body);
      element('th', task.name, row);
      r.rows.forEach((_, n) => element('td', r.says(i, k, n), row));
      element('td', isNaN(r.apart(i, k)) ? '\u2013' : r.apart(i, k).toFixed(2), row, r.apart(i, k) >= r.mark ? 'apart' : '');
    });
  };

  // --- the table -----------------------------------------------------------------------------------------------------

  function Table(section, recording, zoom) {
    const box = section.querySelector('.segments'), r = recording, last = Math.max(0, Math.ceil(r.count / PAGE) - 1);
    const table = element('table', null, element('div', null, box, 'scroll')), pager = element('div', null, box, 'pager');
    let page = 0;
    const draw = () => {
      table.textContent = '';
      const head = element('tr', null, element('thead', null, table)), body = element('tbody', null, table);
      element('th', 'time', head);
      if (r.words.length) element('th', 'what is said', head);
      for (const task of r.tasks) element('th', task.name, head);
      for (let i = page * PAGE; i < Math.min(r.count, (page + 1) * PAGE); i++) {
        const row = element('tr', null, body);
        element('td', clock(r.start(i)) + ' \u2013 ' + clock(r.end(i)), row, 'time');
        if (r.words.length) element('td', r.text(i), row, 'said');
        r.tasks.forEach((_, k) => {
          const cell = element('td', r.says(i, k, 0), row), parts = [];
          for (let n = 1; n < r.rows.length; n++)
            if (!isNaN(r.share(i, k, n, 0))) parts.push(r.rows[n] + ' ' + r.says(i, k, n));
          for (const part of parts) element('small', part, cell);
          if (r.apart(i, k) >= r.mark) element('small', 'disagreement ' + r.apart(i, k).toFixed(2), cell, 'apart');
        });
      }
      where.textContent = 'page ' + (page + 1) + ' of ' + (last + 1);
      before.disabled = page === 0;
      after.disabled = page === last;
    };
    const turn = by => { page = Math.max(0, Math.min(last, page + by)); draw(); };
    const before = element('button', 'earlier', pager), where = element('span', '', pager), after = element('button', 'later', pager);
    before.addEventListener('click', () => turn(-1));
    after.addEventListener('click', () => turn(1));
    pager.hidden = last === 0;
    box.closest('details').addEventListener('toggle', draw, {once: true});
    if (box.closest('details').open) draw();
  }

  for (const section of document.querySelectorAll('section')) {
    const data = JSON.parse(section.querySelector('script.data').textContent), recording = new Recording(data);
    const zoom = new Zoom(section, recording, data.pictures);
    Table(section, recording, zoom);
  }
})();
