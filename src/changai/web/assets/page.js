// The chat, in the browser. `element` and `props` are Gradio's: this component's root, and what
// page.py hands it. The server keeps nothing of a conversation: the page holds its turns, and sends
// along what an answer depends on.

const find = (selector) => element.querySelector(selector);
const page = find('#changai');
const chat = find('#chat');
const box = find('#question');
const hint = find('#hint');
const cleared = find('#cleared');
const pane = find('#source');
const frame = find('iframe');
const {longest, remembered} = props;

// In a frame of another site, browsers may keep nothing for a page: it then forgets on reload.
function storage(open) {
  try {
    return open();
  } catch {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
    };
  }
}
const tab = storage(() => sessionStorage);
const device = storage(() => localStorage);

document.documentElement.lang = 'zh-CN';
new MutationObserver(() => {
  if (document.documentElement.lang !== 'zh-CN') document.documentElement.lang = 'zh-CN';
}).observe(document.documentElement, {attributeFilter: ['lang']});

// ---- the server

const UNREACHED = '连不上服务器，或者服务器出错；请稍后再试';
const MOST_TRIES = 6;

// What the server answers, as a response. One that cannot serve now says when to come again: the
// page waits for that, and tells of it by `waiting`.
async function request(path, body, waiting = () => {}) {
  const how = body === undefined ? {} : {
    method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body),
  };
  for (let tries = 1; ; tries++) {
    const response = await fetch(new URL(path, document.baseURI), how);
    const seconds = Number(response.headers.get('retry-after'));
    if (!seconds || seconds > 60 || tries === MOST_TRIES) return response;
    waiting(response.status === 429 ? '问得太快了，稍等一会儿就接着问……'
      : '现在问的人多，或者服务正在重启，正在排队，请不要关闭网页……');
    // Not all at the same moment.
    await new Promise((resolve) => { setTimeout(resolve, 1000 * seconds * (1 + Math.random())); });
  }
}

// The answer as JSON; what the server says is wrong, as an error to be shown.
async function call(path, body, waiting) {
  const response = await request(path, body, waiting).catch(() => { throw Error(UNREACHED); });
  const said = await response.json().catch(() => { throw Error(UNREACHED); });
  if (!response.ok || said.error) {
    throw Object.assign(Error(said.error ?? UNREACHED), {status: response.status});
  }
  return said;
}

// ---- asking

const turnOf = (exchange) => JSON.parse(exchange.dataset.turn);
const answered = () => [...chat.querySelectorAll('.exchange[data-turn]')];

// Questions are answered one after another: each may lean on those before it.
let before = Promise.resolve();

function ask(question, asTyped = false, exchange = newExchange(question)) {
  cleared.replaceChildren();
  const reply = exchange.querySelector('.reply');
  // The button that asks again goes with the old answer.
  if (reply.contains(document.activeElement)) exchange.focus({preventScroll: true});
  reply.innerHTML = '<p class="pending">正在查找……</p>';
  reply.setAttribute('aria-busy', 'true');
  exchange.scrollIntoView({block: 'start'});
  before = before.then(() => answer(question, asTyped, exchange, reply));
}

// Answers of an index before this one are told to be so.
function outdate(generation) {
  for (const each of answered()) {
    each.querySelector('.outdated')?.remove();
    if (turnOf(each).generation === generation) continue;
    const note = document.createElement('p');
    note.className = 'outdated';
    note.textContent = '文章已更新，这个回答是更新以前的；请重新提问。';
    each.querySelector('.reply').prepend(note);
  }
}

function newExchange(question) {
  const exchange = document.createElement('article');
  exchange.className = 'exchange';
  exchange.tabIndex = -1;
  exchange.innerHTML = '<h2 class="asked"></h2><div class="reply"></div>';
  exchange.querySelector('.asked').textContent = question;
  chat.append(exchange);
  return exchange;
}

async function answer(question, asTyped, exchange, reply) {
  const all = answered();
  const own = all.indexOf(exchange);
  const earlier = (own < 0 ? all : all.slice(0, own)).slice(-remembered);
  delete exchange.dataset.turn;
  try {
    const asked = {
      question, earlier: earlier.map((each) => turnOf(each).meant), as_typed: asTyped,
    };
    const said = await call('chat/answer', asked, (told) => {
      reply.querySelector('.pending').textContent = told;
    });
    reply.innerHTML = said.html;
    find('#status').textContent = said.status;
    exchange.dataset.turn = JSON.stringify(said.turn);
    find('#corpus').textContent = said.corpus;
    outdate(said.turn.generation);
  } catch ({message, status}) {
    reply.innerHTML = '<p class="note"></p>';
    const note = reply.querySelector('.note');
    note.textContent = `${message}。`;
    find('#status').textContent = message;
    if (status === 401) {
      note.insertAdjacentHTML('beforeend', '<a href="login">重新登录</a>');
    } else if (status !== 200) {
      note.insertAdjacentHTML('beforeend', '<button type="button" class="again">再试一次</button>');
      note.querySelector('.again').onclick = () => ask(question, asTyped, exchange);
    }
  }
  reply.removeAttribute('aria-busy');
  exchange.scrollIntoView({block: 'start'});
  keep();
}

// A conversation outlives a reload, and a way to the original and back, in its tab.
function keep() {
  find('#exports').hidden = !answered().length;
  try {
    tab.setItem('chat', chat.innerHTML);
  } catch {
    tab.removeItem('chat');  // It is too long to be kept whole.
  }
}

let restored = [];

function restore() {
  chat.innerHTML = tab.getItem('chat') ?? '';
  for (const each of chat.querySelectorAll('.exchange:not([data-turn])')) each.remove();
  restored = [...chat.children];
  keep();
  chat.lastElementChild?.scrollIntoView({block: 'start'});
}

function clear() {
  const exchanges = [...chat.children];
  chat.replaceChildren();
  keep();
  cleared.innerHTML = '已清空。<button type="button">撤销</button>';
  cleared.querySelector('button').onclick = () => {
    cleared.replaceChildren();
    chat.replaceChildren(...exchanges);
    keep();
    find('#forget').focus();
  };
  ready();
}

// With a finger the keyboard would hide the answer.
const ready = (unsaid) => {
  if (unsaid || !matchMedia('(pointer: coarse)').matches) box.focus();
  else box.blur();
};

function submit() {
  const question = box.value.trim();
  const length = [...question].length;
  hint.textContent = !length ? '请先输入问题。'
    : length > longest ? `问题有 ${length} 个字，超过 ${longest} 个；请缩短。` : '';
  ready(hint.textContent);
  if (hint.textContent) return;
  box.value = '';
  ask(question);
}

find('#ask').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
box.addEventListener('keydown', (event) => {
  // Enter also ends the composing of Chinese characters; Safari tells it by the code alone.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});
box.addEventListener('input', () => { hint.textContent = ''; });

// ---- the buttons of an answer

async function copy(button, text) {
  button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = '已复制';
  } catch {
    // Clipboards are closed to pages that came over plain HTTP from another machine.
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    button.textContent = document.execCommand('copy') ? '已复制' : '复制不了';
    area.remove();
    button.focus();
  }
  find('#status').textContent = button.textContent;
  setTimeout(() => { button.textContent = button.dataset.label; }, 1500);
}

async function download(turns, format) {
  hint.textContent = '';
  try {
    const sent = await request(`export/${format}`, turns);
    if (sent.ok) save(await sent.blob(), sent.headers.get('content-disposition'));
    else hint.textContent = reason(await sent.text());
  } catch {
    hint.textContent = '连不上服务器，没有导出；请稍后再试。';
  }
  if (hint.textContent) hint.scrollIntoView({block: 'nearest'});
}

function save(file, disposition) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = decodeURIComponent(disposition.split("filename*=UTF-8''")[1]);
  link.click();
  // Not at once: some browsers read it only later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Between here and the server something else may refuse, with a page of its own.
const reason = (failure) =>
  new DOMParser().parseFromString(failure, 'text/html').querySelector('main p')?.textContent
  ?? '服务器出错，没有导出；请稍后再试。';

async function opine(exchange, useful, comment) {
  const form = exchange.querySelector('.opinion');
  const told = exchange.querySelector('.told');
  const at = document.activeElement;
  const held = form.contains(at);
  form.inert = true;
  try {
    told.textContent = (await call('chat/opine', {turn: turnOf(exchange), useful, comment})).said;
    form.remove();
    keep();
  } catch ({message}) {
    told.textContent = `没有记下：${message}。`;
  }
  form.inert = false;
  // Where the focus has not gone elsewhere meanwhile.
  if (held && document.activeElement === document.body) {
    (form.isConnected ? at : exchange).focus({preventScroll: true});
  }
}

// With a key held down, a click opens a link in a page of its own.
const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

element.addEventListener('click', (event) => {
  const target = event.target.closest('button, a');
  if (!target) return;
  const exchange = target.closest('.exchange');
  const {question, copied, export: format, useful} = target.dataset;
  if (question) ask(question);
  else if (copied) copy(target, copied);
  else if (format) {
    download(exchange ? [turnOf(exchange)] : answered().map(turnOf), format);
  } else if (target.matches('.link')) {
    copy(target, new URL(target.dataset.href, document.baseURI).href);
  } else if (target.matches('.as-typed')) ask(turnOf(exchange).asked, true, exchange);
  else if (useful) {
    const comment = exchange.querySelector('.feedback textarea');
    opine(exchange, useful === 'yes', comment.value);
  } else if (target.matches('[target=reader]') && plain(event)) {
    event.preventDefault();
    enter(target.href, pane.hidden);
    load(target.href);
    reveal(target);
  } else if (target.id === 'close') close();
  else if (target.id === 'forget') clear();
});

// ---- the original beside the chat

// The window's history says what is shown there: `original`, its address, `depth` entries behind
// the chat alone. All of these entries are made here, and none by the frame itself, so that Back
// goes through them one by one, and closing takes them back at once.
let opener = null;

function enter(original, deeper) {
  const depth = (history.state?.depth ?? 0) + Number(deeper);
  history[deeper ? 'pushState' : 'replaceState']({original, depth}, '');
}

function load(original) {
  frame.contentWindow.location.replace(original);
  find('#whole').href = original;
}

function reveal(by) {
  opener = by;
  pane.hidden = false;
  page.classList.add('beside');
  // On a phone it stands below the chat.
  if (matchMedia('(max-width: 60rem)').matches) pane.scrollIntoView({block: 'start'});
}

function hide() {
  if (pane.hidden) return;
  pane.hidden = true;
  page.classList.remove('beside');
  if (!opener?.isConnected) {
    ready();
    return;
  }
  opener.focus({preventScroll: true});
  opener.scrollIntoView({block: 'center'});
}

function close() {
  const depth = history.state?.depth;
  if (!depth) hide();
  else if (!pane.inert) {
    // The history goes back only later: a second click before that would leave the chat.
    pane.inert = true;
    history.go(-depth);
  }
}

function follow() {
  pane.inert = false;
  const original = history.state?.original;
  if (!original) {
    hide();
    return;
  }
  load(original);
  reveal(opener);
}

history.scrollRestoration = 'manual';
addEventListener('popstate', follow);

// What is shown there must not take the place of the chat, which holds the conversation.
frame.addEventListener('load', () => {
  frame.contentDocument?.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (!link || link.target === '_blank' || link.hasAttribute('download') || !plain(event)) return;
    event.preventDefault();
    if (link.href === new URL('./', document.baseURI).href) {
      close();
      return;
    }
    enter(link.href, link.pathname !== frame.contentWindow.location.pathname);
    load(link.href);
  });
});

// ---- the two audiences

function choose(audience) {
  page.dataset.audience = audience;
  find(`#audience [value=${audience}]`).checked = true;
}

find('#audience').addEventListener('change', (event) => {
  choose(event.target.value);
  device.setItem('audience', event.target.value);
});
choose(device.getItem('audience') === 'official' ? 'official' : 'worker');

// What is folded away is printed too.
let folded = [];
addEventListener('beforeprint', () => {
  folded = [...chat.querySelectorAll('.passage:not([open])')];
  for (const each of folded) each.open = true;
});
addEventListener('afterprint', () => {
  for (const each of folded) each.open = false;
});

// Whoever signs in next in this tab must not read what the one before has asked.
function greet(user) {
  if (user !== (tab.getItem('user') ?? '')) {
    for (const each of restored) each.remove();
    keep();
  }
  tab.setItem('user', user);
  find('#user').hidden = !user;
  find('#user span').textContent = `已登录：${user}`;
}

call('chat/corpus').then(({line, examples, generation, user}) => {
  greet(user);
  find('#corpus').textContent = line;
  if (generation) outdate(generation);
  find('#examples').innerHTML = examples;
}, ({message}) => { find('#corpus').textContent = message; });
restore();
ready();
// A way back to the chat that was taken before the original had loaded keeps the entry's state.
const [{type: how}] = performance.getEntriesByType('navigation');
if (how === 'navigate') history.replaceState(null, '');
follow();
