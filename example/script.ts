/**
 * The only script of the pages, which work without it too. It shows times in the user's time zone and how long tokens are
 * still valid, copies text, waits for the decision on an invitation, and sends some forms without reloading the page, so
 * that the focus does not move and screen readers announce what changed.
 */
export const script = `
const live = document.getElementById('live');

function show(root) {
  for (const time of root.querySelectorAll('time')) time.textContent = new Date(time.dateTime).toLocaleTimeString();
  for (const button of root.querySelectorAll('[data-copy]')) offerCopy(button);
  for (const part of root.querySelectorAll('[data-events]')) waitForDecision(part);
  for (const left of root.querySelectorAll('[data-left]')) countDown(left);
  const notice = root.querySelector('[data-notice]');
  if (notice) live.textContent = notice.textContent;
}

function offerCopy(button) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener('click', async () => {
    if (field.select) field.select();
    else getSelection().selectAllChildren(field);
    try {
      await navigator.clipboard.writeText(field.value ?? field.textContent);
      button.firstChild.textContent = 'Copied';
    } catch {
      button.firstChild.textContent = 'Press Ctrl+C';
    }
    live.textContent = button.textContent;
  });
}

function waitForDecision(part) {
  document.getElementById('reload').remove();
  const events = new EventSource(part.dataset.events);
  events.onmessage = ({ data }) => {
    part.innerHTML = JSON.parse(data);
    events.close();
  };
}

function countDown(left) {
  const bar = left.closest('section').querySelector('progress');
  // The server sends the remaining time, because its clock and the browser's may differ.
  const end = Date.now() + Number(left.dataset.left);
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    bar.value = seconds;
    left.textContent = seconds === 0 ? 'Expired' : Math.floor(seconds / 60) + ' min ' + (seconds % 60) + ' s left';
    if (seconds === 0 || !left.isConnected) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

async function sendInPlace(form) {
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  live.textContent = '';
  const focused = document.activeElement;
  let response;
  let text;
  try {
    response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    text = await response.text();
  } catch {
    form.ariaBusy = 'false';
    live.textContent = 'The app cannot be reached. Try again.';
    return;
  }
  // A redirect to another page means that the user is signed out.
  if (response.ok && new URL(response.url).pathname !== location.pathname) return location.assign(response.url);
  const page = new DOMParser().parseFromString(text, 'text/html');
  const main = page.querySelector('main');
  document.title = page.title;
  document.querySelector('main').replaceWith(main);
  show(main);
  const heading = main.querySelector('h1');
  (document.getElementById(focused.id) ?? heading).focus();
  live.textContent ||= heading.textContent;
}

document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-in-place]')) return;
  event.preventDefault();
  sendInPlace(event.target);
});
show(document);
`;
