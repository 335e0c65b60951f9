// Keys, selection, live numbers and a remembered name. Everything works without it but those.
'use strict';

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const rows = () => all('tr[data-href]');
const typing = (target) => target.closest('input:not([type=checkbox]), select, textarea') !== null;

// The one who decides writes their name once.
const NAME = 'handover-reviewer';
for (const field of all('[data-who]')) field.value = localStorage.getItem(NAME) ?? '';
document.addEventListener('submit', (event) => {
  const who = find('[data-who]', event.target);
  if (who) localStorage.setItem(NAME, who.value);
  const selected = find('[data-selected]', event.target);
  if (selected) selected.value = all('[data-select]:checked').map((box) => box.dataset.select).join(',');
});

let here = -1;
function go(to) {
  const list = rows();
  if (list.length === 0) return;
  list[here]?.classList.remove('here');
  here = Math.max(0, Math.min(list.length - 1, to));
  list[here].classList.add('here');
  list[here].scrollIntoView({ block: 'nearest' });
}

// A decision by key goes for what is selected, or for the row that one stands on; its reason is asked for.
function decide(key) {
  const button = find(`[data-key="${key}"]`);
  if (!button) return false;
  const row = rows()[here];
  const boxes = all('[data-select]');
  if (boxes.length > 0 && !boxes.some((box) => box.checked) && row) find('[data-select]', row).checked = true;
  const needed = all('[required]', button.form).filter((field) => !button.formNoValidate || field.name === 'who');
  const empty = needed.find((field) => field.value.trim() === '');
  if (empty) empty.focus(); else button.form.requestSubmit(button);
  return true;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) { if (event.key === 'Escape') event.target.blur(); return; }
  const row = rows()[here];
  const done = {
    j: () => (go(here + 1), true),
    k: () => (go(here - 1), true),
    Enter: () => row && event.target === document.body && (location.href = row.dataset.href, true),
    x: () => row && (find('[data-select]', row)?.click(), true),
    '?': () => (find('#help').showModal(), true),
  }[event.key]?.() ?? ('aibcu'.includes(event.key) && decide(event.key));
  if (done) event.preventDefault();
});

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-help]')) find('#help').showModal();
  const copy = event.target.closest('[data-copy]');
  if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => { copy.textContent = 'Copied'; });
});

// Live parts are replaced by their like from the same page; a part that somebody is in is left alone.
const live = () => all('[data-live]');
if (live().length > 0) setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of live()) {
    const fresh = page.getElementById(part.id);
    if (fresh && !part.contains(document.activeElement)) part.replaceWith(fresh);
  }
  if (here >= 0) go(here);
}, 2000);
