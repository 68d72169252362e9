/** @typedef {{ text: string, kind?: string, title?: string }} Cell */
/** @typedef {{ title: string, kind?: string }} Column */

const LIMITS = { coins: 1000, fills: 200, orders: 200, trips: 200, balances: 32, alerts: 100 };
const SHOWN = 60;
/** By which field a changed row takes the place of the one before it. */
const KEYS = { coins: 'coin', fills: 'position', orders: 'order', trips: 'trip', balances: 'venue', alerts: 'key' };
/** A page that forgets over its limit forgets these last: what is open, then what has left a leg. */
const isOpen = ({ state }) => state === 'OPEN' || state === 'CLOSING';
const WORTH = { trips: (row) => (isOpen(row) ? 2 : row.kept === null ? 0 : 1) };
const MOST_KEPT_FIRST = 10;
const MOST_POINTS = 2000;
const LATE_MS = 2000;

const $ = (id) => document.getElementById(id);

const lists = Object.fromEntries(Object.keys(KEYS).map((name) => [name, new Map()]));
let session = { id: null, stage: 'waiting' };
let position = 0;
let clock = null;
let services = [];
let rates = {};
let pnl = { currency: null, total: '0', settled: 0, wins: 0, foreign: 0, points: [] };
let guard = null;
let kpi = null;
let book = null;
let chosen = coinInAddress();
/** The server's time (µs) when it last spoke, and this page's (ms) then: the difference goes on counting between messages. */
let serverNow = null;
let heardAt = 0;
/** Null until the server has answered or refused for the first time. */
let connected = null;
let stream = null;

// ---- what the server says -------------------------------------------------------------------------------------------

function connect() {
  stream?.close();
  const source = new EventSource(chosen === null ? 'api/stream' : `api/stream?coin=${encodeURIComponent(chosen)}`);
  stream = source;
  const on = (type, take) =>
    source.addEventListener(type, (event) => {
      if (source !== stream) return;
      connected = true;
      take(JSON.parse(event.data));
      redrawSoon();
    });
  on('state', (data) => {
    for (const name of Object.keys(lists)) lists[name].clear();
    pnl = { points: [] };
    book = null;
    clock = null;
    guard = null;
    kpi = null;
    takeChange(data);
    if (chosen === null && data.coins.length > 0) choose(first(data.coins.map((row) => row.coin)));
  });
  on('change', (data) => {
    takeChange(data);
    if (chosen === null && lists.coins.size > 0) choose(first([...lists.coins.keys()]));
  });
  on('book', (data) => {
    book = data;
  });
  source.addEventListener('error', () => {
    if (source !== stream) return;
    connected = false;
    redrawSoon();
    // Refused rather than cut: the browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => source === stream && connect(), 5000);
  });
}

function takeChange(data) {
  serverNow = data.now;
  heardAt = performance.now();
  if (data.position !== undefined) position = data.position;
  if (data.session !== undefined) session = data.session;
  if (data.clock !== undefined) clock = data.clock;
  if (data.services !== undefined) services = data.services;
  if (data.rates !== undefined) rates = data.rates;
  if (data.guard !== undefined) guard = data.guard;
  if (data.kpi !== undefined) kpi = data.kpi;
  if (data.pnl !== undefined) {
    const { points, added, ...summary } = data.pnl;
    pnl = { ...summary, points: points ?? [...(pnl.points ?? []), ...(added ?? [])].slice(-MOST_POINTS) };
  }
  for (const [name, key] of Object.entries(KEYS)) {
    const list = lists[name];
    for (const row of data[name] ?? []) {
      list.delete(row[key]);
      list.set(row[key], row);
    }
    while (list.size > LIMITS[name]) list.delete(leastWorth(list, WORTH[name]));
  }
}

/** Of those that are worth least the one changed longest ago. */
function leastWorth(list, worth = () => 0) {
  let least = null;
  for (const [key, row] of list) if (least === null || worth(row) < least.worth) least = { key, worth: worth(row) };
  return least.key;
}

function first(coins) {
  return [...coins].sort()[0];
}

function coinInAddress() {
  const coin = location.hash.slice(1);
  return /^[A-Z0-9]{1,20}$/.test(coin) ? coin : null;
}

function choose(coin) {
  if (coin === chosen) return;
  chosen = coin;
  book = null;
  history.replaceState(null, '', `#${coin}`);
  connect();
  redrawSoon();
}

// ---- words and numbers ----------------------------------------------------------------------------------------------

const formats = new Map();
function fixed(value, places) {
  let format = formats.get(places);
  if (format === undefined) {
    format = new Intl.NumberFormat('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
    formats.set(places, format);
  }
  return format.format(value);
}

/** As many places as tell neighbouring prices of this size apart. */
function placesOf(price) {
  const size = Math.abs(price);
  return size >= 1_000_000 ? 0 : size >= 10_000 ? 2 : size >= 100 ? 3 : size >= 1 ? 5 : size >= 0.01 ? 6 : 8;
}

const priceText = (price, like = price) => (price === null || price === undefined ? '–' : fixed(price, placesOf(like)));
const sizeText = (size) => {
  const value = Number(size);
  return fixed(value, value >= 1000 ? 1 : value >= 10 ? 3 : 5);
};
const moneyText = (text) => {
  const value = Number(text);
  return fixed(value, Math.abs(value) >= 100_000 ? 0 : Math.abs(value) >= 1 ? 2 : 4);
};
const amountText = ({ amount, currency }) => `${fixed(Number(amount), 2)} ${currency}`;
const signedText = (text, places = 4) => (Number(text) > 0 ? '+' : '') + fixed(Number(text), places);
const signKind = (text) => (Number(text) > 0 ? 'up' : Number(text) < 0 ? 'down' : 'quiet');

function clockText(micros) {
  const date = new Date(micros / 1000);
  return date.toTimeString().slice(0, 8);
}

/** A length of time in the unit people would say it in. */
function spanText(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

const nowMicros = () => (serverNow === null ? null : serverNow + (performance.now() - heardAt) * 1000);

// ---- tables ---------------------------------------------------------------------------------------------------------

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setKind(element, kind) {
  if (element.className !== kind) element.className = kind;
}

function sizeTo(parent, count, tag) {
  while (parent.childElementCount > count) parent.lastElementChild.remove();
  while (parent.childElementCount < count) parent.append(document.createElement(tag));
}

/**
 * Fills a table with text, cell by cell, in the elements that are there: what a person has selected stays selected.
 * @param {Column[]} columns
 * @param {Cell[][]} rows
 */
function fill(table, columns, rows, empty, each = null) {
  if (table.tHead === null) {
    table.createTHead().insertRow();
    table.createTBody();
  }
  const head = table.tHead.rows[0];
  sizeTo(head, columns.length, 'th');
  columns.forEach(({ title, kind }, i) => {
    head.children[i].scope = 'col';
    setText(head.children[i], title);
    setKind(head.children[i], kind ?? '');
  });
  const body = table.tBodies[0];
  const none = rows.length === 0;
  const shown = none ? [[{ text: empty }]] : rows;
  sizeTo(body, shown.length, 'tr');
  shown.forEach((cells, i) => {
    const row = body.children[i];
    setKind(row, none ? 'empty' : '');
    sizeTo(row, cells.length, 'td');
    cells.forEach((cell, j) => {
      const td = row.children[j];
      setText(td, cell.text);
      setKind(td, [columns[j].kind, cell.kind].filter(Boolean).join(' '));
      if (td.title !== (cell.title ?? '')) td.title = cell.title ?? '';
      td.colSpan = none ? columns.length : 1;
    });
    if (each !== null) each(row, none ? -1 : i);
  });
}

const NUMBER = 'number';
const newestFirst = (list) => [...list.values()].reverse();

// ---- panels ---------------------------------------------------------------------------------------------------------

function drawHeader() {
  const now = nowMicros();
  const lagMs = clock === null || now === null ? null : Math.max(0, (now - clock.at) / 1000);
  const late = lagMs !== null && lagMs > LATE_MS;
  const stage = $('stage');
  setText(stage, connected === null ? 'connecting' : connected ? session.stage : 'no connection');
  setKind(stage, `tag ${connected === null ? 'quiet' : !connected ? 'down' : session.stage === 'live' ? (late ? 'warn' : 'up') : 'warn'}`);
  const journalMs = clock === null || clock.committedAt === null ? null : Math.max(0, (clock.at - clock.committedAt) / 1000);
  const facts = [
    ['session', session.id ?? '–'],
    guard === null
      ? ['mode at start', session.startMode ?? 'not heard']
      : ['mode', guard.rule === null ? guard.mode : `${guard.mode} (${guard.rule})`, guard.mode === 'ACTIVE' ? '' : 'warn'],
    ['equity', guard === null ? '–' : amountText(guard.equity)],
    ['closed', guard === null ? '–' : fixed(guard.closed.length, 0), guard !== null && guard.closed.length > 0 ? 'warn' : ''],
    ['position', fixed(position, 0)],
    ['clock lag', spanText(lagMs), late ? 'warn' : ''],
    ['journal lag', spanText(journalMs), journalMs !== null && journalMs > LATE_MS ? 'warn' : ''],
    ['stream', clock === null ? '–' : `${fixed(clock.fill * 100, 1)} %`, clock !== null && clock.fill >= 0.6 ? 'warn' : ''],
  ];
  const list = $('facts');
  sizeTo(list, facts.length, 'div');
  facts.forEach(([name, text, kind], i) => {
    const pair = list.children[i];
    if (pair.childElementCount === 0) pair.append(document.createElement('dt'), document.createElement('dd'));
    setText(pair.children[0], name);
    setText(pair.children[1], text);
    setKind(pair.children[1], kind ?? '');
  });
  setText($('about'), aboutText());
}

function aboutText() {
  const { config, from, parent, configHash, seed, why } = session;
  const parts = [];
  if (config) {
    const money = (text) => `${moneyText(text)} ${config.numeraire ?? ''}`.trim();
    if (config.source) parts.push(`${config.source} market`);
    if (config.venues.length > 0) parts.push(config.venues.join(' + '));
    if (config.coins !== null) parts.push(`${config.coins} coins`);
    if (config.minEdgeBps !== null) parts.push(`entry from ${config.minEdgeBps} bps`);
    if (config.notional) parts.push(`${money(config.notional)} a trip`);
    if (config.maxExposure) parts.push(`exposure up to ${money(config.maxExposure)}`);
    if (config.fillModel) parts.push(`${config.fillModel} fills`);
  }
  if (seed) parts.push(`seed ${seed}`);
  if (configHash) parts.push(`configuration ${configHash.slice(0, 8)}`);
  if (parent) parts.push(`goes on from ${parent.session}:${parent.position} (${parent.reason})`);
  if (from !== null && from !== undefined && from > 1) parts.push(`heard from position ${fixed(from, 0)} on`);
  if (why) parts.push(why);
  return parts.join(' · ');
}

function drawPnl() {
  const total = $('pnl-total');
  const known = pnl.currency !== null && pnl.currency !== undefined;
  setText(total, known ? `${signedText(pnl.total, 2)} ${pnl.currency}` : '–');
  setKind(total, `big ${known ? signKind(pnl.total) : 'quiet'}`);
  const settled = known
    ? `${pnl.settled} settled, ${pnl.settled === 0 ? 0 : Math.round((pnl.wins / pnl.settled) * 100)} % won`
    : 'no round trip has ended';
  setText($('pnl-note'), kpi === null ? settled : [settled, ...kpiTexts(kpi)].join(' · '));
  const points = pnl.points ?? [];
  const line = $('curve-line');
  const zero = $('curve-zero');
  if (points.length === 0) {
    line.setAttribute('points', '');
    zero.setAttribute('visibility', 'hidden');
    return;
  }
  const least = Math.min(0, ...points.map((point) => point[1]));
  const most = Math.max(0, ...points.map((point) => point[1]));
  const y = (value) => (116 - ((value - least) / (most - least || 1)) * 112).toFixed(1);
  // By trip, not by time: a quiet hour would be most of the picture.
  const x = (i) => ((i / points.length) * 600).toFixed(1);
  line.setAttribute('points', [`0,${y(0)}`, ...points.map((point, i) => `${x(i + 1)},${y(point[1])}`)].join(' '));
  zero.setAttribute('visibility', 'visible');
  zero.setAttribute('y1', y(0));
  zero.setAttribute('y2', y(0));
}

function kpiTexts({ unrealised, drawdown, numbers }) {
  const texts = [`drawdown ${amountText(drawdown)}`];
  if (unrealised !== null) texts.push(`open ${signedText(unrealised.amount, 2)} ${unrealised.currency}`);
  if (typeof numbers.tradesPerHour === 'number') texts.push(`${fixed(numbers.tradesPerHour, 1)} an hour`);
  if (typeof numbers.fillRatio === 'number') texts.push(`${fixed(numbers.fillRatio * 100, 1)} % filled`);
  if (typeof numbers.slippageBps === 'number') texts.push(`slippage ${fixed(numbers.slippageBps, 2)} bps`);
  return texts;
}

function drawCoins() {
  const rows = [...lists.coins.values()].sort((a, b) => (a.coin < b.coin ? -1 : 1));
  const venues = [...new Set(rows.flatMap((row) => row.venues.map((quote) => quote.venue)))];
  const columns = [{ title: 'coin' }, { title: 'spread bps', kind: NUMBER }];
  for (const venue of venues) columns.push({ title: `${venue} bid`, kind: NUMBER }, { title: 'ask', kind: NUMBER });
  columns.push({ title: 'buy → sell' }, { title: 'state' });
  const now = nowMicros();
  const cells = rows.map((row) => {
    const best = (side, better) =>
      row.venues.reduce(
        (found, quote) => (quote[side] !== null && (found === null || better(quote[side], found[side])) ? quote : found),
        null,
      );
    const bid = best('bid', (a, b) => a > b);
    const ask = best('ask', (a, b) => a < b);
    const crossed = row.spreadBps !== null && row.spreadBps < 0;
    const line = [
      { text: row.coin, kind: 'strong' },
      { text: row.spreadBps === null ? '–' : signedText(row.spreadBps, 2), kind: crossed ? 'mark strong' : '' },
    ];
    for (const venue of venues) {
      const quote = row.venues.find((each) => each.venue === venue);
      const like = bid?.bid ?? ask?.ask;
      line.push({ text: priceText(quote?.bid, like), kind: quote === bid ? 'strong' : '' });
      line.push({ text: priceText(quote?.ask, like), kind: quote === ask ? 'strong' : '' });
    }
    const off = row.venues.filter((quote) => quote.state !== 'fresh');
    const ages = row.venues
      .map((quote) => `${quote.venue} ${quote.state}, ${quote.ageMs === null ? 'no book' : spanText(quote.ageMs + (now - row.at) / 1000)}`)
      .join('; ');
    line.push(
      { text: crossed && bid && ask ? `${ask.venue} → ${bid.venue}` : '', kind: 'mark' },
      off.length === 0
        ? { text: 'fresh', kind: 'quiet', title: ages }
        : { text: off.map((quote) => `${quote.venue} ${quote.state}`).join(', '), kind: 'warn', title: ages },
    );
    return line;
  });
  fill($('coins'), columns, cells, 'no merged book yet', (row, i) => {
    const coin = i < 0 ? '' : rows[i].coin;
    if (row.dataset.coin !== coin) row.dataset.coin = coin;
    row.tabIndex = i < 0 ? -1 : 0;
    row.setAttribute('aria-current', String(coin !== '' && coin === chosen));
  });
  setText($('coins-note'), rows.length === 0 ? '' : `in ${rows[0].numeraire}; bold: best of all venues`);
}

function drawBook() {
  const columns = [
    { title: 'venue' },
    { title: 'size', kind: NUMBER },
    { title: 'bid', kind: NUMBER },
    { title: 'ask', kind: NUMBER },
    { title: 'size', kind: NUMBER },
    { title: 'venue' },
  ];
  const levels = book === null ? 0 : Math.max(book.bids.length, book.asks.length);
  const worth = (level) => level[0] * level[1];
  const most = book === null ? 1 : Math.max(1e-12, ...book.bids.map(worth), ...book.asks.map(worth));
  const like = book?.bids[0]?.[0] ?? book?.asks[0]?.[0];
  const blank = { text: '' };
  const side = (level, kind) => {
    if (level === undefined) return [blank, blank, blank];
    const { venue, symbol } = book.venues[level[2]];
    return [
      { text: venue, kind: 'quiet', title: symbol },
      { text: sizeText(level[1]), kind: `depth ${kind}` },
      { text: priceText(level[0], like), kind: kind === 'bid' ? 'up' : 'down', title: `${level[3]} in ${symbol}` },
    ];
  };
  const rows = [];
  for (let i = 0; i < levels; i++) rows.push([...side(book.bids[i], 'bid'), ...side(book.asks[i], 'ask').reverse()]);
  const width = (level) => (level === undefined ? '' : `${Math.round((worth(level) / most) * 100)}% 100%`);
  fill($('book'), columns, rows, chosen === null ? 'choose a coin' : `no book of ${chosen} yet`, (row, i) => {
    if (i < 0) return;
    row.children[1].style.backgroundSize = width(book.bids[i]);
    row.children[4].style.backgroundSize = width(book.asks[i]);
  });
  setText($('book-note'), book === null ? (chosen ?? '') : `${book.coin} in ${book.numeraire}, position ${fixed(book.position, 0)}`);
}

const TRIP_KINDS = { OPEN: 'mark', CLOSING: 'mark', CLOSED: '', UNWOUND: 'warn', FAILED: 'down' };

function stateOfTrip({ state, kept, coin }) {
  if (kept === null) return { text: state, kind: TRIP_KINDS[state] ?? '' };
  const owed = kept.startsWith('-');
  const text = `${state}, ${owed ? `owes ${sizeText(kept.slice(1))}` : `keeps ${sizeText(kept)}`} ${coin}`;
  return { text, kind: 'down', title: `a leg was neither matched nor taken back: ${kept} ${coin}` };
}

function drawTrips() {
  const all = newestFirst(lists.trips);
  // What is left for somebody to look after stays in sight.
  const kept = all.filter((row) => row.kept !== null).slice(0, MOST_KEPT_FIRST);
  const rows = [...kept, ...all.filter((row) => !kept.includes(row))];
  const parts = [...new Set(rows.flatMap((row) => Object.keys(row.parts)))].slice(0, 6);
  const unit = pnl.currency ?? '';
  const columns = [
    { title: 'time' },
    { title: 'coin' },
    { title: 'state' },
    { title: `PnL ${unit}`.trim(), kind: NUMBER },
    ...parts.map((part) => ({ title: part, kind: NUMBER })),
    { title: 'buy → sell' },
    { title: 'quantity', kind: NUMBER },
    { title: 'trip' },
    { title: 'why', kind: 'wide' },
  ];
  const cells = rows.slice(0, SHOWN).map((row) => [
    { text: clockText(row.at), kind: 'quiet', title: `position ${row.position}, first heard ${clockText(row.openedAt)}` },
    { text: row.coin, kind: 'strong' },
    stateOfTrip(row),
    row.pnl === null
      ? { text: '–', kind: 'quiet' }
      : {
          text: row.pnl.currency === unit ? signedText(row.pnl.amount) : `${signedText(row.pnl.amount)} ${row.pnl.currency}`,
          kind: `strong ${signKind(row.pnl.amount)}`,
          title: `${row.pnl.amount} ${row.pnl.currency}`,
        },
    ...parts.map((part) =>
      row.parts[part] === undefined ? { text: '' } : { text: signedText(row.parts[part]), kind: 'quiet', title: row.parts[part] },
    ),
    { text: row.route === null ? '–' : `${row.route.buy} → ${row.route.sell}` },
    { text: Number(row.entered) === 0 ? '–' : sizeText(row.entered), title: `now ${row.quantity}` },
    { text: row.trip, kind: 'quiet' },
    { text: row.why, kind: 'quiet', title: row.why },
  ]);
  fill($('trips'), columns, cells, 'no round trip yet');
  const open = rows.filter(isOpen).length;
  const keep = rows.filter((row) => row.kept !== null).length;
  setText($('trips-note'), rows.length === 0 ? '' : `${open} open${keep === 0 ? '' : `, ${keep} keep a leg`}`);
}

/** Said by the executor, so those of parent sessions are among them. */
function drawKept() {
  const kept = kpi?.kept ?? [];
  $('kept-section').hidden = kept.length === 0;
  if (kept.length === 0) return;
  const unit = kpi.realised.currency;
  const columns = [
    { title: 'since' },
    { title: 'coin' },
    { title: 'venue' },
    { title: 'quantity', kind: NUMBER },
    { title: `cost ${unit}`, kind: NUMBER },
    { title: `worth ${unit}`, kind: NUMBER },
    { title: 'change', kind: NUMBER },
    { title: 'trip' },
  ];
  const cells = [...kept].reverse().map(({ trip, venue, symbol, quantity, since, cost, worth }) => {
    const change = worth === null ? null : Number(worth) - Number(cost);
    return [
      { text: clockText(since), kind: 'quiet', title: new Date(since / 1000).toISOString() },
      { text: symbol.slice(0, symbol.indexOf('-')), kind: 'strong', title: symbol },
      { text: venue },
      Number(quantity) < 0
        ? { text: `owes ${sizeText(quantity.slice(1))}`, kind: 'down', title: quantity }
        : { text: sizeText(quantity), title: quantity },
      { text: fixed(Number(cost), 2), title: 'what the round trip’s result took the coins for' },
      worth === null
        ? { text: '–', kind: 'quiet', title: 'the venue shows no good book' }
        : { text: fixed(Number(worth), 2), title: 'at the best price of its venue, before fees' },
      change === null ? { text: '–', kind: 'quiet' } : { text: signedText(String(change), 2), kind: signKind(change) },
      { text: trip, kind: 'quiet' },
    ];
  });
  fill($('kept'), columns, cells, 'none');
  setText($('kept-note'), `${kept.length === 50 ? 'the last 50' : kept.length}, stock that is left of round trips; every ten seconds`);
}

function drawFills() {
  const columns = [
    { title: 'time' },
    { title: 'venue' },
    { title: 'pair' },
    { title: 'side' },
    { title: 'price', kind: NUMBER },
    { title: 'quantity', kind: NUMBER },
    { title: 'value', kind: NUMBER },
    { title: 'fee', kind: NUMBER },
    { title: 'slip bps', kind: NUMBER },
    { title: 'order' },
  ];
  const rows = newestFirst(lists.fills);
  const cells = rows
    .slice(0, SHOWN)
    .map((row) => [
      { text: clockText(row.at), kind: 'quiet', title: `position ${row.position}` },
      { text: row.venue },
      { text: row.symbol, kind: 'strong' },
      { text: row.side, kind: row.side === 'buy' ? 'up' : 'down' },
      { text: priceText(Number(row.price)), title: row.price },
      { text: sizeText(row.quantity), title: row.quantity },
      { text: `${moneyText(row.value.amount)} ${row.value.currency}`, title: row.value.amount },
      { text: `${moneyText(row.fee.amount)} ${row.fee.currency}`, title: row.fee.amount },
      { text: signedText(row.slippageBps, 2) },
      { text: row.order, kind: 'quiet' },
    ]);
  fill($('fills'), columns, cells, 'no fill yet');
  setText($('fills-note'), rows.length === 0 ? '' : `last ${rows.length}`);
}

const ORDER_KINDS = { rejected: 'down', cancelled: 'warn', filled: '', intended: 'mark', accepted: 'mark', 'part-filled': 'mark' };

function drawOrders() {
  const columns = [
    { title: 'time' },
    { title: 'venue' },
    { title: 'pair' },
    { title: 'side' },
    { title: 'state' },
    { title: 'filled / quantity', kind: NUMBER },
    { title: 'limit', kind: NUMBER },
    { title: 'order' },
    { title: 'reason', kind: 'wide' },
  ];
  const rows = newestFirst(lists.orders);
  const cells = rows
    .slice(0, SHOWN)
    .map((row) => [
      { text: clockText(row.at), kind: 'quiet', title: `position ${row.position}` },
      { text: row.venue },
      { text: row.symbol, kind: 'strong' },
      { text: row.side, kind: row.side === 'buy' ? 'up' : 'down' },
      { text: row.state, kind: ORDER_KINDS[row.state] ?? '' },
      { text: `${sizeText(row.filled)} / ${sizeText(row.quantity)}` },
      { text: priceText(Number(row.limit)), title: row.limit },
      { text: row.order, kind: 'quiet' },
      { text: row.reason ?? '', kind: 'quiet', title: row.reason ?? '' },
    ]);
  fill($('orders'), columns, cells, 'no order yet');
  setText($('orders-note'), rows.length === 0 ? '' : `last ${rows.length}`);
}

function drawServices() {
  const columns = [
    { title: 'service' },
    { title: 'state' },
    { title: 'lag', kind: NUMBER },
    { title: 'behind', kind: NUMBER },
    { title: 'MB', kind: NUMBER },
    { title: 'trouble', kind: 'wrap' },
  ];
  const now = nowMicros();
  let ready = 0;
  const cells = services.map((row) => {
    const silentMs = now === null ? 0 : (now - row.heardAt) / 1000;
    const silent = silentMs > 5000;
    if (row.ready && !silent) ready++;
    const name = row.replica ? `${row.service} ${row.replica}` : row.service;
    return [
      {
        text: row.holdsLease ? `${name} ◆` : name,
        kind: 'strong',
        title: `boot ${row.boot}, version ${row.version ?? 'not heard'}${row.holdsLease ? ', holds the lease' : ''}`,
      },
      row.left
        ? { text: 'stopped', kind: 'warn', title: `it said at ${clockText(row.heardAt)} that it leaves` }
        : silent
          ? { text: `silent ${spanText(silentMs)}`, kind: 'down' }
          : row.ready
            ? { text: 'ready', kind: 'up' }
            : { text: 'starting', kind: 'warn' },
      {
        text: spanText(row.lagMs),
        kind: row.lagMs > 250 ? 'warn' : '',
        title: row.unconfirmed === null ? '' : `${row.unconfirmed} unconfirmed`,
      },
      { text: row.lagPositions === null ? '–' : fixed(row.lagPositions, 0) },
      { text: row.rssMb === null ? '–' : fixed(row.rssMb, 0) },
      { text: row.trouble ?? '', kind: 'warn', title: row.trouble ?? '' },
    ];
  });
  fill($('services'), columns, cells, 'no service has spoken');
  setText($('services-note'), services.length === 0 ? '' : `${ready} of ${services.length} ready`);
}

const SEVERITY_KINDS = { P0: 'down strong', P1: 'down', P2: 'warn', P3: 'quiet' };

function drawAlerts() {
  const columns = [{ title: 'time' }, { title: '' }, { title: 'state' }, { title: 'what', kind: 'wrap' }, { title: 'told' }];
  const all = newestFirst(lists.alerts);
  const rows = [...all.filter((row) => row.state === 'raised'), ...all.filter((row) => row.state !== 'raised')];
  const cells = rows.slice(0, SHOWN).map((row) => [
    { text: clockText(row.at), kind: 'quiet', title: `position ${row.position}` },
    { text: row.severity, kind: row.state === 'raised' ? SEVERITY_KINDS[row.severity] : 'quiet' },
    { text: row.count > 1 ? `${row.state} ×${row.count}` : row.state, kind: row.state === 'raised' ? '' : 'quiet' },
    { text: row.summary, kind: row.state === 'raised' ? '' : 'quiet', title: `${row.rule}, ${row.key}: ${row.summary}` },
    row.delivery === null
      ? { text: '' }
      : {
          text: `${row.delivery.channel} ${row.delivery.state}`,
          kind: row.delivery.state === 'sent' ? 'quiet' : 'down',
          title: row.delivery.detail ?? '',
        },
  ]);
  fill($('alerts'), columns, cells, 'none');
  setText($('alerts-note'), all.length === 0 ? '' : `${all.filter((row) => row.state === 'raised').length} open`);
}

function drawBalances() {
  const venues = [...lists.balances.values()].sort((a, b) => (a.venue < b.venue ? -1 : 1));
  const currencies = [...new Set(venues.flatMap((row) => Object.keys(row.balances)))].sort();
  const columns = [{ title: 'currency' }, ...venues.map((row) => ({ title: row.venue, kind: NUMBER }))];
  const cells = currencies.map((currency) => [
    { text: currency, kind: 'strong' },
    ...venues.map(({ balances }) => ({
      text: balances[currency] === undefined ? '' : fixed(Number(balances[currency]), currency === 'KRW' ? 0 : 4),
      title: balances[currency] ?? '',
    })),
  ]);
  fill($('balances'), columns, cells, 'no balance yet');
}

function drawRates() {
  const columns = [{ title: 'type' }, { title: 'a second', kind: NUMBER }];
  const cells = Object.entries(rates)
    .sort((a, b) => b[1] - a[1])
    .map(([type, rate]) => [{ text: type }, { text: fixed(rate, 1) }]);
  fill($('rates'), columns, cells, 'not known yet');
}

// ---- the event that a message links to --------------------------------------------------------------------------------

const MOST_LINKS = 200;
const TIES = { cause: 'because of', basis: 'rests on', trip: 'same round trip' };

/** One row for each event, in the order of the record; what the message was about stands out. */
function eventRows({ position: asked, event, causes, effects, trip }) {
  const rows = [];
  const known = new Set();
  const add = (link, tie) => {
    const key = `${link.session}:${link.position}`;
    if (!known.has(key) && rows.length < MOST_LINKS) rows.push({ ...link, tie });
    known.add(key);
  };
  const walk = (links, tieOf) => {
    for (const link of links) {
      add(link, tieOf(link));
      walk(link.links, tieOf);
    }
  };
  add(event, 'this event');
  walk(causes, ({ by }) => TIES[by] ?? '');
  walk(effects, () => 'followed');
  walk(trip, () => TIES.trip);
  return rows
    .sort((a, b) => a.session.localeCompare(b.session) || a.position - b.position)
    .map((row) => ({ ...row, own: row.position === asked && row.tie === 'this event' }));
}

const numbersText = (numbers) =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value}`)
    .join(', ');

async function showEvent() {
  const name = new URLSearchParams(location.search).get('at');
  if (name === null) return;
  $('event').hidden = false;
  setText($('event-name'), `Event ${name}`);
  setText($('event-note'), 'looking for it');
  const columns = [
    { title: 'position', kind: NUMBER },
    { title: 'when' },
    { title: '' },
    { title: 'type' },
    { title: 'says' },
    { title: 'numbers' },
  ];
  try {
    const response = await fetch(`api/why?event=${encodeURIComponent(name)}`);
    const found = await response.json();
    if (!response.ok) throw new Error(found.message);
    const events = eventRows(found);
    const rows = events.map(({ position, at, tie, type, says, numbers, own, subject }) => {
      const kind = own ? 'strong' : '';
      return [
        { text: String(position), kind },
        { text: clockText(at), kind, title: new Date(at / 1000).toISOString() },
        { text: tie, kind },
        { text: type, kind, title: subject },
        { text: says, kind },
        { text: numbersText(numbers), kind },
      ];
    });
    fill($('event-rows'), columns, rows, 'nothing');
    const own = $('event-rows').tBodies[0].children[events.findIndex((row) => row.own)];
    const scroll = $('event-rows').parentElement;
    scroll.scrollTop = own.offsetTop - scroll.clientHeight / 2;
    setText($('event-name'), `Event ${found.session}:${found.position}`);
    setText($('event-note'), 'what it rests on, and what followed; whole: npx arb why');
  } catch (error) {
    setText($('event-note'), `it cannot be shown: ${error.message}`);
  }
}

// ---- when -----------------------------------------------------------------------------------------------------------

let asked = false;
function redrawSoon() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    drawHeader();
    drawPnl();
    drawCoins();
    drawBook();
    drawTrips();
    drawKept();
    drawFills();
    drawOrders();
    drawServices();
    drawAlerts();
    drawBalances();
    drawRates();
  });
}

function chooseFrom(event) {
  const coin = event.target.closest('tr')?.dataset.coin;
  if (coin) choose(coin);
}

$('coins').addEventListener('click', chooseFrom);
$('coins').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  chooseFrom(event);
});
addEventListener('hashchange', () => {
  const coin = coinInAddress();
  if (coin !== null) choose(coin);
});
// Lags grow while nothing is said.
setInterval(redrawSoon, 1000);
connect();
redrawSoon();
showEvent();
